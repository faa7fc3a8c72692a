"""Evidence that may be looked at after every pair."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from pytest_modeleval.statistics.sequential import Within, Worse


@pytest.mark.parametrize(
    ("b", "c", "evidence"),
    [(0, 0, 1), (5, 0, 10.5), (6, 0, 18.142857), (10, 2, 9.440559), (20, 8, 5.884463), (2, 10, 0.107226)],
)
def test_the_evidence_of_so_many_regressions_and_fixes(b: int, c: int, evidence: float) -> None:
    assert Worse(b, c).evidence == pytest.approx(evidence, rel=1e-5)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_evidence_is_the_mixture_it_claims_to_be(b: int, c: int) -> None:
    """The likelihood ratio against a fair coin, averaged over every chance of a regression above one half."""
    mixture, _ = integrate.quad(lambda p: 2 * (2 * p) ** b * (2 * (1 - p)) ** c, 0.5, 1, epsrel=1e-10)

    assert Worse(b, c).evidence == pytest.approx(mixture, rel=1e-6)


def test_evidence_for_a_fair_coin_shrinks_on_average() -> None:
    """The mean over all sequences of eight fair pairs is at most 1, which is what makes it an e-value."""
    total = 0.0
    for sequence in range(2**8):
        one = Worse()
        for place in range(8):
            one.add(-1 if sequence >> place & 1 else 1)
        total += one.evidence

    assert total / 2**8 <= 1 + 1e-9


def test_equal_scores_tell_nothing_and_the_most_evidence_is_kept() -> None:
    one = Worse()
    for difference in [-1, 0, -0.5, -1, 0, -1, -1]:
        one.add(difference)
    before = one.p_value
    for _ in range(20):
        one.add(1)

    assert one.regressions == 5
    assert before == pytest.approx(1 / 10.5)
    assert (one.p_value, one.evidence < 1) == (before, True)


@pytest.mark.parametrize(("b", "c"), [(46, 20), (13, 0), (40, 14)])
def test_a_change_at_the_margin_passes_in_few_orders(b: int, c: int) -> None:
    """The full run's change is exactly −2 % of 1,300: whatever the order, at most 5 % of them may pass."""
    total, random_ = 1300, random.Random(0)
    differences = [-1.0] * b + [1.0] * c + [0.0] * (total - b - c)
    margin = (b - c) / total
    passed = 0
    for _ in range(200):
        random_.shuffle(differences)
        test = Within(total, margin)
        for difference in differences[:-1]:
            test.add(difference)
        passed += test.most >= 20

    assert passed / 200 <= 0.09, "5 % with the error of 200 runs"


def test_an_unchanged_model_passes_before_its_end() -> None:
    total, random_ = 1319, random.Random(0)
    test = Within(total, 0.02)
    while test.most < 20:
        u = random_.random()
        test.add(-1.0 if u < 0.017 else 1.0 if u < 0.034 else 0.0)

    assert 100 < test.seen < 1000


def test_the_first_bet_is_what_twenty_imagined_pairs_say() -> None:
    """Of 1,000 pairs with a margin of 2 points: an edge of 0.01 over a variance of 0.05 / 4, and a gain of 0.01."""
    test = Within(1000, 0.02)

    test.add(0.0)

    assert test.most == pytest.approx(1 + 0.01 / (0.05 / 4 + 0.01**2) * 0.01)


def test_nothing_is_staked_while_regressions_lead() -> None:
    test = Within(1000, 0.02)
    test.add(-1.0)
    wealth = test._log_wealth

    test.add(1.0)

    assert test._log_wealth == wealth < 0


def test_where_only_regressions_would_reach_the_margin_one_that_is_none_decides() -> None:
    """Of four pairs at a margin of a half, after one fix: three regressions make a change of exactly -0.5."""
    certain, still_open = Within(4, 0.5), Within(4, 0.5)

    for test, second in ((certain, 0.0), (still_open, -1.0)):
        test.add(1.0)
        test.add(second)

    assert certain.p_value < 1e-100
    assert still_open.p_value > 0.01


def test_what_cannot_fail_any_more_is_certain() -> None:
    test = Within(10, 0.5)
    for _ in range(8):
        test.add(0.0)

    assert test.p_value < 1e-100
