"""An interval of a mean by resampling, where nothing is known of how its values are spread."""

import math
from collections.abc import Sequence
from random import Random

RESAMPLES, FEWEST = 1000, 200
# Draws in all, which take some 0.2 s: of very many values fewer resamples tell as much.
_DRAWS = 2_000_000


def bootstrap_interval(
    values: Sequence[float], *, seed: int = 0, confidence: float = 0.95
) -> tuple[float, float] | None:
    """The percentile interval of the mean of one value a sample (Efron and Tibshirani 1993, §13.3).

    The same values and seed give the same interval. None for fewer than two values, which tell no spread.
    """
    n = len(values)
    if n < 2:
        return None
    random, resamples = Random(seed), min(RESAMPLES, max(FEWEST, _DRAWS // n))
    means = sorted(math.fsum(random.choices(values, k=n)) / n for _ in range(resamples))
    beyond = int(resamples * (1 - confidence) / 2)
    return means[beyond], means[resamples - 1 - beyond]
