"""Scores of battles, by hand and by the values that the official scripts give."""

import math
import random
from operator import itemgetter

import pytest

from pytest_modeleval.judging.battles import lengths, pooled, win_rate_lc, won
from pytest_modeleval.judging.rubric import Preference
from pytest_modeleval.judging.verdict import Battle, Vote, battle_of
from pytest_modeleval.sample import recorded_scores
from pytest_modeleval.statistics.length_control import win_rate_lc as controlled
from pytest_modeleval.statistics.means import estimate

# Arena-Hard's games, of which the baseline is A in the first: its five labels, and what `load_judgments` of
# lmarena/arena-hard-auto (show_result.py) makes of them with the weight 3.
GAMES: list[tuple[tuple[str, str], list[float]]] = [
    (("A>B", "B>A"), [0, 0]),
    (("B>>A", "A>>B"), [1, 1, 1, 1, 1, 1]),
    (("A=B", "A>B"), [1, 0.5]),
    (("B>A", "B>A"), [0, 1]),
    (("A>>B", "A=B"), [0.5, 0, 0, 0]),
]


def battle(baseline_first: str, model_first: str) -> Battle:
    """The battle as the judge's labels make it: of the model, which is named first."""
    votes = []
    for order, label in (("AB", model_first), ("BA", baseline_first)):
        value, strength = Preference.VALUES[label]
        votes.append(Vote("judge=x", label, value if order == "AB" else 1 - value, order=order, strength=strength))
    return battle_of(votes, "mean")


@pytest.mark.parametrize(("labels", "scores"), GAMES)
def test_a_battle_is_pooled_as_in_the_official_script(labels: tuple[str, str], scores: list[float]) -> None:
    score = pooled(battle(*labels), strong=3)

    assert (score.value, score.weight) == (sum(scores) / len(scores), len(scores))
    assert score.passed == (score.value >= 0.5)


def test_the_mean_of_pooled_scores_is_that_of_all_games() -> None:
    scores = [pooled(battle(*labels), strong=3) for labels, _ in GAMES]

    found = estimate([score.value for score in scores], [score.weight for score in scores])

    assert sum(score.weight for score in scores) == 16
    assert found
    games = [value for _, values in GAMES for value in values]
    assert found.mean == sum(games) / len(games) == 0.5625
    assert found.low < 0.5625 < found.high


def test_a_strong_verdict_counts_once_unless_it_is_said_otherwise() -> None:
    assert [(pooled(battle(*labels)).value, pooled(battle(*labels)).weight) for labels, _ in GAMES] == [
        (0, 2), (1, 2), (0.75, 2), (0.5, 2), (0.25, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("labels", "value"), list(zip(map(itemgetter(0), GAMES), [0, 1, 0.5, 0.5, 0.5], strict=True)))
def test_a_win_is_one_in_both_orders(labels: tuple[str, str], value: float) -> None:
    score = won(battle(*labels))

    assert (score.value, score.passed, score.weight) == (value, value >= 0.5, 1)
    assert score.why == f"judge=x (as named): {labels[1]}; judge=x (swapped): {labels[0]}"


def test_equal_answers_are_a_tie_of_two_games() -> None:
    score = pooled(Battle(0.5, equal=True), strong=3)

    assert (score.value, score.weight, score.passed, score.why) == (0.5, 2, True, "equal answers")
    assert won(Battle(0.5, equal=True)).value == 0.5


def test_both_lengths_are_measured_in_characters() -> None:
    token = recorded_scores.set([])
    lengths("né\n", "four")
    made = recorded_scores.get()
    recorded_scores.reset(token)

    assert made
    assert {score.name: score.value for score in made} == {"length": 3, "baseline_length": 4}
    assert all(score.measured and score.range == (0, math.inf) for score in made)


def test_the_length_controlled_win_rate_is_that_of_the_statistics() -> None:
    draw = random.Random(1)
    rows: list[list[float | None]] = []
    for _ in range(300):
        own, other = draw.randint(100, 2000), draw.randint(100, 2000)
        rows.append([float(draw.random() < (0.8 if own > other else 0.3)), own, other])

    found = win_rate_lc(rows)

    pairs = [(int(own or 0), int(other or 0)) for _, own, other in rows]
    assert found == controlled([value or 0.0 for value, *_ in rows], pairs).win_rate
    # Samples without one of the three are left out.
    assert win_rate_lc([*rows, [None, 5.0, 6.0]]) == found


def test_below_100_pairs_there_is_none() -> None:
    rows = [[float(n % 2), 100.0 + n, 120.0] for n in range(100)]

    assert win_rate_lc(rows) is not None
    assert win_rate_lc(rows[:99]) is None
