"""Which samples a report shows."""

import pytest

from pytest_modeleval.reports.allure.kept import kept
from pytest_modeleval.store.rows import ScoreRow


def attempts(**counts: int) -> list[ScoreRow]:
    return [
        ScoreRow("r", f"{outcome}-{n}", "main", "m", "b", "s", "", "", 0, outcome)
        for outcome, count in counts.items()
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("passes", "asked", "said"),
    [
        (None, 10, "all 10 samples are in this report"),
        (0, 10, "3 of 10 samples are in this report; left out: 5 right, 2 unscored"),
        (4, 10, "7 of 10 samples are in this report; left out: 1 right, 2 unscored"),
        (9, 10, "8 of 10 samples are in this report; left out: 2 unscored"),
        (None, 12, "10 of 12 samples are in this report; left out: 2 lost with their worker"),
    ],
)
def test_what_is_left_out_is_said(passes: int | None, asked: int, said: str) -> None:
    assert kept(attempts(right=5, wrong=2, error=1, unscored=2), passes, asked=asked).lines == [said]


def test_the_right_ones_are_the_same_every_time() -> None:
    some = attempts(right=50)

    assert kept(some, 5).items == kept(reversed(some), 5).items
    assert kept(some, 5).items < kept(some, 6).items
