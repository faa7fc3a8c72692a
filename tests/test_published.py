"""The figures that benchmarks publish, against worked values."""

import math
import random

import pytest

from pytest_modeleval.statistics.published import (
    calibration_error,
    clipped_mean,
    share_of_points,
)


def test_both_of_hles_calibration_errors() -> None:
    """The last 150 are one bin, which the official sum leaves out."""
    stated = [(0.2, place < 10) for place in range(100)]
    stated += [(0.6, place < 30) for place in range(100)] + [(0.9, place < 10) for place in range(50)]
    random.Random(0).shuffle(stated)
    found = calibration_error(stated)

    assert found is not None
    assert found.official == pytest.approx(0.063246, abs=5e-7)
    assert found.every == pytest.approx(0.341565, abs=5e-7)


def test_few_answers_are_one_bin_and_have_no_official_error() -> None:
    found = calibration_error([(0.9, True), (0.7, False)])

    assert found is not None
    assert found.official is None
    assert found.every == pytest.approx(0.3)
    assert calibration_error([]) is None


def test_a_hundred_answers_leave_the_official_sum_nothing() -> None:
    found = calibration_error([(1.0, False)] * 100)

    assert found is not None
    assert (found.every, found.official) == (1, 0)


def test_health_benchs_points() -> None:
    items = [(5, True), (3, False), (-4, True), (2, True), (-2, False)]

    assert share_of_points(items) == pytest.approx(0.3)
    assert share_of_points([(5, 0.5), (3, 1), (-4, 0.25)]) == pytest.approx(0.5625)
    assert share_of_points([(5, False), (-9, True)]) == pytest.approx(-1.8)
    assert share_of_points([(-4, False)]) is None


@pytest.mark.parametrize(("scores", "mean"), [([-0.2, 0.4, 1], 0.4), ([-0.5, 0.1], 0), ([1.0], 1)])
def test_health_benchs_mean_is_clipped_after_it(scores: list[float], mean: float) -> None:
    found = clipped_mean(scores)

    assert found is not None
    assert found.mean == pytest.approx(mean)
    assert 0 <= found.low <= mean <= found.high <= 1
    assert not math.isnan(found.low + found.high)


def test_no_scores_have_no_mean() -> None:
    assert clipped_mean([]) is None
