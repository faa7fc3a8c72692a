"""Formulas against published and hand-checked values."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.statistics import Estimate, estimate, harmonic_mean, pass_at_k, pass_hat_k, vote_at_k, wilson


def test_seven_of_ten() -> None:
    """1,0,1,1,0,1,1,0,1,1: SE by Miller 2024 (arXiv:2411.00640), the interval by Wilson 1927."""
    found = estimate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1])

    assert found is not None
    assert found.mean == pytest.approx(0.7)
    assert found.standard_error == pytest.approx(0.15275252)
    assert found.low == pytest.approx(0.39678, abs=5e-6)
    assert found.high == pytest.approx(0.89221, abs=5e-6)


def test_means_of_repeats_have_a_normal_interval() -> None:
    found = estimate([0.5, 1.0, 0.0, 0.5])

    assert found is not None
    error = math.sqrt(0.5 / 3 / 4)
    assert found.standard_error == pytest.approx(error)
    assert found.low == pytest.approx(0.5 - 1.959964 * error, abs=1e-6)


def test_nothing_scored_is_no_score() -> None:
    assert estimate([]) is None


def test_one_value_has_no_error() -> None:
    found = estimate([0.25])

    assert found is not None
    assert (found.mean, found.standard_error, found.low) == (0.25, None, None)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_in_bounds(case: tuple[int, int]) -> None:
    right, n = case
    low, high = wilson(right, n)

    assert 0 <= low <= right / n <= high <= 1
    mirrored_low, mirrored_high = wilson(n - right, n)
    assert low == pytest.approx(1 - mirrored_high)
    assert high == pytest.approx(1 - mirrored_low)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_the_mean_lies_in_its_interval(values: list[float]) -> None:
    found = estimate(values)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1


def test_a_weighted_mean_is_that_of_the_pooled_parts() -> None:
    """ifeval's instruction level: 2 of 3 and 1 of 1 instructions are 3 of 4."""
    found = estimate([2 / 3, 1.0], [3, 1])

    assert found is not None
    assert found.mean == pytest.approx(0.75)
    # √(2·((3·(2/3−3/4))² + (1−3/4)²))/4
    assert found.standard_error == pytest.approx(0.125)


def test_weights_that_are_equal_change_nothing() -> None:
    values = [1.0, 0.0, 1.0, 1.0]

    assert estimate(values, [2.0] * 4) == estimate(values)


@pytest.mark.parametrize(
    ("n", "right", "k", "at_least_one", "all_of_them"),
    [
        (10, 3, 5, 0.91666667, 0.0),
        (200, 50, 10, 0.94790637, 4.575e-7),
        (5, 4, 3, 1.0, 0.4),
        (16, 8, 4, 0.96153846, 0.03846154),
        (1, 1, 1, 1.0, 1.0),
        (4, 0, 4, 0.0, 0.0),
    ],
)
def test_pass_at_k_is_unbiased(n: int, right: int, k: int, at_least_one: float, all_of_them: float) -> None:
    """Chen et al. 2021 and Yao et al. 2024, computed with exact fractions."""
    assert pass_at_k(n, right, k) == pytest.approx(at_least_one)
    assert pass_hat_k(n, right, k) == pytest.approx(all_of_them, rel=1e-3)


def test_pass_at_k_is_the_mean_over_every_draw_of_k() -> None:
    answers = [True, True, False, False, False, True, False]
    draws = list(itertools.combinations(answers, 3))

    assert pass_at_k(7, 3, 3) == pytest.approx(sum(map(any, draws)) / len(draws))
    assert pass_hat_k(7, 3, 3) == pytest.approx(sum(map(all, draws)) / len(draws))


def test_fewer_answers_than_k_tell_nothing() -> None:
    with pytest.raises(ValueError, match="2 answers tell nothing about 3"):
        pass_at_k(2, 1, 3)


@pytest.mark.parametrize(
    ("answers", "k", "score"),
    [
        ([("a", 0.0), ("b", 1.0), ("b", 1.0)], 3, 1.0),
        ([("a", 0.0), ("b", 1.0), ("b", 1.0)], 2, 0.0),
        ([("b", 1.0), ("a", 0.0), ("a", 0.0), ("b", 1.0)], 4, 1.0),
    ],
    ids=["majority", "only the first k", "a tie goes to the first"],
)
def test_a_vote_is_the_most_frequent_answers_score(answers: list[tuple[str, float]], k: int, score: float) -> None:
    assert vote_at_k(answers, k) == score


def test_a_harmonic_mean_has_the_delta_methods_error() -> None:
    one, two = Estimate(0.6, 0.02, 0, 1), Estimate(0.9, 0.01, 0, 1)
    found = harmonic_mean(one, two)

    # dF/da = 2b²/(a+b)² = 0.72, dF/db = 2a²/(a+b)² = 0.32
    assert found.mean == pytest.approx(0.72)
    assert found.standard_error == pytest.approx(math.hypot(0.72 * 0.02, 0.32 * 0.01))
    assert harmonic_mean(Estimate(0, None, 0, 0), Estimate(0, None, 0, 0)).mean == 0
