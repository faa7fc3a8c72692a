"""Mean, standard error and interval of a score; formulas over plain numbers."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeVar

from pytest_modeleval.statistics.student import quantile

T = TypeVar("T")


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error and 95 % interval; no error for a single value."""

    mean: float
    standard_error: float | None
    low: float
    high: float


def estimate(
    values: Sequence[float],
    weights: Sequence[float] = (),
    *,
    confidence: float = 0.95,
    ends: tuple[float, float] = (0.0, 1.0),
) -> Estimate | None:
    """The weighted mean of one value a sample (repeats of a sample averaged before: they are one cluster).

    The standard error is √(Σ(s−s̄)²/(n−1)/n) (Miller 2024, arXiv:2411.00640), with weights that of a ratio of means,
    √(n/(n−1)·Σw²(s−s̄)²)/Σw (Cochran 1977, §6.4). The interval is Wilson's for equally weighted 0/1 scores, else
    Gaffke's (`bounded_mean`): a normal one is too narrow for small n (Bowyer et al. 2025, arXiv:2503.01747), and for
    equal values it has no width at all. It is computed of the values' places between the ``ends`` of their range; where
    an end is infinite, it is Student's, as nothing holds for all distributions there; of equal values, which tell no
    spread, it has no end before there are as many as a coin would not all throw alike. None without values.
    """
    n = len(values)
    if not n:
        return None
    weights = weights or [1.0] * n
    total = math.fsum(weights)
    mean = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / total
    squares = math.fsum((w * (v - mean)) ** 2 for w, v in zip(weights, values, strict=True))
    error = None if n == 1 else math.sqrt(squares * n / (n - 1)) / total
    low, high = ends
    if not math.isfinite(high - low):
        half = math.inf
        if error is not None and not (equal(values) and 0.5**n > (1 - confidence) / 2):
            half = quantile((1 + confidence) / 2, n - 1) * error
        return Estimate(mean, error, max(low, mean - half), min(high, mean + half))
    places = values if ends == (0.0, 1.0) else [(value - low) / (high - low) for value in values]
    if len(set(weights)) == 1 and all(place in (0.0, 1.0) for place in places):
        found = wilson(sum(place == 1 for place in places), n, confidence=confidence)
    else:
        found = bounded_mean(places, weights, confidence=confidence)
    return Estimate(mean, error, *(low + end * (high - low) for end in found))


def finite(end: float) -> float | None:
    """An interval's end; None where it has none, for which JSON and plots have no number."""
    return end if math.isfinite(end) else None


def equal(values: Sequence[float]) -> bool:
    """Whether the values differ by no more than rounding does: their standard error says nothing then."""
    return max(values) - min(values) <= 1e-9 * max(map(abs, values))


def bounded_mean(values: Sequence[float], weights: Sequence[float], *, confidence: float) -> tuple[float, float]:
    """Gaffke's interval for the weighted mean of values in [0, 1], for every number of them.

    The upper end is a quantile of ΣD·x over the values and the bound 1 itself, with D uniform on the simplex (Gaffke
    2005; Learned-Miller and Thomas 2019, arXiv:1905.06208): for 0/1 values Clopper and Pearson's, for many values the
    normal one. That it holds for all distributions is shown by computation and not yet proved; tests/test_statistics.py
    has its coverage. A betting interval (arXiv:2010.09686), which is proved, is 1.2 to 1.8 times as wide.
    """
    mirrored = [1 - value for value in values]
    return 1 - _upper_end(mirrored, weights, confidence), _upper_end(values, weights, confidence)


def chance_of_mean(values: Sequence[float], mean: float) -> float:
    """The p-value of "the mean of such values in [0, 1] is at least this", by `bounded_mean`'s upper end."""
    return 1 - NormalDist().cdf(_Tail(values, [1.0] * len(values)).quantile(mean))


def _upper_end(values: Sequence[float], weights: Sequence[float], confidence: float) -> float:
    wanted = NormalDist().inv_cdf((1 + confidence) / 2)
    tail = _Tail(values, weights)
    low, high = min(1.0, tail.mean), 1.0
    before, quantile_before, end = low, math.nan, (low + high) / 2
    # Secant steps, halving where one leaves the bracket: a third of the quantiles that halving alone takes.
    while high - low > 1e-9:
        quantile = tail.quantile(end)
        low, high = (end, high) if quantile < wanted else (low, end)
        step = (wanted - quantile) * (end - before) / ((quantile - quantile_before) or math.nan)
        before, quantile_before, end = end, quantile, end + step
        if abs(step) < 1e-7:
            break
        if not low < end < high:
            end = (low + high) / 2
    # The last step may have been one out of the bracket, and so of [0, 1].
    return min(high, max(low, end))


