"""Mean, standard error and interval of a score; formulas over plain numbers."""

import math
from collections import Counter
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


def estimate(values: Sequence[float], weights: Sequence[float] = (), *, confidence: float = 0.95) -> Estimate | None:
    """The weighted mean of one value a sample (repeats of a sample averaged before: they are one cluster).

    The standard error is √(Σ(s−s̄)²/(n−1)/n) (Miller 2024, arXiv:2411.00640), with weights that of a ratio of means,
    √(n/(n−1)·Σw²(s−s̄)²)/Σw (Cochran 1977, §6.4). The interval is Wilson's for equally weighted 0/1 scores (the normal
    one is too narrow for small n: Bowyer et al. 2025, arXiv:2503.01747), else the normal one within [0, 1].
    None without values.
    """
    n = len(values)
    if not n:
        return None
    weights = weights or [1.0] * n
    total = math.fsum(weights)
    mean = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
    squares = math.fsum((w * (v - mean)) ** 2 for w, v in zip(weights, values, strict=True))
    error = None if n == 1 else math.sqrt(squares * n / (n - 1)) / total
    if len(set(weights)) == 1 and all(value in (0.0, 1.0) for value in values):
        return Estimate(mean, error, *wilson(round(mean * n), n, confidence=confidence))
    return _normal(mean, error, confidence)


def _normal(mean: float, error: float | None, confidence: float) -> Estimate:
    if error is None:
        return Estimate(mean, None, None, None)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Estimate(mean, error, max(0.0, mean - z * error), min(1.0, mean + z * error))


def harmonic_mean(one: Estimate, two: Estimate, *, confidence: float = 0.95) -> Estimate:
    """2ab/(a+b) of two means over different samples, its standard error by the delta method; 0 where both are 0."""
    a, b = one.mean, two.mean
    if not a + b:
        return Estimate(0.0, None, None, None)
    error = None
    if one.standard_error is not None and two.standard_error is not None:
        error = 2 * math.hypot(b * b * one.standard_error, a * a * two.standard_error) / (a + b) ** 2
    return _normal(2 * a * b / (a + b), error, confidence)


def pass_at_k(n: int, right: int, k: int) -> float:
    """The chance that one of k answers is right, unbiased from n answers (Chen et al. 2021, arXiv:2107.03374)."""
    _refuse_too_few(n, k)
    return 1 - math.comb(n - right, k) / math.comb(n, k)


def pass_hat_k(n: int, right: int, k: int) -> float:
    """The chance that all of k answers are right, unbiased from n answers (Yao et al. 2024, arXiv:2406.12045)."""
    _refuse_too_few(n, k)
    return math.comb(right, k) / math.comb(n, k)


def _refuse_too_few(n: int, k: int) -> None:
    if not 1 <= k <= n:
        raise ValueError(f"{n} answers tell nothing about {k}")


def vote_at_k(answers: Sequence[tuple[str, float]], k: int) -> float:
    """The score of the most frequent of the first k (answer, score); of equals, the one given first."""
    _refuse_too_few(len(answers), k)
    first = answers[:k]
    counts = Counter(answer for answer, _ in first)
    (winner, _), *_ = counts.most_common(1)
    return next(score for answer, score in first if answer == winner)


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
