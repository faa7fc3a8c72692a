"""What several verdicts come to."""

import pytest

from pytest_modeleval import Vote
from pytest_modeleval.judging.verdict import battle_of, verdict_of


def votes(*values: tuple[str, float]) -> list[Vote]:
    return [Vote(judge, {1.0: "yes", 0.0: "no"}.get(value, "half"), value) for judge, value in values]


@pytest.mark.parametrize(
    ("how", "given", "value", "label"),
    [
        # A judge's repeats count as one judge.
        ("mean", [("a", 1.0), ("a", 1.0), ("a", 1.0), ("b", 0.0)], 0.5, "yes"),
        ("majority", [("a", 1.0), ("a", 0.0), ("a", 0.0), ("b", 1.0), ("c", 1.0)], 1.0, "yes"),
        ("median", [("a", 1.0), ("b", 0.5), ("c", 0.0)], 0.5, "yes"),
        ("mean", [("a", 1.0), ("b", 0.5), ("c", 0.0)], 0.5, "yes"),
        # Of a tie the first.
        ("majority", [("a", 0.0), ("b", 1.0)], 0.0, "no"),
    ],
)
def test_verdicts_are_joined(how: str, given: list[tuple[str, float]], value: float, label: str) -> None:
    found = verdict_of(votes(*given), how)

    assert found.value == value
    if how == "majority":
        assert found.label == label
    assert found.is_split


def game(order: str, value: float, judge: str = "a", repeat: int = 0) -> Vote:
    return Vote(judge, "", value, order=order, repeat=repeat)


@pytest.mark.parametrize(
    ("games", "value", "consistent"),
    [
        ([game("AB", 1.0), game("BA", 1.0)], 1.0, True),
        ([game("AB", 0.0), game("BA", 0.0)], 0.0, True),
        # It chose the first both times: a tie.
        ([game("AB", 1.0), game("BA", 0.0)], 0.5, False),
        ([game("AB", 0.5), game("BA", 1.0)], 0.5, False),
        ([game("AB", 0.5), game("BA", 0.5)], 0.5, True),
        ([game("AB", 1.0), game("BA", 1.0), game("AB", 0.0, "b"), game("BA", 0.0, "b")], 0.5, True),
        ([game("AB", 1.0), game("BA", 1.0), game("AB", 1.0, "a", 1), game("BA", 0.0, "a", 1)], 0.75, False),
    ],
)
def test_two_orders_that_disagree_are_a_tie(games: list[Vote], value: float, consistent: bool) -> None:
    found = battle_of(games, "mean")

    assert (found.value, found.is_consistent) == (value, consistent)
