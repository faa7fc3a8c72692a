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
        # A tie is between, whoever was asked first.
        ("majority", [("a", 0.0), ("b", 1.0)], 0.5, "no / yes"),
        ("majority", [("a", 1.0), ("b", 0.0)], 0.5, "yes / no"),
        ("majority", [("a", 1.0), ("b", 0.0), ("c", 1.0), ("d", 0.0), ("e", 0.5)], 0.5, "yes / no"),
        ("majority", [("a", 1.0), ("a", 0.0), ("b", 1.0)], 0.75, "yes / no"),
        ("mean", [("a", 1.0), ("b", 0.0)], 0.5, "yes / no"),
    ],
)
def test_verdicts_are_joined(how: str, given: list[tuple[str, float]], value: float, label: str) -> None:
    found = verdict_of(votes(*given), how)

    assert found.value == value
    if how == "majority" or " / " in label:
        assert found.label == label
    assert found.is_split


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ([("a", 1.0)], True),
        # A label may stand for half.
        ([("a", 0.5)], True),
        ([("a", 0.5), ("b", 0.5)], True),
        ([("a", 1.0), ("b", 0.5), ("c", 0.0)], True),
        ([("a", 0.75), ("b", 0.5), ("c", 0.5)], True),
        # A tie is no majority, of judges, of repeats, or both.
        ([("a", 1.0), ("b", 0.0)], False),
        ([("a", 0.0), ("b", 1.0)], False),
        ([("a", 1.0), ("a", 0.0)], False),
        ([("a", 1.0), ("a", 1.0), ("a", 1.0), ("b", 0.0)], False),
        ([("a", 1.0), ("b", 1.0), ("c", 0.0), ("d", 0.0)], False),
        ([("a", 0.0), ("b", 0.0), ("c", 1.0)], False),
        ([("a", 1.0), ("b", 1.0), ("c", 0.0)], True),
    ],
)
@pytest.mark.parametrize("how", ["mean", "median", "majority"])
def test_an_evenly_split_panel_is_no_yes(given: list[tuple[str, float]], right: bool, how: str) -> None:
    assert verdict_of(votes(*given), how).is_right is right


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


def test_a_majority_that_wins_and_losses_share_is_a_draw() -> None:
    one, other = ([game("AB", value, judge), game("BA", value, judge)] for judge, value in (("a", 1.0), ("b", 0.0)))

    assert battle_of([*one, *other], "majority").value == battle_of([*other, *one], "majority").value == 0.5
