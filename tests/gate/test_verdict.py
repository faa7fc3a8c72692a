"""Passed, failed, inconclusive."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.gate.ledger import Ledger, Outcome
from pytest_modeleval.gate.verdict import Result, adjusted, against_least, compared
from pytest_modeleval.record import Record
from pytest_modeleval.statistics.scale import Scale


def outcomes(scores: list[float], repeats: int = 1) -> dict[str, Outcome]:
    return {f"main-{i:05}": Outcome("h", score, repeats, 0.0) for i, score in enumerate(scores)}


def binary(n: int, b: int, c: int) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """Two runs of n samples with b regressions and c fixes."""
    before = [1.0] * b + [0.0] * c + [1.0] * (n - b - c)
    after = [0.0] * b + [1.0] * c + [1.0] * (n - b - c)
    return outcomes(before), outcomes(after)


@pytest.mark.parametrize(
    ("n", "b", "c", "margin", "result"),
    [
        (1319, 22, 23, 0.02, Result.PASSED),
        (1319, 90, 30, 0.02, Result.FAILED),
        (100, 10, 2, 0.01, Result.FAILED),
        (100, 4, 2, 0.01, Result.INCONCLUSIVE),
        (1319, 0, 0, 0.01, Result.PASSED),
        (10, 0, 0, 0.01, Result.INCONCLUSIVE),
        (20000, 150, 100, 0.01, Result.PASSED),
    ],
    ids=["noise", "worse", "worse-small", "too few", "the same", "the same but few", "worse, within the margin"],
)
def test_three_outcomes(n: int, b: int, c: int, margin: float, result: Result) -> None:
    found = compared("x", *binary(n, b, c), margin=margin)

    assert found.result is result
    assert (found.n, found.regressions, found.fixes) == (n, b, c)
    assert found.change == (c - b) / n


def test_the_figures_are_those_of_the_tests() -> None:
    found = compared("x", *binary(100, 10, 2), margin=0.01)

    # One-sided exact McNemar; the 90 % interval's ends are one-sided bounds at 5 %.
    assert found.p_value == pytest.approx(0.01928711, abs=1e-8)
    assert -0.148699 < found.low < found.change < found.high < -0.008164
    assert found.detectable == pytest.approx(0.083, abs=0.005)


def test_repeats_and_partial_scores_are_compared_by_gaffkes_bounds() -> None:
    random_ = random.Random(0)
    before = [random_.random() for _ in range(200)]
    worse = [max(0.0, score - 0.05 - 0.02 * random_.random()) for score in before]

    found = compared("x", outcomes(before, 4), outcomes(worse, 4), margin=0.01)

    assert found.result is Result.FAILED
    assert found.high < 0


@pytest.mark.parametrize(("n", "result"), [(1, "inconclusive"), (3, "inconclusive"), (1000, "passed")])
def test_a_few_equal_partial_scores_pass_no_gate(n: int, result: str) -> None:
    """A t-interval of equal differences has no width: three unchanged answers passed, three slightly worse ones failed."""
    same = compared("x", outcomes([0.5] * n, 4), outcomes([0.5] * n, 4), margin=0.01)
    worse = compared("x", outcomes([0.5] * 3, 4), outcomes([0.25] * 3, 4), margin=0.01)

    assert same.result.value == result
    assert worse.result is Result.INCONCLUSIVE


@pytest.mark.parametrize(("n", "result"), [(1, "inconclusive"), (4, "inconclusive"), (5, "passed")])
def test_a_few_equal_scores_without_an_end_pass_no_gate(n: int, result: str) -> None:
    scale = Scale(0, math.inf)
    # Whole numbers, and such as differ by rounding.
    before = [float(number + 1) for number in range(n)]
    worse = [score - 0.9 for score in before]

    same = compared("x", outcomes(before), outcomes(before), margin=0.01, scale=scale)
    fewer = compared("x", outcomes(before), outcomes(worse), margin=0.01, scale=scale)
    least = against_least("x", [Outcome("h", 7.0, 1, 0.0)] * n, 5, scale=scale)

    assert same.result.value == least.result.value == result
    assert fewer.result.value == ("failed" if n == 5 else "inconclusive")


@pytest.mark.parametrize(("n", "result"), [(3, "inconclusive"), (300, "passed")])
def test_a_least_score_is_not_reached_by_a_few_partial_scores(n: int, result: str) -> None:
    found = against_least("x", [Outcome("h", 0.75, 4, 0.1)] * n, 0.7)

    assert found.result.value == result


def test_nothing_in_common_is_never_passed() -> None:
    found = compared("x", outcomes([1.0]), {}, margin=0.5)

    assert (found.result, found.n) == (Result.INCONCLUSIVE, 0)


def test_one_failure_among_many_benchmarks_must_be_surer() -> None:
    alone = compared("x", *binary(100, 10, 2), margin=0.01)
    same = [compared(str(i), *binary(1319, 20, 20), margin=0.02) for i in range(4)]

    assert alone.result is Result.FAILED
    (first, *others) = adjusted([alone, *same])
    assert first.result is Result.INCONCLUSIVE
    assert first.p_value == pytest.approx(5 * alone.p_value)
    assert [verdict.result for verdict in others] == [Result.PASSED] * 4


def test_two_runs_of_one_model_are_rarely_called_worse() -> None:
    random_ = random.Random(0)
    false = 0
    for _ in range(400):
        draws = [random_.random() for _ in range(300)]
        b, c = sum(u < 0.05 for u in draws), sum(0.05 <= u < 0.1 for u in draws)
        false += compared("x", *binary(300, b, c), margin=0.0).result is Result.FAILED

    assert false / 400 <= 0.05


@pytest.mark.parametrize(
    ("right", "n", "least", "result"),
    [
        (90, 100, 0.80, Result.PASSED),
        (85, 100, 0.80, Result.INCONCLUSIVE),
        (75, 100, 0.80, Result.INCONCLUSIVE),
        (70, 100, 0.80, Result.FAILED),
        (3, 3, 0.80, Result.INCONCLUSIVE),
    ],
)
def test_a_threshold_looks_at_a_bound_and_not_at_the_mean(right: int, n: int, least: float, result: Result) -> None:
    samples = [Outcome("h", float(i < right), 1, 0.0) for i in range(n)]

    assert against_least("x", samples, least).result is result


def test_a_threshold_over_nothing_is_not_passed() -> None:
    assert against_least("x", [], 0.0).result is Result.INCONCLUSIVE


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0, 1))
def test_a_passed_threshold_is_below_the_score(scores: list[float], least: float) -> None:
    found = against_least("x", [Outcome("h", score, 2, 0.0) for score in scores], least)

    if found.result is Result.PASSED:
        assert found.score >= least - 1e-9
    assert found.low <= found.score + 1e-9


def record(**fields: object) -> Record:
    base = {"model": "m", "benchmark": "b", "subset": "s", "group": "", "index": 3, "repeat": 0, "outcome": "right"}
    return Record(**{**base, "scores": (("main", 1.0, 1.0), ("f1", 0.5, 1.0)), "sample": "h", **fields})  # type: ignore[arg-type]


def test_the_ledger_keeps_one_outcome_a_sample() -> None:
    ledger = Ledger()
    ledger.add(record(pins={"data": "x"}))
    ledger.add(record(repeat=1, outcome="wrong", scores=(("main", 0.0, 1.0),)))
    ledger.add(record(index=4, outcome="error", scores=()))
    ledger.add(record(index=5, outcome="unscored", scores=()))

    part = ledger.outcomes["m", "b"]
    assert part.samples == {"s-00003": Outcome("h", 0.5, 2, 0.5)}
    assert (part.pins, part.errors, part.asked) == ({"data": "x"}, 1, 3)
    assert (part.in_error, part.discordance) == ({"s-00004"}, 1.0)


def test_two_runs_beside_each_other_count_once_and_tell_the_noise() -> None:
    """Four samples asked twice, of which one differs."""
    ledger = Ledger(twice=True)
    for index in range(4):
        ledger.add(record(index=index, repeat=1, scores=(("main", float(index != 0), 1.0),)))
        ledger.add(record(index=index))

    part = ledger.outcomes["m", "b"]
    assert set(part.samples.values()) == {Outcome("h", 1.0, 1, 0.0)}
    assert part.discordance == 0.25


@pytest.mark.parametrize("score", [1 / 3, 2 / 3, 0.1 + 0.2])
def test_the_same_score_is_no_change_however_often_it_was_asked(score: float) -> None:
    ledgers = Ledger(), Ledger(twice=True), Ledger()
    for ledger, repeats in zip(ledgers, (1, 2, 3), strict=True):
        for repeat in range(repeats):
            ledger.add(record(repeat=repeat, scores=(("main", score, 1.0),)))

    assert len({ledger.outcomes["m", "b"].samples["s-00003"].score for ledger in ledgers}) == 1


def test_parts_are_subsets_and_groups() -> None:
    ledger = Ledger()
    for subset, group in [("x", "g"), ("y", "g"), ("z", "")]:
        ledger.add(record(subset=subset, group=group))

    assert {part: len(found) for part, found in ledger.outcomes["m", "b"].parts.items()} == {
        "x": 1,
        "y": 1,
        "z": 1,
        "g": 2,
    }
