"""Lengths in tokens: a number, a range or a distribution."""

import math
import random
import re
from dataclasses import dataclass

import pytest

_NUMBER = r"\d+(?:\.\d+)?"
_SHAPES = re.compile(rf"(?:(\d+)(?:-(\d+))?|(normal|lognormal)\(({_NUMBER}),\s*({_NUMBER})\))")


@dataclass(frozen=True)
class Lengths:
    """A whole number from ``low`` to ``high``, evenly; or ``shape``, drawn about its middle by its spread."""

    text: str
    low: int = 1
    high: int = 1
    shape: str = ""
    middle: float = 0.0
    spread: float = 0.0

    def draw(self, draw: random.Random) -> int:
        """One length."""
        match self.shape:
            case "normal":
                return max(1, round(draw.gauss(self.middle, self.spread)))
            case "lognormal":
                # The middle is the median.
                return max(1, round(draw.lognormvariate(math.log(self.middle), self.spread)))
        return draw.randint(self.low, self.high)


def read_lengths(flag: str, text: str) -> Lengths:
    """The lengths of a text; `pytest.UsageError` for one that is none."""
    match = _SHAPES.fullmatch(text.strip())
    if match is None or len(text) > 60:
        raise _refused(flag, text)
    low, high, shape, middle, spread = match.groups()
    if shape:
        if float(middle) < 1:
            raise _refused(flag, text)
        return Lengths(text.strip(), shape=shape, middle=float(middle), spread=float(spread))
    first, last = int(low), int(high or low)
    if not 1 <= first <= last:
        raise _refused(flag, text)
    return Lengths(text.strip(), first, last)


def _refused(flag: str, text: str) -> pytest.UsageError:
    return pytest.UsageError(
        f"{flag} takes tokens: 512, a range 256-1024, normal(512,100) with mean and deviation, or lognormal(512,0.5) "
        f"with median and deviation of the logarithm; not {text!r}"
    )
