"""Ratings: against worked values, statsmodels' logistic regression and what was simulated."""

import math
import random
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_modeleval.statistics.bradley_terry import Comparison, bradley_terry
from pytest_modeleval.statistics.logistic import chance
from pytest_modeleval.statistics.means import Estimate


def played(one: str, two: str, won: int, lost: int, tied: int = 0) -> list[Comparison]:
    """So many comparisons of two models, each on a prompt of its own."""
    outcomes = [1.0] * won + [0.0] * lost + [0.5] * tied
    return [Comparison(one, two, outcome, (one, two, place)) for place, outcome in enumerate(outcomes)]


THREE = played("A", "B", 12, 5, 3) + played("A", "C", 9, 9, 2) + played("B", "C", 6, 11, 3)


def known(found: Estimate | None) -> Estimate:
    assert found is not None
    return found


def error(found: Estimate | None) -> float:
    assert found is not None
    assert found.standard_error is not None
    return found.standard_error


def test_three_models() -> None:
    """By statsmodels' GLM and by choix, ties as half wins."""
    found = bradley_terry(THREE, errors="CR0")

    assert not found.is_penalised
    assert found.groups == (("A", "B", "C"),)
    assert found.ranking() == [["A", "C", "B"]]
    assert [known(found.difference(model, "A")).mean for model in "ABC"] == pytest.approx(
        [0, -0.653591, -0.068750], abs=1e-6
    )
    ratings = [found.rating(model) for model in "ABC"]
    assert [known(each).mean for each in ratings] == pytest.approx([1041.8278, 928.2874, 1029.8848], abs=5e-5)
    assert list(map(error, ratings)) == pytest.approx([34.7983, 35.0610, 35.1011], abs=5e-5)


def test_three_models_intervals_are_arena_ranks() -> None:
    """That library adds a ridge of 1e-5 a comparison to the information, which is 0.003 points here."""
    found = bradley_terry(THREE, errors="CR0")

    ends = [(known(found.rating(model)).low, known(found.rating(model)).high) for model in "ABC"]
    assert ends[0] == pytest.approx((973.627, 1110.028), abs=0.004)
    assert ends[1] == pytest.approx((859.572, 997.003), abs=0.004)
    assert ends[2] == pytest.approx((961.091, 1098.679), abs=0.004)


def test_three_models_errors_by_the_model() -> None:
    """With ties as halves they are too wide."""
    found = bradley_terry(THREE, errors="model")

    assert [error(found.rating(model)) for model in "ABC"] == pytest.approx([37.5995, 38.3971, 37.4092], abs=5e-5)


def test_three_models_from_an_anchor() -> None:
    found = bradley_terry(THREE, errors="CR0")

    assert known(found.rating("A", "A")) == Estimate(1000, 0, 1000, 1000)
    assert known(found.rating("B", "A")).mean == pytest.approx(886.4595, abs=5e-5)
    assert error(found.rating("B", "A")) == pytest.approx(60.4013, abs=5e-5)
    assert known(found.rating("C", "A")).mean == pytest.approx(988.0569, abs=5e-5)
    assert error(found.rating("C", "A")) == pytest.approx(60.4711, abs=5e-5)


def test_three_models_win_rates() -> None:
    found = bradley_terry(THREE, errors="CR0")
    against = known(found.win_rate("B", "A"))

    assert known(found.win_rate("A", "A")).mean == 0.5
    assert against.mean == pytest.approx(0.342181, abs=5e-7)
    assert [against.low, against.high] == pytest.approx([0.208323, 0.506970], abs=5e-7)
    assert known(found.win_rate("C", "A")).mean == pytest.approx(0.482819, abs=5e-7)
    assert known(found.win_rate("A", "B")).mean == pytest.approx(1 - 0.342181, abs=5e-7)


# Two orders of twenty prompts: A's outcomes where it was shown first, and second.
FIRST = [1] * 7 + [0] * 3 + [0.5, 0.5, 1, 1, 1, 0, 0, 1, 0.5, 1]
SECOND = [1] * 6 + [0] * 4 + [0.5, 1, 1, 1, 0, 0, 0, 1, 0.5, 0]
TWENTY = [
    Comparison("A", "B", outcome, prompt, columns=(shown,))
    for shown, outcomes in ((1.0, FIRST), (-1.0, SECOND))
    for prompt, outcome in enumerate(outcomes)
]


def without(comparisons: Sequence[Comparison]) -> list[Comparison]:
    return [each._replace(columns=()) for each in comparisons]


def alone(comparisons: Sequence[Comparison]) -> list[Comparison]:
    return [each._replace(cluster=place) for place, each in enumerate(comparisons)]


