"""The interval of a mean or a throughput whose values depend on their neighbours, by the moving block bootstrap."""

import math
import random
from collections.abc import Sequence
from itertools import accumulate

_DRAWS = 2000
# Longer series are cut into so many groups first: 2,000 draws of a million values would take minutes.
_GROUPS = 1000


def block_bootstrap(
    values: Sequence[float], *, confidence: float = 0.95, least: int = 2, seed: int = 0
) -> tuple[float, float]:
    """The percentile interval of the values' mean; blocks of neighbours keep what one value says of the next.

    Moving blocks of length n^(1/3) (Künsch 1989; Hall, Horowitz and Jing 1995 for the length) or ``least``, taken in a
    circle so that the ends count as much as the middle (Politis and Romano 1992). Infinite for fewer than 4 blocks.
    """
    values, together = _grouped(values)
    n = len(values)
    length = max(2, round(n ** (1 / 3)), -(-least // together))
    if n < 4 * length:
        return -math.inf, math.inf
    sums = [0.0, *accumulate([*values, *values[:length]])]
    blocks = [sums[start + length] - sums[start] for start in range(n)]
    whole, rest = divmod(n, length)
    draw = random.Random(seed)
    means = []
    for _ in range(_DRAWS):
        total = math.fsum(draw.choices(blocks, k=whole))
        if rest:
            start = draw.randrange(n)
            total += sums[start + rest] - sums[start]
        means.append(total / n)
    means.sort()
    # The percentile interval is too narrow by the factor that the variance of n values is divided by n and not n - 1,
    # and a normal's quantiles for a t's; widened for both about the mean.
    mean = math.fsum(values) / n
    wider = math.sqrt(n / (n - 1)) * _t_over_z(n // length - 1)
    tail = (1 - confidence) / 2
    low, high = means[round(tail * (_DRAWS - 1))], means[round((1 - tail) * (_DRAWS - 1))]
    return mean - (mean - low) * wider, mean + (high - mean) * wider


def _grouped(values: Sequence[float]) -> tuple[Sequence[float], int]:
    """The means of at most `_GROUPS` runs of neighbours, and a run's length; a rest at the end is left out."""
    size = -(-len(values) // _GROUPS) or 1
    if size == 1:
        return values, 1
    return [math.fsum(values[at : at + size]) / size for at in range(0, len(values) - size + 1, size)], size


def _t_over_z(freedom: int) -> float:
    """How much wider Student's t is than the normal at 95 % (Abramowitz and Stegun 26.7.5)."""
    z = 1.96
    freedom = max(freedom, 3)
    return 1 + (z * z + 1) / (4 * freedom) + (5 * z**4 + 16 * z * z + 3) / (96 * freedom**2)
