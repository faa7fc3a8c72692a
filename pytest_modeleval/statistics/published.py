"""Benchmarks' own ways from samples' scores to the figure that is published."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_modeleval.statistics.means import Estimate, estimate


@dataclass(frozen=True)
class CalibrationError:
    """How far stated confidence is from accuracy, 0 to 1: over ``every`` bin, and as the ``official`` script has it."""

    every: float
    official: float | None


def calibration_error(stated: Sequence[tuple[float, float]], *, size: int = 100) -> CalibrationError | None:
    """The calibration error of Humanity's Last Exam over (confidence, how right), both from 0 to 1; None without any.

    Sorted by confidence, in bins of ``size`` of which the last takes the rest, it is the root of the mean squared
    difference between a bin's confidence and accuracy, weighted by size. The official script leaves the last bin out of
    the sum, which is the most confident one, and has no figure below ``size`` answers.
    """
    if not stated:
        return None
    rows = sorted(stated, key=lambda row: row[0])
    starts = [size * place for place in range(max(1, len(rows) // size))]
    squares = []
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        rest = math.fsum(confidence - right for confidence, right in rows[start:end])
        squares.append(rest * rest / (end - start) / len(rows))
    official = math.sqrt(math.fsum(squares[:-1])) if len(rows) >= size else None
    return CalibrationError(math.sqrt(math.fsum(squares)), official)


def share_of_points(items: Sequence[tuple[float, float]]) -> float | None:
    """HealthBench's score of an answer: the points of the met criteria of all that can be won.

    ``items`` are (points, how far met, from 0 to 1); met ones with negative points take away, so that it may be below
    0. None where no points can be won.
    """
    most = math.fsum(points for points, _ in items if points > 0)
    return math.fsum(points * met for points, met in items) / most if most else None


def clipped_mean(scores: Sequence[float]) -> Estimate | None:
    """HealthBench's mean over samples, whose scores end at 1 and may be below 0: clipped to 0 after it, not before.

    Arora et al. 2025, arXiv:2505.08775. The interval is clipped too. None without scores.
    """
    found = estimate(scores, ends=(-math.inf, 1.0))
    if found is None:
        return None
    mean, low, high = (min(1.0, max(0.0, one)) for one in (found.mean, found.low, found.high))
    return Estimate(mean, found.standard_error, low, high)
