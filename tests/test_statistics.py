"""Formulas against published and hand-checked values."""

import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_modeleval.statistics import means as statistics
from pytest_modeleval.statistics.means import (
    Estimate,
    estimate,
    harmonic_mean,
    pass_at_k,
    pass_hat_k,
    vote_at_k,
    wilson,
)
from pytest_modeleval.statistics.student import quantile, tail


def test_seven_of_ten() -> None:
    """1,0,1,1,0,1,1,0,1,1: SE by Miller 2024 (arXiv:2411.00640), the interval by Wilson 1927."""
    found = estimate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1])

    assert found is not None
    assert found.mean == pytest.approx(0.7)
    assert found.standard_error == pytest.approx(0.15275252)
    assert found.low == pytest.approx(0.39678, abs=5e-6)
    assert found.high == pytest.approx(0.89221, abs=5e-6)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 50, 1000])
@pytest.mark.parametrize("value", [0.25, 0.5, 0.9])
def test_equal_values_have_gaffkes_interval(n: int, value: float) -> None:
    """P(ΣD·x ≥ m) is ((1−m)/(1−x))ⁿ when all values are x, and the lower end is the mirrored one."""
    found = estimate([value] * n)

    assert found is not None
    assert found.low == pytest.approx(value * 0.025 ** (1 / n), abs=0.003)
    assert found.high == pytest.approx(1 - (1 - value) * 0.025 ** (1 / n), abs=0.003)
    assert found.low < value < found.high


def test_other_values_have_gaffkes_interval() -> None:
    """The upper end of 0, ½, ½, 1 is the 97.5 % quantile 0.87777 of ΣD·x by a million draws."""
    found = estimate([0.5, 1.0, 0.0, 0.5])

    assert found is not None
    assert found.standard_error == pytest.approx(math.sqrt(0.5 / 3 / 4))
    assert [found.low, found.high] == pytest.approx([0.12223, 0.87777], abs=0.001)


def test_right_and_wrong_answers_of_two_weights_have_nearly_clopper_and_pearsons() -> None:
    """7 of 10: [.34755, .93326]; the weights that hardly differ keep it from being Wilson's."""
    found = estimate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1], [1.0] * 9 + [1.0000001])

    assert found is not None
    assert [found.low, found.high] == pytest.approx([0.34755, 0.93326], abs=0.0005)


POPULATIONS: dict[str, tuple[Callable[[random.Random], float], float]] = {
    "all equal": (lambda _: 0.25, 0.25),
    "two points": (lambda r: 0.25 + 0.5 * (r.random() < 0.5), 0.5),
    "two rare points": (lambda r: 1.0 if r.random() < 0.9 else 0.5, 0.95),
    "uniform": (lambda r: r.random(), 0.5),
    "means of 4 repeats": (lambda r: sum(r.random() < 0.9 for _ in range(4)) / 4, 0.9),
}


@pytest.mark.parametrize("n", [3, 10, 50])
@pytest.mark.parametrize("population", POPULATIONS)
def test_the_interval_holds_the_mean_of_every_population(n: int, population: str) -> None:
    """By a normal interval 0 % (all equal) to 93 % of them do."""
    random_ = random.Random(f"{population} {n}")
    draw, mean = POPULATIONS[population]

    held = 0
    for _ in range(200):
        found = estimate([draw(random_) for _ in range(n)], [2.0] * (n - 1) + [2.0000001])
        assert found is not None
        held += found.low <= mean <= found.high

    print(f"{population}, {n} values: {held / 200:.3f} of the intervals hold the mean")
    assert held / 200 >= 0.94


def test_the_interval_of_many_values_is_the_normal_one() -> None:
    random_ = random.Random(0)
    found = estimate([random_.betavariate(0.5, 0.5) for _ in range(2000)])

    assert found is not None
    assert found.standard_error is not None
    assert found.high - found.mean == pytest.approx(1.96 * found.standard_error, rel=0.02)
    assert found.mean - found.low == pytest.approx(1.96 * found.standard_error, rel=0.02)


UNIFORM = [random.Random(n).random() for n in range(10_000)]


