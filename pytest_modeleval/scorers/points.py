"""Points for what an answer meets of a rubric's items."""

from collections.abc import Sequence
from math import inf

from pytest_modeleval.sample import SampleError, Score
from pytest_modeleval.statistics.published import share_of_points


def points_score(
    items: Sequence[tuple[float, float]], got: str = "", expected: str = "", *, name: str = "main"
) -> Score:
    """The share of an answer's points, `published.share_of_points`, which may be below 0 and has no pass mark.

    An item is (points, how far met, from 0 to 1). Raises `SampleError` where no points can be won.
    """
    value = share_of_points(items)
    if value is None:
        raise SampleError(f"no points can be won by this rubric: {[points for points, _ in items]!r:.200}")
    # The sum of all may be rounded to a little more.
    return Score(min(value, 1.0), True, got, expected, name=name, range=(-inf, 1.0), measured=True)
