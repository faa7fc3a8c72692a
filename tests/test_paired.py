"""Two runs compared: against published values, and against scipy and statsmodels."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pytest_modeleval.statistics.paired import (
    binomial_tail,
    bonett_price,
    detectable_drop,
    holm,
    mcnemar_drop,
    mean_change,
    mean_drop,
    needed_pairs,
    open_change,
    open_drop,
)


@pytest.mark.parametrize(
    ("b", "c", "two_sided"), [(10, 2, 0.03857422), (15, 5, 0.04138947), (20, 8, 0.03569814), (6, 0, 0.03125)]
)
def test_mcnemar_is_exact(b: int, c: int, two_sided: float) -> None:
    assert mcnemar_drop(b, c) == pytest.approx(two_sided / 2, abs=1e-8)


def test_a_drop_is_tested_on_one_side() -> None:
    assert mcnemar_drop(2, 10) > 0.99
    assert mcnemar_drop(0, 0) == 1


@given(st.integers(0, 5000), st.data())
def test_tails_are_scipys(m: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, m))

    assert binomial_tail(m, k) == pytest.approx(stats.binom.sf(k - 1, m, 0.5), rel=1e-9)


@pytest.mark.parametrize(
    ("b", "c", "n", "low", "high"), [(10, 2, 100, 0.008164, 0.148699), (20, 8, 200, 0.006897, 0.111915)]
)
def test_bonett_price(b: int, c: int, n: int, low: float, high: float) -> None:
    """The published interval is that of a drop: its ends change sign and place."""
    found = bonett_price(b, c, n, confidence=0.95)

    assert found.mean == (c - b) / n
    assert [-found.high, -found.low] == pytest.approx([low, high], abs=1e-6)


A = [1, 0, 1, 1, 0, 1, 1, 0, 1, 1]
B = [1, 1, 1, 1, 0, 1, 1, 1, 1, 0]


def test_a_mean_change_is_nearly_students_where_there_are_many_samples() -> None:
    """A of 4.1 and B of 4.4 in the reference: SE .17950549 for 10 samples, here each 100 times."""
    differences = [float(b - a) for a, b in zip(A, B, strict=True)] * 100
    found = mean_change(differences, confidence=0.95)

    half = 1.96 * 0.17950549 * math.sqrt(9 / 999)
    assert found.mean == pytest.approx(0.1)
    assert [found.low, found.high] == pytest.approx([0.1 - half, 0.1 + half], abs=0.002)
    assert mean_drop(differences) > 0.999
    assert mean_drop([-d for d in differences[:300]]) == pytest.approx(
        stats.ttest_1samp([-d for d in differences[:300]], 0, alternative="less").pvalue, abs=0.001
    )


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=50))
def test_a_mean_drop_is_rarer_than_the_t_test_says(differences: list[float]) -> None:
    found = mean_change(differences, confidence=0.9)
    p_value = mean_drop(differences)

    assert -1 <= found.low <= found.mean <= found.high <= 1
    # The p-value and the interval's end are two sides of one thing.
    assert (p_value <= 0.05) == (found.high <= 1e-8)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_interval_leaves_what_a_change_can_be(sign: int) -> None:
    by_mean = mean_change([sign * 1.0] * 3 + [sign * -0.5], confidence=0.95)
    by_pairs = bonett_price(*((0, 3) if sign > 0 else (3, 0)), 3, confidence=0.999)

    assert -1 <= by_mean.low <= by_mean.high <= 1
    assert (by_pairs.high if sign > 0 else by_pairs.low) == sign


@pytest.mark.parametrize(("difference", "n"), [(0.0, 1), (0.0, 3), (-0.25, 3), (-1.0, 1)])
def test_a_few_equal_differences_tell_little(difference: float, n: int) -> None:
    """Student's interval has no width here."""
    found = mean_change([difference] * n, confidence=0.9)

    assert found.low < difference - 0.2 or difference == -1
    assert found.high > difference + 0.2
    # All equal: P(E·(1−m) ≥ Γ(n)·(m−x)) = ((1−m)/(1−x))ⁿ at m = ½.
    assert mean_drop([difference] * n) == pytest.approx(min(1, (1 / (1 - difference)) ** n), abs=0.006)


def test_holm_on_ten_p_values() -> None:
    raw = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]

    assert holm(raw) == pytest.approx([0.010, 0.072, *[0.312] * 2, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615], abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels(raw: list[float]) -> None:
    assert holm(raw) == pytest.approx(list(multipletests(raw, method="holm")[1]))


@pytest.mark.parametrize(("discordance", "drop", "n"), [(0.10, 0.02, 1960), (0.10, 0.03, 870), (0.05, 0.01, 3922)])
def test_what_n_can_see(discordance: float, drop: float, n: int) -> None:
    """The published sample sizes are for a two-sided 5 %, so for a one-sided 2.5 %."""
    assert detectable_drop(n, discordance, alpha=0.025) == pytest.approx(drop, rel=1e-3)


def test_what_n_can_see_is_found_by_simulation() -> None:
    random_ = random.Random(0)
    n, discordance = 400, 0.1
    drop = detectable_drop(n, discordance, alpha=0.05)
    lost = (discordance + drop) / 2
    found = 0
    for _ in range(1000):
        draws = [random_.random() for _ in range(n)]
        b, c = sum(u < lost for u in draws), sum(lost <= u < discordance for u in draws)
        found += mcnemar_drop(b, c) <= 0.05

    assert found / 1000 == pytest.approx(0.8, abs=0.07)


def test_how_many_pairs_a_margin_needs() -> None:
    n = needed_pairs(0.02, 0.1, alpha=0.05)
    spread = math.sqrt(0.1 / n)

    # An unchanged model's lower bound stays above −2 pp in four of five runs.
    assert stats.norm.cdf((0.02 - stats.norm.ppf(0.95) * spread) / spread) == pytest.approx(0.8, abs=0.001)
    assert needed_pairs(0.01, 0.1, alpha=0.05) == pytest.approx(4 * n, rel=0.01)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40).filter(lambda values: len({*values}) > 1))
def test_differences_without_bounds_are_weighed_as_scipy_does(differences: list[int]) -> None:
    expected = stats.ttest_1samp(differences, 0, alternative="less")
    low, high = (
        expected.confidence_interval(0.95)[1],
        -stats.ttest_1samp([-d for d in differences], 0, alternative="less").confidence_interval(0.95)[1],
    )

    found = open_change(differences, confidence=0.9)

    assert (found.high, found.low) == pytest.approx((low, high), rel=1e-4, abs=1e-6)
    if found.mean < 0:
        assert open_drop(differences) == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(
    ("differences", "p_value"), [([-3.0], 1.0), ([0.0, 0.0], 1.0), ([1.0, 2.0], 1.0), ([-1.0] * 5, 1 / 32)]
)
def test_what_students_test_cannot_weigh_proves_no_drop(differences: list[float], p_value: float) -> None:
    assert open_drop(differences) == p_value
