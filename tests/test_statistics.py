"""Formulas against published and hand-checked values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.statistics import estimate, wilson


def test_seven_of_ten() -> None:
    """1,0,1,1,0,1,1,0,1,1: SE by Miller 2024 (arXiv:2411.00640), the interval by Wilson 1927."""
    found = estimate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1], binary=True)

    assert found is not None
    assert found.mean == pytest.approx(0.7)
    assert found.standard_error == pytest.approx(0.15275252)
    assert found.low == pytest.approx(0.39678, abs=5e-6)
    assert found.high == pytest.approx(0.89221, abs=5e-6)


def test_means_of_repeats_have_a_normal_interval() -> None:
    found = estimate([0.5, 1.0, 0.0, 0.5], binary=False)

    assert found is not None
    error = math.sqrt(0.5 / 3 / 4)
    assert found.standard_error == pytest.approx(error)
    assert found.low == pytest.approx(0.5 - 1.959964 * error, abs=1e-6)


def test_nothing_scored_is_no_score() -> None:
    assert estimate([], binary=True) is None


def test_one_value_has_no_error() -> None:
    found = estimate([0.25], binary=False)

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
    found = estimate(values, binary=False)

    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1
