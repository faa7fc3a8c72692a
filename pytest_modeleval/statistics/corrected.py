"""A judged score corrected by people's labels for a part of the answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from statistics import NormalDist, fmean

from pytest_modeleval.statistics.means import Estimate, estimate


@dataclass(frozen=True)
class Corrected:
    """A corrected mean, and the ``power`` λ with which the judge's verdicts count: 0 is labels alone."""

    mean: Estimate
    power: float


def prediction_powered(
    labelled: Sequence[tuple[float, float]],
    judged: Sequence[float],
    *,
    power: float | None = None,
    ends: tuple[float, float] = (0.0, 1.0),
    confidence: float = 0.95,
) -> Corrected:
    """The mean that people would give all answers, of which they labelled a uniform random part.

    ``labelled`` has (people's, the judge's) values, ``judged`` the judge's of the answers without a label, all within
    ``ends``; of two models it takes differences on the same samples, with the ends -1 and 1. With a ``power`` of 1 it
    is PPI (Angelopoulos et al. 2023, arXiv:2301.09633), with None PPI++ (arXiv:2311.01453): the power with the least
    error, between 0 and 1, so that no judge makes the interval wider than the labels alone do. Where labels and
    verdicts differ nowhere, or verdicts not among each other, a normal interval says too little: it is then put
    together of the parts' own (`estimate`; MOVER, Zou and Donner 2008). From 100 labels on, 95 % of the intervals hold
    the truth, of 20 to 50 nine in ten. ValueError without labels, and for an end that is infinite.
    """
    if not labelled:
        raise ValueError("no answer has a label: nothing to correct the judge by")
    low, width = ends[0], ends[1] - ends[0]
    if not math.isfinite(width):
        raise ValueError(f"a corrected mean needs values with two ends, not {ends[0]:g} and {ends[1]:g}")
    pairs = [((people - low) / width, (judge - low) / width) for people, judge in labelled]
    others = [(judge - low) / width for judge in judged]
    if not others:
        power = 0.0
    elif power is None:
        power = _best_power(pairs, others)
    found = _combined(pairs, others, power, confidence)
    error = None if found.standard_error is None else found.standard_error * width
    mean, *interval = (low + _clipped(place) * width for place in (found.mean, found.low, found.high))
    return Corrected(Estimate(mean, error, *interval), power)


def prediction_powered_ratio(
    labelled: Sequence[tuple[tuple[float, float], tuple[float, float]]], judged: Sequence[tuple[float, float]]
) -> Corrected:
    """`prediction_powered` of a mean by weights Σwv/Σw, of values from 0 to 1 and weights up to 1: 95 % interval.

    Each value is (v, w), and people's need not weigh what the judge's do. The mean θ is where w(v - θ) has the mean 0
    that PPI++ estimates, with the power that is best for it at the judge's own θ; its error is that mean's over the
    mean weight (the delta method).
    """
    told = [*(judge for _, judge in labelled), *judged]

    def rests(mean: float, *, power: float | None = None) -> Corrected:
        pairs = [((h - mean) * of, (j - mean) * by) for (h, of), (j, by) in labelled]
        return prediction_powered(pairs, [(j - mean) * by for j, by in judged], power=power, ends=(-1.0, 1.0))

    power = rests(fsum(v * w for v, w in told) / fsum(w for _, w in told)).power
    # Both are linear in θ.
    whole = rests(0.0, power=power).mean.mean
    weight = whole - rests(1.0, power=power).mean.mean
    if weight <= 0:
        raise ValueError("labels and verdicts weigh nothing together")
    mean = whole / weight
    found = rests(_clipped(mean), power=power).mean
    error = None if found.standard_error is None else found.standard_error / weight
    ends = (_clipped(mean + end / weight) for end in (found.low, found.high))
    return Corrected(Estimate(_clipped(mean), error, *ends), power)


