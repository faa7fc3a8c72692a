"""Two runs over the same samples: is the second worse, by how much, and what could be seen at all?

``b`` counts regressions (the first right, the second wrong), ``c`` fixes, ``n`` all pairs; a change is the second's
mean less the first's, so a drop is negative.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from pytest_modeleval.statistics.means import bounded_mean, chance_of_mean, equal, estimate
from pytest_modeleval.statistics.student import tail

# What a gate may miss: a true drop of the size it calls detectable is found in four of five runs.
POWER = 0.8


@dataclass(frozen=True)
class Change:
    """A mean difference with its two-sided interval, whose ends are one-sided bounds of half the error each."""

    mean: float
    low: float
    high: float


def mcnemar_drop(b: int, c: int) -> float:
    """The one-sided exact p-value of so many regressions or more when the second run is no worse.

    McNemar's test (1947), by the binomial distribution and without mid-p.
    """
    return binomial_tail(b + c, b)


def binomial_tail(m: int, k: int) -> float:
    """P(X ≥ k) for X of Binomial(m, ½), exact to rounding also where it is tiny."""
    if k <= 0:
        return 1.0
    # From the smaller side, where the terms fall from the first on and nothing cancels.
    if 2 * k <= m:
        return 1.0 - binomial_tail(m, m - k + 1)
    term = math.exp(math.lgamma(m + 1) - math.lgamma(k + 1) - math.lgamma(m - k + 1) - m * math.log(2))
    total = 0.0
    while k <= m and term > total * 1e-17:
        total += term
        term *= (m - k) / (k + 1)
        k += 1
    return min(1.0, total)


def bonett_price(b: int, c: int, n: int, *, confidence: float) -> Change:
    """The change of a proportion over n pairs with its adjusted Wald interval (Bonett and Price 2012)."""
    z = _z((1 + confidence) / 2)
    fixed, lost = (c + 1) / (n + 2), (b + 1) / (n + 2)
    half = z * math.sqrt((fixed + lost - (fixed - lost) ** 2) / (n + 2))
    return Change((c - b) / n, max(-1.0, fixed - lost - half), min(1.0, fixed - lost + half))


def mean_change(differences: Sequence[float], *, confidence: float) -> Change:
    """The mean of one difference in [-1, 1] a sample with its interval (`bounded_mean`), for every number of samples.

    Student's has no width where all differences are equal: three samples without any passed a gate.
    """
    low, high = bounded_mean(_halved(differences), [1.0] * len(differences), confidence=confidence)
    return Change(math.fsum(differences) / len(differences), 2 * low - 1, 2 * high - 1)


def mean_drop(differences: Sequence[float]) -> float:
    """The one-sided p-value of a mean difference this low when there is no drop."""
    return chance_of_mean(_halved(differences), 0.5)


def open_change(differences: Sequence[float], *, confidence: float) -> Change:
    """The mean of differences that have no bounds, with Student's interval; of a single one it is infinite."""
    found = estimate(differences, confidence=confidence, ends=(-math.inf, math.inf))
    assert found is not None
    return Change(found.mean, found.low, found.high)


def open_drop(differences: Sequence[float]) -> float:
    """Student's one-sided p-value of a mean difference this low when there is no drop; 1 for a single one.

    Where all differences are equal it is that of so many falls of a coin to one side.
    """
    found = estimate(differences, ends=(-math.inf, math.inf))
    assert found is not None
    if found.standard_error is None or found.mean >= 0:
        return 1.0
    if equal(differences):
        return binomial_tail(len(differences), len(differences))
    return tail(-found.mean / found.standard_error, len(differences) - 1)


def _halved(differences: Sequence[float]) -> list[float]:
    return [(difference + 1) / 2 for difference in differences]


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for their number (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, p_values[i] * (len(p_values) - rank)))
        adjusted[i] = worst
    return adjusted


def detectable_drop(n: int, discordance: float, *, alpha: float) -> float:
    """The smallest true drop that a one-sided test of n pairs sees with 80 % power, given the share that differs.

    Solves n = (z_α√p + z_β√(p−δ²))²/δ² (Connor 1987) for δ; a drop cannot exceed the share of pairs that differ.
    """
    if discordance <= 0:
        # Nothing differed: what a single pair's difference would be.
        discordance = 1 / n
    low, high = 0.0, math.sqrt(discordance)
    for _ in range(60):
        drop = (low + high) / 2
        need = (_z(1 - alpha) * math.sqrt(discordance) + _z(POWER) * math.sqrt(discordance - drop**2)) ** 2
        low, high = (low, drop) if need <= n * drop**2 else (drop, high)
    return high


def needed_pairs(margin: float, discordance: float, *, alpha: float) -> int:
    """How many pairs show with 80 % power that an unchanged model is within the margin: (z_α+z_β)²·p/δ²."""
    return math.ceil((_z(1 - alpha) + _z(POWER)) ** 2 * discordance / margin**2)


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
