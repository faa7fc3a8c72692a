"""The figures that benchmarks publish, against worked values."""

import math
import random

import pytest

from pytest_modeleval.statistics.published import (
    calibration_error,
    clipped_mean,
    pooled_score,
    share_of_points,
)

# A label for the model that is shown as A, as (its value, its strength).
LABELS = {"A>>B": (1.0, 2), "A>B": (1.0, 1), "A=B": (0.5, 1), "B>A": (0.0, 1), "B>>A": (0.0, 2)}


def games(first: str, second: str) -> list[tuple[float, int]]:
    """The model's games: the baseline is A in the first, the model in the second."""
    value, strength = LABELS[first]
    return [(1 - value, strength), LABELS[second]]


FIVE = [("A>B", "B>A"), ("B>>A", "A>>B"), ("A=B", "A>B"), ("B>A", "B>A"), ("A>>B", "A=B")]


def test_arena_hards_pooled_score() -> None:
    """16 counts: ten games of which three count thrice."""
    found = pooled_score([games(*pair) for pair in FIVE])

    assert found is not None
    assert found.mean == 0.5625
    assert found.low < 0.5625 < found.high


def test_equal_strengths_are_the_mean_over_games() -> None:
    found = pooled_score([games(*pair) for pair in FIVE], strong=1)

    assert found is not None
    assert found.mean == pytest.approx(0.5)


def test_prompts_without_games_are_in_no_score() -> None:
    assert pooled_score([[], []]) is None
    assert pooled_score([games("A>B", "A>B"), []]) == pooled_score([games("A>B", "A>B")])


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
