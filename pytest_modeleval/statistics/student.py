"""Student's t distribution."""

import math
from statistics import NormalDist


def quantile(probability: float, freedom: int) -> float:
    """The t below which so much of the distribution lies; ``probability`` is at least a half."""
    low, high = 0.0, 1.0
    while tail(high, freedom) > 1 - probability:
        high *= 2
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, freedom) > 1 - probability else (low, middle)
    return (low + high) / 2


def tail(t: float, freedom: int) -> float:
    """P(T ≥ t): half the regularised incomplete beta function at ν/(ν+t²), by its continued fraction (DLMF 8.17.22)."""
    if t < 0:
        return 1 - tail(-t, freedom)
    if freedom > 100_000:
        # From where the two differ by less than 1e-6.
        return 1 - NormalDist().cdf(t)
    a, x = freedom / 2, freedom / (freedom + t * t)
    if x > (a + 1) / (a + 2.5):
        return 0.5 - _beta(0.5, a, t * t / (freedom + t * t)) / 2
    return _beta(a, 0.5, x) / 2


def _beta(a: float, b: float, x: float) -> float:
    if x <= 0:
        return 0.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    # Lentz's way, from the front.
    c, d, fraction = 1.0, 1 / (1 - (a + b) * x / (a + 1)), 1 / (1 - (a + b) * x / (a + 1))
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + step * d)
            c = 1 + step / c
            fraction *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return front * fraction