def test_two_games_of_a_prompt_are_one_cluster() -> None:
    found = bradley_terry(without(TWENTY))

    assert found.clusters == 20
    assert known(found.win_rate("A", "B")).mean == pytest.approx(0.6125)
    assert known(found.difference("A", "B")).mean == pytest.approx(0.457833, abs=5e-7)
    assert error(found.difference("A", "B")) == pytest.approx(0.393191, abs=5e-7)
    rate = known(found.win_rate("A", "B"))
    assert [rate.low, rate.high] == pytest.approx([0.422430, 0.773551], abs=5e-7)
    uncorrected = bradley_terry(without(TWENTY), errors="CR0")
    assert error(uncorrected.difference("A", "B")) == pytest.approx(0.383235, abs=5e-7)
    independent = bradley_terry(without(alone(TWENTY)), errors="CR0")
    assert error(independent.difference("A", "B")) == pytest.approx(0.302430, abs=5e-7)


def test_what_being_shown_first_is_worth() -> None:
    found = bradley_terry(TWENTY, ["shown first"], errors="CR0").coefficients["shown first"]

    assert found.mean == pytest.approx(0.265108, abs=5e-7)
    assert found.standard_error == pytest.approx(0.182650, abs=5e-7)


def test_who_is_named_first_changes_nothing() -> None:
    turned = [
        Comparison(each.two, each.one, 1 - each.outcome, each.cluster, columns=(-each.columns[0],)) for each in TWENTY
    ]
    one, two = bradley_terry(TWENTY, ["first"]), bradley_terry(turned, ["first"])

    assert known(one.difference("A", "B")).mean == pytest.approx(known(two.difference("A", "B")).mean)
    assert one.coefficients["first"].mean == pytest.approx(two.coefficients["first"].mean)
    assert one.coefficients["first"].standard_error == pytest.approx(two.coefficients["first"].standard_error)


def test_a_weight_counts_as_so_many() -> None:
    heavy = [each._replace(weight=3.0) for each in THREE]
    thrice = [each for each in THREE for _ in range(3)]
    one, two = bradley_terry(heavy), bradley_terry(thrice)

    for model in "ABC":
        assert known(one.rating(model)).mean == pytest.approx(known(two.rating(model)).mean)
        assert error(one.rating(model)) == pytest.approx(error(two.rating(model)))


def test_who_never_lost_is_rated_by_a_penalty_and_said() -> None:
    found = bradley_terry(played("A", "B", 10, 0))

    assert found.is_penalised
    assert known(found.difference("A", "B")).mean == pytest.approx(2.128034, abs=1e-6)
    assert known(found.win_rate("A", "B")).mean == pytest.approx(0.893598, abs=5e-7)
    assert known(found.rating("A", "B")).mean - 1000 == pytest.approx(369.68, abs=0.005)
    # All ten have the same rest, of which a sandwich makes an error of 0.24.
    assert error(found.difference("A", "B")) > 0.8


@pytest.mark.parametrize("outcome", [0.5, 0.25])
def test_equal_outcomes_are_not_known_for_sure(outcome: float) -> None:
    """No outcome differs from what is expected: a sandwich would have no width."""
    found = bradley_terry([Comparison("A", "B", outcome, place) for place in range(20)])

    rate = known(found.win_rate("A", "B"))
    assert not found.is_penalised
    assert rate.mean == pytest.approx(outcome)
    assert rate.low < outcome - 0.1 < outcome + 0.1 < rate.high


def test_one_prompt_tells_no_error() -> None:
    found = bradley_terry([each._replace(cluster=0) for each in THREE])

    assert known(found.rating("A")).mean == pytest.approx(1041.8278, abs=5e-5)
    assert known(found.rating("A")).standard_error is None
    rate = known(found.win_rate("A", "B"))
    assert (rate.low, rate.high, rate.standard_error) == (0, 1, None)


def test_models_that_nothing_connects_are_not_ranked_together() -> None:
    found = bradley_terry(THREE + played("X", "Y", 8, 4))

    assert found.groups == (("A", "B", "C"), ("X", "Y"))
    assert found.ranking() == [["A", "C", "B"], ["X", "Y"]]
    assert found.win_rate("A", "X") is None
    assert found.rating("X", "A") is None
    assert known(found.rating("A")).mean == pytest.approx(1041.8278, abs=5e-5)
    assert known(found.win_rate("X", "Y")).mean == pytest.approx(8 / 12)


def test_a_chain_of_comparisons_connects() -> None:
    found = bradley_terry(played("A", "B", 2, 1) + played("C", "D", 2, 1) + played("D", "B", 1, 2))

    assert len(found.groups) == 1
    odds = known(found.difference("C", "A")).mean
    # C–D 2:1, D–B 1:2, B–A 1:2.
    assert odds == pytest.approx(math.log(2) - math.log(2) - math.log(2))


Outcomes = st.lists(
    st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCD"), st.sampled_from([0, 0.5, 1])), min_size=1
)


