"""Two runs compared: against published values, and against scipy and statsmodels."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from pytest_modeleval.paired import (
    binomial_tail,
    bonett_price,
    detectable_drop,
    holm,
    mcnemar,
    mcnemar_drop,
    needed_pairs,
    paired_t,
    paired_t_drop,
    student_quantile,
    student_tail,
)


@pytest.mark.parametrize(
    ("b", "c", "p"),
    [(10, 2, 0.03857422), (15, 5, 0.04138947), (20, 8, 0.03569814), (6, 0, 0.03125), (3, 3, 1.0), (0, 0, 1.0)],
)
def test_mcnemar_is_exact(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, abs=1e-8)
    assert mcnemar(c, b) == mcnemar(b, c)


def test_a_drop_is_tested_on_one_side() -> None:
    assert mcnemar_drop(10, 2) == pytest.approx(0.01928711, abs=1e-8)
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


def test_a_paired_t_test() -> None:
    differences = [float(b - a) for a, b in zip(A, B, strict=True)]
    found = paired_t(differences, confidence=0.95)

    # SE .17950549, t = .55708601 with 9 degrees of freedom.
    assert found.mean == pytest.approx(0.1)
    assert found.high - found.mean == pytest.approx(0.17950549 * stats.t.ppf(0.975, 9), abs=1e-7)
    assert paired_t_drop(differences) == pytest.approx(1 - 0.59105122 / 2, abs=1e-8)
    assert paired_t_drop([-d for d in differences]) == pytest.approx(0.59105122 / 2, abs=1e-8)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=2, max_size=50))
def test_the_t_test_is_scipys(differences: list[float]) -> None:
    if len(set(differences)) == 1:
        assert paired_t_drop(differences) == (0.0 if differences[0] < 0 else 1.0)
        return

    expected = stats.ttest_1samp(differences, 0, alternative="less").pvalue
    assert paired_t_drop(differences) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_no_interval_leaves_what_a_change_can_be(sign: int) -> None:
    by_t = paired_t([sign * 1.0] * 3 + [sign * -0.5], confidence=0.95)
    by_pairs = bonett_price(*((0, 3) if sign > 0 else (3, 0)), 3, confidence=0.999)

    assert (by_t.high if sign > 0 else by_t.low) == sign
    assert (by_pairs.high if sign > 0 else by_pairs.low) == sign


def test_one_pair_tells_nothing() -> None:
    assert (paired_t([-1.0], confidence=0.9).low, paired_t([-1.0], confidence=0.9).high) == (-1, 1)
    assert paired_t_drop([-1.0]) == 1


@given(st.floats(-50, 50), st.integers(1, 10_000))
def test_students_tail_is_scipys(t: float, df: int) -> None:
    assert student_tail(t, df) == pytest.approx(stats.t.sf(t, df), rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("df", [1, 2, 9, 198, 100_000])
@pytest.mark.parametrize("probability", [0.6, 0.95, 0.975, 0.9995])
def test_students_quantile_is_scipys(df: int, probability: float) -> None:
    assert student_quantile(probability, df) == pytest.approx(stats.t.ppf(probability, df), rel=1e-9)


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
