"""How much of something happened when: amounts spread over time, and how many things went on at once."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise


class Flow:
    """Amounts, each spread evenly over a stretch of time."""

    def __init__(self) -> None:
        self._starts, self._ends, self._amounts = array("d"), array("d"), array("d")

    def add(self, start: float, end: float, amount: float) -> None:
        """Spread an amount evenly from ``start`` to ``end``."""
        self._starts.append(start)
        self._ends.append(end)
        self._amounts.append(amount)

    def between(self, edges: Sequence[float]) -> list[float]:
        """The amounts between each two neighbouring edges."""
        # What has flowed by a time is a sum of ramps: each has a slope from its start, and loses it at its end.
        slopes, offsets, steps = ([0.0] * (len(edges) + 1) for _ in range(3))
        for start, end, amount in zip(self._starts, self._ends, self._amounts, strict=True):
            if end <= start:
                steps[bisect_left(edges, start)] += amount
                continue
            slope = amount / (end - start)
            for time, change in ((start, slope), (end, -slope)):
                place = bisect_left(edges, time)
                slopes[place] += change
                offsets[place] += change * time
        flowed, slope, offset, step = [], 0.0, 0.0, 0.0
        for place, edge in enumerate(edges):
            slope += slopes[place]
            offset += offsets[place]
            step += steps[place]
            flowed.append(slope * edge - offset + step)
        return [after - before for before, after in pairwise(flowed)]


class InFlight:
    """How many requests were on their way at once, by their exact starts and ends."""

    def __init__(self) -> None:
        self._starts, self._ends = array("d"), array("d")

    def add(self, start: float, end: float) -> None:
        """Count one from ``start`` to ``end``."""
        self._starts.append(start)
        self._ends.append(end)

    def mean(self, start: float, end: float) -> float:
        """The mean number between two times."""
        both = zip(self._starts, self._ends, strict=True)
        busy = math.fsum(max(0.0, min(until, end) - max(since, start)) for since, until in both)
        return busy / (end - start) if end > start else 0.0

    def peak(self) -> int:
        """The most at once."""
        return max((count for _, count in self._steps()), default=0)

    def steady(self, asked: float) -> tuple[float, float] | None:
        """From the first to the last moment with at least 95 % of ``asked`` on their way; None without both."""
        first = last = None
        is_full = False
        for time, count in self._steps():
            # The last moment is the one at which a full house was left.
            last = time if is_full else last
            is_full = count >= 0.95 * asked
            first = time if is_full and first is None else first
        return (first, last) if first is not None and last is not None and last > first else None

    def _steps(self) -> Iterator[tuple[float, int]]:
        """(time, how many from then on); an end counts before a start at the same time."""
        ends = array("d", sorted(self._ends))
        count = ended = 0
        for start in array("d", sorted(self._starts)):
            while count and ends[ended] <= start:
                count -= 1
                ended += 1
                yield ends[ended - 1], count
            count += 1
            yield start, count
        for end in ends[ended:]:
            count -= 1
            yield end, count
