"""What a metric's values are: their range, which way is better, and whether there is a pass mark."""

from math import inf, isfinite
from typing import Any, NamedTuple

# No value is beyond this: its square, weighted and summed, must be a number.
LARGEST = 1e100


class Scale(NamedTuple):
    """What a metric's values are: the ends of their range, infinite where there is none, and which way is better.

    Where they are only ``measured``, there is no pass mark, and a sample is neither right nor wrong by them.
    """

    low: float = 0.0
    high: float = 1.0
    better: str = "higher"
    measured: bool = False

    def __str__(self) -> str:
        said = [self.said_range, *["lower is better"] * (self.better == "lower"), *["measured"] * self.measured]
        return ", ".join(said)

    @property
    def said_range(self) -> str:
        """``0 to 1``, ``at least 0``, ``any number``."""
        ends = [f"{end:g}" if isfinite(end) else "" for end in (self.low, self.high)]
        return " to ".join(ends) if all(ends) else " ".join(filter(None, self._open(*ends)))

    @staticmethod
    def _open(low: str, high: str) -> tuple[str, str]:
        return ("at least", low) if low else ("at most", high) if high else ("any", "number")

    @property
    def sign(self) -> int:
        """1 where more is better, else -1."""
        return -1 if self.better == "lower" else 1

    @property
    def width(self) -> float:
        """From one end of the range to the other; infinite where one is missing."""
        return self.high - self.low

    def holds(self, value: float) -> bool:
        """Whether the value is a number of the range, and can be reckoned with."""
        try:
            number = float(value)
        except OverflowError:
            # A whole number beyond all floats.
            return False
        return abs(number) <= LARGEST and self.low <= number <= self.high

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the range."""
        return self.low, self.high

    @property
    def kept(self) -> list[Any]:
        """The scale for JSON, which has no infinite numbers."""
        return [*(end if isfinite(end) else None for end in self.ends), self.better, self.measured]

    @classmethod
    def of(cls, kept: Any) -> "Scale":
        """The scale out of what JSON has of it, `PLAIN` for None; ValueError for what is none."""
        if kept is None:
            return cls()
        try:
            low, high, better, measured = kept
            scale = cls(-inf if low is None else float(low), inf if high is None else float(high), better, measured)
        except TypeError:
            raise ValueError(f"{kept!r} is no scale") from None
        if not scale.low < scale.high or better not in BETTER or not isinstance(measured, bool):
            raise ValueError(f"{kept!r} is no scale")
        return scale


BETTER = ("higher", "lower")
# What a score is that says nothing else.
PLAIN = Scale()