def _best_power(pairs: Sequence[tuple[float, float]], others: Sequence[float]) -> float:
    """Cov(H, J)/((1+n/N)·Var(J)), the variance of all verdicts."""
    people, judge = fmean(h for h, _ in pairs), fmean(j for _, j in pairs)
    covariance = fmean((h - people) * (j - judge) for h, j in pairs)
    spread = _variance([*(j for _, j in pairs), *others])
    return min(1.0, max(0.0, covariance / ((1 + len(pairs) / len(others)) * spread))) if spread else 0.0


def _combined(
    pairs: Sequence[tuple[float, float]], others: Sequence[float], power: float, confidence: float
) -> Estimate:
    """λ·mean(J) of the unlabelled and mean(H−λJ) of the labelled, of values between 0 and 1."""
    rests = [h - power * j for h, j in pairs]
    if not power:
        return _bounded(rests, (0.0, 1.0), confidence)
    spreads = _variance(others), _variance(rests)
    error = math.sqrt(power**2 * spreads[0] / len(others) + spreads[1] / len(pairs))
    if min(spreads) > 1e-12 and any(abs(h - j) > 1e-9 for h, j in pairs):
        mean, half = power * fmean(others) + fmean(rests), NormalDist().inv_cdf((1 + confidence) / 2) * error
        return Estimate(mean, error, mean - half, mean + half)
    part, rest = _bounded(others, (0.0, 1.0), confidence), _bounded(rests, (-power, 1.0), confidence)
    mean = power * part.mean + rest.mean
    low = mean - math.hypot(power * (part.mean - part.low), rest.mean - rest.low)
    high = mean + math.hypot(power * (part.high - part.mean), rest.high - rest.mean)
    return Estimate(mean, None if min(len(others), len(pairs)) == 1 else error, low, high)


def _bounded(values: Sequence[float], ends: tuple[float, float], confidence: float) -> Estimate:
    found = estimate(values, ends=ends, confidence=confidence)
    assert found is not None
    return found


def rogan_gladen(
    right: int,
    n: int,
    true_positives: int,
    positives: int,
    true_negatives: int,
    negatives: int,
    *,
    confidence: float = 0.95,
) -> Estimate:
    """The share of right answers behind the ``right`` of ``n`` that a judge called so (Rogan and Gladen 1978).

    Its true-positive and true-negative rate come from labels elsewhere, ``true_positives`` of the ``positives`` that
    people called right and ``true_negatives`` of the ``negatives``, and are taken to hold here too, which they do not
    for every model. Estimate and interval are clipped to 0 and 1. A rate of exactly 0 or 1 counts for the error as
    Agresti and Coull (1998) put it, as it would seem to be known for sure. ValueError for a judge that tells right from
    wrong no better than chance, and where one of the rates is unknown.
    """
    if not n or not positives or not negatives:
        raise ValueError(f"no rate is known: {n} judged, {positives} labelled right and {negatives} labelled wrong")
    judged, sensitivity, specificity = right / n, true_positives / positives, true_negatives / negatives
    informed = sensitivity + specificity - 1
    if informed <= 0:
        raise ValueError(
            f"the judge tells right from wrong no better than chance: its true-positive rate {sensitivity:.3g} and "
            f"true-negative rate {specificity:.3g} add up to at most 1; no score can be corrected by it"
        )
    share = _clipped((judged + specificity - 1) / informed)
    squares = _of_rate(right, n, confidence)
    squares += (1 - share) ** 2 * _of_rate(true_negatives, negatives, confidence)
    squares += share**2 * _of_rate(true_positives, positives, confidence)
    error = math.sqrt(squares) / informed
    half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return Estimate(share, error, _clipped(share - half), _clipped(share + half))


def _of_rate(successes: int, n: int, confidence: float) -> float:
    """The squared standard error of a share."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    added = z * z if successes in (0, n) else 0.0
    share = (successes + added / 2) / (n + added)
    return share * (1 - share) / (n + added)


def _variance(values: Sequence[float]) -> float:
    mean = fmean(values)
    return fmean((value - mean) ** 2 for value in values)


def _clipped(share: float) -> float:
    return min(1.0, max(0.0, share))
