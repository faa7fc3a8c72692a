"""Percentiles, their intervals, and memory."""

import math
import random
from array import array

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.figures.distribution import Distribution, ranks

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=200)


@given(VALUES, st.floats(0, 100))
def test_percentiles_are_numpys(values: list[float], p: float) -> None:
    assert Distribution(values).percentile(p) == pytest.approx(float(np.percentile(values, p)), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "p", "expected"),
    [
        pytest.param([7.0], 99, 7.0, id="one value"),
        pytest.param([1.0, 2.0], 50, 1.5, id="between two"),
        pytest.param([1.0, 2.0, 3.0, 4.0], 25, 1.75, id="a quarter"),
        pytest.param([3.0, 1.0, 2.0], 100, 3.0, id="the last is the largest"),
        pytest.param([3.0, 1.0, 2.0], 0, 1.0, id="the first is the smallest"),
        pytest.param(list(map(float, range(1, 101))), 99, 99.01, id="p99 of 1 to 100"),
        pytest.param(list(map(float, range(1, 1001))), 99.9, 999.001, id="p99.9 of 1 to 1000"),
    ],
)
def test_percentiles_by_hand(values: list[float], p: float, expected: float) -> None:
    assert Distribution(values).percentile(p) == pytest.approx(expected)


@given(VALUES)
def test_mean_and_ends(values: list[float]) -> None:
    found = Distribution()
    for value in values:
        found.add(value)

    assert (found.min, found.max, len(found)) == (min(values), max(values), len(values))
    assert found.mean == pytest.approx(math.fsum(values) / len(values))


def test_a_value_counts_as_often_as_it_is_said_to() -> None:
    found = Distribution()
    found.extend([1.0] * 3)
    found.add(5.0)

    assert (found.mean, found.percentile(50), found.percentile(100), len(found)) == (2.0, 1.0, 5.0, 4)


def test_buckets_are_within_a_thousandth() -> None:
    draw = random.Random(1)
    values = [draw.lognormvariate(-4, 1.5) for _ in range(20_000)] + [0.0] * 100
    found = Distribution(exact=1_000)
    for value in values:
        found.add(value)

    assert len(found) == len(values)
    assert not found._values, "what is counted in buckets is not kept too"
    for p in (1, 10, 50, 90, 99, 99.9):
        assert found.percentile(p) == pytest.approx(float(np.percentile(values, p)), rel=2e-3)
    assert (found.percentile(0), found.percentile(100)) == (min(values), max(values))
    assert found.mean == pytest.approx(float(np.mean(values)))


# The largest l and the smallest u with P(X < l+1) <= .025 and P(X < u+1) >= .975.
@pytest.mark.parametrize(
    ("n", "share"), [(10, 0.5), (100, 0.5), (100, 0.9), (300, 0.99), (5_000, 0.99), (10**6, 0.999)]
)
def test_ranks_are_the_binomials(n: int, share: float) -> None:
    below = scipy.stats.binom(n, share).cdf(np.arange(n + 1))
    lows = np.nonzero(below <= 0.025)[0]
    (high, *_) = np.nonzero(below >= 0.975)[0]

    assert ranks(n, share) == (int(lows[-1]) if len(lows) else None, int(high) if high < n else None)


@pytest.mark.parametrize(
    ("share", "bounds"), [(0.5, (None, None)), (0.99, (0, None)), (0.01, (None, 0))], ids=["p50", "p99", "p1"]
)
def test_ranks_of_one_value(share: float, bounds: tuple[int | None, int | None]) -> None:
    """P(X = 0) = 1 - share: below 2.5 % the value is a lower bound, above 97.5 % an upper one."""
    assert ranks(1, share) == bounds


def test_the_interval_of_one_value() -> None:
    one = Distribution([5.0])

    assert [one.interval(p) for p in (1, 50, 99)] == [(-math.inf, 5), (-math.inf, math.inf), (5, math.inf)]
    assert Distribution([4.0, 5.0, 6.0]).interval(99, independent=1) == (4, math.inf)
    # P(X <= 1 of 2) = 97.75 %: the second of two independent values is the third of three.
    assert Distribution([4.0, 5.0, 6.0]).interval(15, independent=2)[1] == 6


@given(st.lists(st.floats(0, 1e3), min_size=30, max_size=80), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_of_a_mean_is_the_normals(values: list[float], confidence: float) -> None:
    n = len(values)
    low, high = scipy.stats.norm.interval(confidence, np.mean(values), np.std(values, ddof=1) / math.sqrt(n) or 1e-300)

    assert Distribution(values).mean_interval(confidence=confidence) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


def test_the_interval_of_a_mean_covers_as_often_as_it_says() -> None:
    draw = random.Random(11)
    rounds = 400
    ends = [Distribution([draw.gauss(5, 2) for _ in range(60)]).mean_interval() for _ in range(rounds)]

    # 95 % is promised, of a normal's 60 values 94.6 %; within 3 standard deviations of the count.
    hits = sum(low <= 5 <= high for low, high in ends)
    assert hits / rounds == pytest.approx(0.946, abs=3 * math.sqrt(0.95 * 0.05 / rounds))


def test_intervals_that_the_values_cannot_bound_are_infinite() -> None:
    few = Distribution(list(map(float, range(100))))

    assert few.interval(99)[1] == math.inf
    assert few.interval(1)[0] == -math.inf
    assert few.interval(99)[0] < few.percentile(99)
    # 0.99^299 < 5 %: the first number of values whose largest bounds p99 from above on one side at 95 %.
    assert Distribution(array("d", range(298))).interval(99, confidence=0.9)[1] == math.inf
    assert Distribution(array("d", range(299))).interval(99, confidence=0.9)[1] == 298


@pytest.mark.parametrize("p", [50, 90, 99])
def test_the_interval_covers_as_often_as_it_says(p: float) -> None:
    draw = random.Random(7)
    truth = -math.log(1 - p / 100)
    rounds = 600
    hits = 0
    for _ in range(rounds):
        low, high = Distribution([draw.expovariate(1.0) for _ in range(400)]).interval(p)
        hits += low <= truth <= high

    # At least 95 % is promised; 3 standard deviations of the count below that.
    assert hits / rounds >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / rounds)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.sampled_from([50.0, 90.0, 99.0]))
def test_the_percentile_is_within_its_interval(values: list[float], p: float) -> None:
    found = Distribution(values)
    low, high = found.interval(p)

    assert low <= found.percentile(p) <= high
