"""Points of a rubric's items."""

import pytest

from pytest_modeleval import SampleError
from pytest_modeleval.scorers.points import points_score


def test_points_may_be_lost() -> None:
    """Of 5, 3, −4, 2 and −2 the first, third and fourth: (5 − 4 + 2)/10."""
    score = points_score([(5, 1), (3, 0), (-4, 1), (2, 1), (-2, 0)], name="accuracy")

    assert score.value == pytest.approx(0.3)
    assert (score.name, score.measured) == ("accuracy", True)
    assert points_score([(1, 0), (-3, 1)]).value == -3


def test_all_points_are_1_however_they_are_rounded() -> None:
    assert points_score([(0.1, 1), (0.2, 1), (0.7, 1)]).value == 1


@pytest.mark.parametrize("items", [[], [(-1, 1)], [(0, 1)]])
def test_where_nothing_can_be_won_there_is_no_score(items: list[tuple[float, float]]) -> None:
    with pytest.raises(SampleError, match="no points can be won"):
        points_score(items)
