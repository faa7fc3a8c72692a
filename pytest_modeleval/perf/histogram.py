"""Any number of times in little memory, their percentiles exact to a thousandth."""

import math
from collections.abc import Iterable

# Steps between a power of two and the next.
_STEPS = 1024
_LEAST = 1e-9


class Histogram:
    """Counts of values by their size."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0

    def add(self, values: Iterable[float]) -> None:
        """Count values; those below a nanosecond as one."""
        counts = self._counts
        for value in values:
            mantissa, exponent = math.frexp(max(_LEAST, value))
            step = exponent * _STEPS + int((mantissa - 0.5) * 2 * _STEPS)
            counts[step] = counts.get(step, 0) + 1
            self.count += 1

    def percentile(self, percent: float) -> float | None:
        """The value that so many per cent do not exceed; None of nothing."""
        left = max(1, math.ceil(self.count * percent / 100))
        for step in sorted(self._counts):
            left -= self._counts[step]
            if left <= 0:
                exponent, part = divmod(step, _STEPS)
                return math.ldexp(0.5 + part / 2 / _STEPS, exponent)
        return None
