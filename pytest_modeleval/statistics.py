"""Mean, standard error and interval of a score; formulas over plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error and 95 % interval; None where too few values tell nothing."""

    mean: float
    standard_error: float | None
    low: float | None
    high: float | None


def estimate(values: Sequence[float], *, binary: bool, confidence: float = 0.95) -> Estimate | None:
    """The mean of one value a sample (repeats of a sample averaged before: they are one cluster).

    The standard error is √(Σ(s−s̄)²/(n−1)/n) (Miller 2024, arXiv:2411.00640). The interval is Wilson's for 0/1 scores
    (the normal one is too narrow for small n: Bowyer et al. 2025, arXiv:2503.01747), else the normal one within [0, 1].
    None without values.
    """
    n = len(values)
    if not n:
        return None
    mean = math.fsum(values) / n
    error = None if n == 1 else math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
    if binary:
        return Estimate(mean, error, *wilson(round(mean * n), n, confidence=confidence))
    if error is None:
        return Estimate(mean, None, None, None)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Estimate(mean, error, max(0.0, mean - z * error), min(1.0, mean + z * error))


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a proportion (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The ends are exact where nothing or everything succeeded; rounding would leave 1e-17 there.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return low, high