class _Tail:
    """P(ΣD·x ≥ m) for `bounded_mean`, which is P(ΣE·w·(x−m) ≥ 0) with exponential E, as a normal quantile.

    By the saddlepoint r + ln(u/r)/r (Barndorff-Nielsen 1986): ends of intervals lie up to 0.002 outside of the exact
    ones, at n = 3.
    """

    def __init__(self, values: Sequence[float], weights: Sequence[float]) -> None:
        # Sorted: the order in which answers arrive changes no digit.
        self._counts = sorted(Counter(zip(values, weights, strict=True)).items())
        self._most = max(weights)
        self.mean = math.fsum(c * v * w for (v, w), c in self._counts) / math.fsum(weights)
        self._start = 0.0

    def quantile(self, mean: float) -> float:
        """The z with P(Z ≥ z) = P(ΣD·x ≥ mean) for a standard normal Z."""
        steps = [(w * (v - mean), count) for (v, w), count in self._counts] + [(self._most * (1 - mean), 1)]
        least, most = min(steps)[0], max(steps)[0]
        if least >= 0 or most <= 0:
            return math.copysign(math.inf, -most or 1)
        s, curvature = self._saddlepoint(steps, 1 / least, 1 / most)
        logarithm = math.fsum(count * math.log1p(-step * s) for step, count in steps)
        if logarithm < 1e-12:
            return 0.0
        r = math.copysign(math.sqrt(2 * logarithm), s)
        return r + math.log(s * math.sqrt(curvature) / r) / r

    def _saddlepoint(self, steps: Sequence[tuple[float, int]], low: float, high: float) -> tuple[float, float]:
        """Where the derivative Σa/(1−as) of the cumulant function is 0, and the second one there: Newton, bracketed."""
        # The last one is near, as is the last m.
        s = self._start if low < self._start < high else 0.0
        curvature = 0.0
        for _ in range(100):
            slope = curvature = 0.0
            for step, count in steps:
                part = step / (1 - step * s)
                slope += count * part
                curvature += count * part * part
            low, high = (low, s) if slope > 0 else (s, high)
            following = s - slope / curvature
            if not low < following < high:
                following = (low + high) / 2
            if abs(following - s) <= 1e-10 * abs(following):
                break
            s = following
        self._start = s
        return s, curvature


def harmonic_mean(one: Estimate, two: Estimate) -> Estimate:
    """2ab/(a+b) of two means over different samples, its standard error by the delta method; 0 where both are 0.

    The interval is put together from theirs as the error is from theirs (MOVER, Zou and Donner 2008), so that means of
    exactly 1 have one too.
    """
    a, b = one.mean, two.mean
    if not a + b:
        return Estimate(0.0, None, 0.0, 2 / (1 / one.high + 1 / two.high))
    mean, by_a, by_b = 2 * a * b / (a + b), 2 * (b / (a + b)) ** 2, 2 * (a / (a + b)) ** 2
    error = None
    if one.standard_error is not None and two.standard_error is not None:
        error = math.hypot(by_a * one.standard_error, by_b * two.standard_error)
    low = mean - math.hypot(by_a * (a - one.low), by_b * (b - two.low))
    high = mean + math.hypot(by_a * (one.high - a), by_b * (two.high - b))
    return Estimate(mean, error, max(0.0, low), min(1.0, high))


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


def vote_at_k(answers: Sequence[tuple[str, T]], k: int) -> T:
    """What the most frequent of the first k (answer, score) has; of equals, the one given first."""
    _refuse_too_few(len(answers), k)
    first = answers[:k]
    counts = Counter(answer for answer, _ in first)
    (winner, _), *_ = counts.most_common(1)
    return next(score for answer, score in first if answer == winner)


def wilson(successes: float, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a proportion (Wilson 1927)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The ends are exact where nothing or everything succeeded; rounding would leave 1e-17 there.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return low, high