@pytest.mark.parametrize(
    "values",
    [[0.3], [1.0], [0.1, 0.9], [0.5, 0.5], [0.25, 0.5, 1.0], [0.25] * 10, [0.9] * 1000, [0.25, 0.75] * 50, UNIFORM],
    ids=["1", "1 of one", "2", "2 equal", "3", "10 equal", "1,000 equal", "two points", "uniform"],
)
def test_the_end_of_an_interval_is_where_the_chance_is_half_of_what_is_left(
    values: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []
    quantile = statistics._Tail.quantile

    def counting(tail: statistics._Tail, mean: float) -> float:
        looked.append(mean)
        return quantile(tail, mean)

    monkeypatch.setattr(statistics._Tail, "quantile", counting)

    _, high = statistics.bounded_mean(values, [1.0] * len(values), confidence=0.95)
    counted = len(looked)

    low, end = math.fsum(values) / len(values), 1.0
    for _ in range(30):
        middle = (low + end) / 2
        low, end = (middle, end) if statistics.chance_of_mean(values, middle) > 0.025 else (low, middle)
    assert high == pytest.approx(end, abs=1e-6)
    # Halving alone takes 60 for both ends.
    assert counted <= 35


def test_the_order_of_values_changes_no_digit() -> None:
    values = [random.Random(0).random() for _ in range(30)]

    assert estimate(values) == estimate(sorted(values))


def test_nothing_scored_is_no_score() -> None:
    assert estimate([]) is None


def test_one_value_has_no_error() -> None:
    found = estimate([0.25])

    assert found is not None
    assert (found.mean, found.standard_error) == (0.25, None)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_in_bounds(case: tuple[int, int]) -> None:
    right, n = case
    low, high = wilson(right, n)

    assert 0 <= low <= right / n <= high <= 1
    mirrored_low, mirrored_high = wilson(n - right, n)
    assert low == pytest.approx(1 - mirrored_high)
    assert high == pytest.approx(1 - mirrored_low)


@example([0.0, 8.789307611694439e-07])
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
    one, two = Estimate(0.6, 0.02, 0.4, 0.7), Estimate(0.9, 0.01, 0.8, 0.95)
    found = harmonic_mean(one, two)

    # dF/da = 2b²/(a+b)² = 0.72, dF/db = 2a²/(a+b)² = 0.32
    assert found.mean == pytest.approx(0.72)
    assert found.standard_error == pytest.approx(math.hypot(0.72 * 0.02, 0.32 * 0.01))
    # MOVER: the distances of the parts' ends in place of their errors.
    assert found.high - found.mean == pytest.approx(math.hypot(0.72 * 0.1, 0.32 * 0.05))
    assert found.mean - found.low == pytest.approx(math.hypot(0.72 * 0.2, 0.32 * 0.1))


@pytest.mark.parametrize(("right", "mean"), [(0.0, 0.0), (1.0, 1.0)])
def test_a_harmonic_mean_of_sure_parts_has_an_interval(right: float, mean: float) -> None:
    part = estimate([right] * 5)
    assert part is not None

    found = harmonic_mean(part, part)

    assert found.mean == mean
    assert found.high - found.low > 0.3


@pytest.mark.parametrize(
    ("probability", "freedom", "t"),
    # From tables (Abramowitz and Stegun, 26.10).
    [
        (0.975, 1, 12.706),
        (0.95, 3, 2.353),
        (0.975, 9, 2.262),
        (0.95, 30, 1.697),
        (0.975, 120, 1.980),
        (0.975, 10**6, 1.960),
    ],
)
def test_students_quantiles_are_those_of_tables(probability: float, freedom: int, t: float) -> None:
    assert quantile(probability, freedom) == pytest.approx(t, abs=5e-4)


@given(st.floats(-50, 50), st.integers(1, 300))
def test_students_tails_are_symmetric_and_undo_quantiles(t: float, freedom: int) -> None:
    assert tail(t, freedom) + tail(-t, freedom) == pytest.approx(1)
    if 1e-9 < tail(abs(t), freedom) < 0.5:
        assert quantile(1 - tail(abs(t), freedom), freedom) == pytest.approx(abs(t), rel=1e-5, abs=1e-8)


def test_scores_without_an_end_have_students_interval() -> None:
    found = estimate([1, 0, 1, 1, 0, 1, 1, 0, 1, 1], ends=(-math.inf, math.inf))

    assert found is not None
    # By scipy.stats.t.interval.
    assert (found.low, found.high) == pytest.approx((0.3544, 1.0456), abs=1e-4)


def test_an_interval_ends_where_the_range_does() -> None:
    one = estimate([3.0], ends=(0, math.inf))
    rated = estimate([1, 5, 5], ends=(1, 5))
    shares = estimate([0, 1, 1])

    assert one is not None
    assert rated is not None
    assert shares is not None
    assert (one.low, one.high, one.standard_error) == (0, math.inf, None)
    assert (rated.low, rated.high) == pytest.approx((1 + 4 * shares.low, 1 + 4 * shares.high))