@settings(max_examples=300, deadline=None)
@given(Outcomes.map(lambda rows: [row for row in rows if row[0] != row[1]]).filter(bool))
def test_ratings_are_penalised_just_where_no_finite_ones_are_the_likeliest(
    rows: list[tuple[str, str, float]],
) -> None:
    """That is where wins and ties do not lead from each model of a group to each other (Ford 1957)."""
    found = bradley_terry([Comparison(*row, cluster=place) for place, row in enumerate(rows)])
    beaten = {model: {model} for group in found.groups for model in group}
    for one, two, outcome in rows:
        beaten[one] |= {two} if outcome > 0 else set()
        beaten[two] |= {one} if outcome < 1 else set()
    for middle, one in product(beaten, repeat=2):
        beaten[one] |= beaten[middle] if middle in beaten[one] else set()
    leads = all(beaten[model] == set(group) for group in found.groups for model in group)

    assert found.is_penalised == (not leads)
    for group in found.groups:
        assert sum(known(found.rating(model)).mean for model in group) == pytest.approx(1000 * len(group))


def simulated(prompts: int, seed: int, spread: float = 0.0) -> list[Comparison]:
    """Three models half a unit apart on each prompt, whose results have something of the prompt in common."""
    draw = random.Random(seed)
    strength = {"A": 0.5, "B": 0.0, "C": -0.5}
    found = []
    for prompt in range(prompts):
        own = {model: theta + draw.gauss(0, spread) for model, theta in strength.items()}
        for one, two in (("A", "B"), ("B", "C"), ("C", "A")):
            for shown in (1.0, -1.0):
                columns = (shown, draw.gauss(0, 1))
                likely = chance(own[one] - own[two] + 0.4 * shown - 0.3 * columns[1])
                found.append(Comparison(one, two, float(draw.random() < likely), prompt, columns=columns))
    return found


def test_columns_and_clusters_are_statsmodels() -> None:
    rows = simulated(60, 0, spread=1.0)
    found = bradley_terry(rows, ["first", "length"], errors="CR0")
    design = np.array([[(each.one == m) - (each.two == m) for m in "BC"] + list(each.columns) for each in rows], float)
    expected = sm.GLM([each.outcome for each in rows], design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": [each.cluster for each in rows], "use_correction": False}
    )

    differences = [found.difference("B", "A"), found.difference("C", "A")]
    estimates = [*map(known, differences), found.coefficients["first"], found.coefficients["length"]]
    assert [each.mean for each in estimates] == pytest.approx(list(expected.params), abs=1e-7)
    assert list(map(error, estimates)) == pytest.approx(list(expected.bse), rel=1e-6)
    half = 1.959963985 * expected.bse[0]
    assert estimates[0].low == pytest.approx(expected.params[0] - half)


def test_intervals_hold_what_was_simulated() -> None:
    """Of half the prompts a model wins 9 games in 10, of the others 3: over prompts 95 % hold the 6, over games fewer."""
    draw = random.Random(0)
    held = held_alone = 0
    for _ in range(300):
        chances = [draw.choice((0.9, 0.3)) for _ in range(60)]
        rows = [
            Comparison("A", "B", float(draw.random() < likely), prompt)
            for prompt, likely in enumerate(chances)
            for _ in range(4)
        ]
        held += _holds(known(bradley_terry(rows).win_rate("A", "B")), 0.6)
        held_alone += _holds(known(bradley_terry(alone(rows)).win_rate("A", "B")), 0.6)
    print(f"{held / 300:.3f} of the intervals over prompts hold it, {held_alone / 300:.3f} of those over games")
    assert held / 300 >= 0.92
    assert held_alone / 300 < 0.85


def _holds(found: Estimate, value: float) -> bool:
    return found.low <= value <= found.high


def test_columns_that_cannot_be_told_from_ratings_are_penalised() -> None:
    """A was always shown first."""
    rows = [each._replace(columns=(1.0,)) for each in played("A", "B", 7, 3)]

    found = bradley_terry(rows, ["first"])

    assert found.is_penalised
    assert known(found.difference("A", "B")).mean > 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Comparison("A", "A", 1, 0), "'A' is compared with itself"),
        (Comparison("A", "B", 1.5, 0), "between 0 and 1 and its weight above 0, not 1.5, 1.0"),
        (Comparison("A", "B", math.nan, 0), "between 0 and 1"),
        (Comparison("A", "B", 1, 0, weight=0), "weight above 0, not 1, 0"),
        (Comparison("A", "B", 1, 0, columns=(1.0,)), "has 0 numbers in its columns"),
    ],
)
def test_what_is_no_comparison_is_refused(row: Comparison, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        bradley_terry([row])


def test_values_beyond_all_reckoning_are_said() -> None:
    rows = [each._replace(columns=(1e200,)) for each in THREE]

    with pytest.raises(ValueError, match="a column's values are too large"):
        bradley_terry(rows, ["length"])


def test_nothing_compared_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to rate"):
        bradley_terry([])
