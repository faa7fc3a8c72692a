"""Which samples a report shows."""

import pytest

from pytest_modeleval.options.parsers import EVERY, PASSES, WHOLE
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
        (EVERY, 10, "all 10 samples are in this report"),
        (
            0,
            10,
            "3 of 10 samples are in this report; left out: 5 right, 2 unscored; its share of passed tests is no score",
        ),
        (
            4,
            10,
            "7 of 10 samples are in this report; left out: 1 right, 2 unscored; its share of passed tests is no score",
        ),
        (9, 10, "8 of 10 samples are in this report; left out: 2 unscored; its share of passed tests is no score"),
        (
            None,
            12,
            "10 of 12 samples are in this report; left out: 2 lost with their worker; its share of passed tests is no score",
        ),
    ],
)
def test_what_is_left_out_is_said(passes: int | None, asked: int, said: str) -> None:
    assert kept(attempts(right=5, wrong=2, error=1, unscored=2), passes, asked=asked).lines == [said]


@pytest.mark.parametrize(("right", "shown"), [(WHOLE - 1, WHOLE), (WHOLE, PASSES + 1)])
def test_all_of_a_run_of_some_thousand_are_in_it(right: int, shown: int) -> None:
    found = kept(attempts(right=right, wrong=1), None)

    assert len(found.items) == shown
    assert found.is_all == (shown == WHOLE)


def test_the_right_ones_are_the_same_every_time() -> None:
    some = attempts(right=50)

    assert kept(some, 5).items == kept(reversed(some), 5).items
    assert kept(some, 5).items < kept(some, 6).items
