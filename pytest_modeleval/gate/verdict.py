"""Passed, failed or inconclusive: two runs on the same samples, and a score against a threshold."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, isfinite
from typing import TypeVar

from pytest_modeleval.gate.ledger import Outcome
from pytest_modeleval.statistics.means import estimate
from pytest_modeleval.statistics.paired import (
    Change,
    bonett_price,
    detectable_drop,
    holm,
    mcnemar_drop,
    mean_change,
    mean_drop,
    open_change,
    open_drop,
)
from pytest_modeleval.statistics.scale import PLAIN, Scale


class Result(enum.Enum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """One gate's outcome, and what it rests on.

    ``change`` is the mean paired difference with the interval whose ends are one-sided bounds at ``alpha``; ``p_value``
    is that of "no worse", adjusted by Holm over the benchmarks; ``detectable`` the smallest drop n could have seen.
    ``before`` and ``after`` are the means over the same samples, None without any. ``advice`` says why nothing is
    decided by it, as of a judge's verdicts that nobody has shown to be right. ``is_unlike`` says that the table's score
    is no mean in which each sample counts once, as these are.
    """

    name: str
    result: Result
    n: int
    change: float
    low: float
    high: float
    p_value: float
    margin: float
    detectable: float
    regressions: int
    fixes: int
    claim: str = ""
    scale: Scale = PLAIN
    before: float | None = None
    after: float | None = None
    advice: str = ""
    is_unlike: bool = False


def compared(
    name: str,
    before: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    *,
    margin: float,
    alpha: float = 0.05,
    scale: Scale = PLAIN,
) -> Verdict:
    """The verdict on one benchmark, not yet adjusted for others; ``margin`` is a share, 0.01 for a percentage point.

    In this order (non-inferiority): passed if the lower bound of the change lies above −margin, failed if "no worse" is
    rejected, else inconclusive. Scores of 0 and 1 asked once: exact McNemar and Bonett and Price; else Gaffke's bounds
    for the mean of one difference a sample, and where the scores' range has no end, Student's.

    A change is to the better where it is positive, and a share of the range: of one without an end, of the mean before.
    """
    shared = sorted(before.keys() & after.keys())
    unit = _unit(scale, [before[sample].score for sample in shared])
    differences = [scale.sign * (after[sample].score - before[sample].score) / unit for sample in shared]
    regressions, fixes = sum(d < 0 for d in differences), sum(d > 0 for d in differences)
    n = len(shared)
    if not n:
        why = "no sample was scored twice"
        return Verdict(name, Result.INCONCLUSIVE, 0, 0.0, -1.0, 1.0, 1.0, margin, 1.0, 0, 0, why, scale)
    found, p_value = _change(before, after, shared, differences, alpha, scale)
    verdict = Verdict(
        name=name,
        result=Result.PASSED,
        n=n,
        change=found.mean,
        low=found.low,
        high=found.high,
        p_value=p_value,
        margin=margin,
        detectable=detectable_drop(n, sum(d * d for d in differences) / n, alpha=alpha),
        regressions=regressions,
        fixes=fixes,
        scale=scale,
        before=fsum(before[sample].score for sample in shared) / n,
        after=fsum(after[sample].score for sample in shared) / n,
    )
    return decided(verdict, alpha)


def _unit(scale: Scale, before: Sequence[float]) -> float:
    """What a change is a share of."""
    return scale.width if isfinite(scale.width) else abs(fsum(before)) / max(1, len(before)) or 1.0


def _change(
    before: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    shared: Sequence[str],
    differences: Sequence[float],
    alpha: float,
    scale: Scale,
) -> tuple[Change, float]:
    """The change with its bounds, and the p-value of "no worse"."""
    confidence = 1 - 2 * alpha
    if not isfinite(scale.width):
        return open_change(differences, confidence=confidence), open_drop(differences)
    if all(
        before[s].repeats == after[s].repeats == 1 and {before[s].score, after[s].score} <= {*scale.ends}
        for s in shared
    ):
        regressions, fixes = sum(d < 0 for d in differences), sum(d > 0 for d in differences)
        found = bonett_price(regressions, fixes, len(shared), confidence=confidence)
        return found, mcnemar_drop(regressions, fixes)
    return mean_change(differences, confidence=confidence), mean_drop(differences)


def decided(verdict: Verdict, alpha: float) -> Verdict:
    """The verdict with its result by its own figures."""
    if verdict.advice:
        return replace(verdict, result=Result.INCONCLUSIVE)
    if verdict.low > -verdict.margin:
        return replace(verdict, result=Result.PASSED)
    return replace(verdict, result=Result.FAILED if verdict.p_value <= alpha else Result.INCONCLUSIVE)


def adjusted(verdicts: Sequence[Verdict], *, alpha: float = 0.05) -> list[Verdict]:
    """The verdicts with p-values adjusted for how many they are (Holm): a failure among many is less of a surprise."""
    p_values = holm([verdict.p_value for verdict in verdicts])
    changed = [replace(verdict, p_value=p) for verdict, p in zip(verdicts, p_values, strict=True)]
    return [verdict if verdict.claim else decided(verdict, alpha) for verdict in changed]


@dataclass(frozen=True)
class Threshold:
    """A score against its least, or where lower is better its most: ``low`` and ``high`` are one-sided 5 % bounds.

    ``advice`` is as in `Verdict`; where the table's score ``is_unlike``, it is no mean by the samples' weights.
    """

    name: str
    result: Result
    n: int
    score: float
    low: float
    high: float
    least: float
    is_most: bool = False
    advice: str = ""
    is_unlike: bool = False


T = TypeVar("T", Verdict, Threshold)


def advised(found: T, why: str) -> T:
    """What was found as mere advice, where there is a reason: it decides nothing."""
    return replace(found, result=Result.INCONCLUSIVE, advice=why) if why else found


def against_least(
    name: str,
    samples: Sequence[Outcome],
    least: float,
    weights: Sequence[float] = (),
    *,
    alpha: float = 0.05,
    scale: Scale = PLAIN,
) -> Threshold:
    """Passed if the score's lower bound reaches the least, failed if its upper bound does not, else inconclusive.

    Where lower is better it is the most, which the upper bound has to stay within. ``weights`` are what the samples
    count for in the score, by default the same each.
    """
    is_most = scale.sign < 0
    found = estimate([outcome.score for outcome in samples], weights, confidence=1 - 2 * alpha, ends=scale.ends)
    if found is None:
        return Threshold(name, Result.INCONCLUSIVE, 0, 0.0, *scale.ends, least, is_most)
    reaches, misses = found.low >= least, found.high < least
    if is_most:
        reaches, misses = found.high <= least, found.low > least
    result = Result.PASSED if reaches else Result.FAILED if misses else Result.INCONCLUSIVE
    return Threshold(name, result, len(samples), found.mean, found.low, found.high, least, is_most)
