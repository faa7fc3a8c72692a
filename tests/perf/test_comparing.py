"""A load against the same load of an earlier run: limits, and three outcomes on the interval of the ratio."""

import contextlib
import math
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.verdict.comparing import Limit, changes, checked, parse
from tests.perf.conftest import FEW, perf

pytestmark = pytest.mark.usefixtures("whatever_machine")


def document(
    value: float, *, spread: float = 0.01, figure: str = "p50_ttft", invalid: bool = False
) -> dict[str, object]:
    ends = (value * (1 - spread), value * (1 + spread))
    return {"figures": {figure: value}, "intervals": {figure: ends}, "invalid": ["lag"] if invalid else []}


@pytest.mark.parametrize(
    ("figure", "now", "expected"),
    [
        ("p50_ttft", 1.0, Result.PASSED),
        ("p50_ttft", 0.5, Result.PASSED),
        ("p50_ttft", 1.08, Result.PASSED),
        ("p50_ttft", 1.10, Result.INCONCLUSIVE),
        ("p50_ttft", 1.13, Result.FAILED),
        ("output_rate", 2.0, Result.PASSED),
        ("output_rate", 0.92, Result.PASSED),
        ("output_rate", 0.90, Result.INCONCLUSIVE),
        ("output_rate", 0.88, Result.FAILED),
        ("mean_speed", 0.5, Result.FAILED),
        ("mean_speed", 2.0, Result.PASSED),
    ],
)
def test_the_interval_of_the_ratio_decides(figure: str, now: float, expected: Result) -> None:
    (found,) = changes([Limit(figure, 0.1)], document(now, figure=figure), document(1.0, figure=figure))

    assert found.result is expected


def test_the_change_is_told_with_its_interval_and_what_is_accepted() -> None:
    (later,) = changes([Limit("p50_ttft", 0.1)], document(1.5), document(1.0))
    (fewer,) = changes(
        [Limit("output_rate", 0.055)], document(0.5, figure="output_rate"), document(1.0, figure="output_rate")
    )

    assert later.said == "p50_ttft: +50.0% [+47.9%, +52.1%] since that run, up to +10% is accepted"
    assert fewer.said == "output_rate: -50.0% [-50.7%, -49.3%] since that run, up to -5.5% is accepted"


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (None, "that run has no such load to compare with"),
        (document(1.0, invalid=True), "that run's load was INVALID: lag"),
        (document(1.0, figure="p99_ttft"), "too few requests for an interval, now or then"),
        (document(0.0), "too few requests for an interval, now or then"),
    ],
    ids=["no load", "invalid", "no interval", "nothing"],
)
def test_without_a_load_to_compare_with_it_is_inconclusive(before: dict[str, object] | None, why: str) -> None:
    (found,) = changes([Limit("p50_ttft", 0.1)], document(1.0), before)

    assert (found.result, found.said) == (Result.INCONCLUSIVE, f"p50_ttft: {why}")


def stored(value: object = 1.0, ends: object = (0.9, 1.1), **more: object) -> dict[str, object]:
    return {"figures": {"p50_ttft": value}, "intervals": {"p50_ttft": ends}, "invalid": [], **more}


NO_FIGURES: list[object] = [math.nan, math.inf, -1.0, None, "1.0", True, [1.0], 10**400, {}]


@pytest.mark.parametrize(
    "before",
    [
        *(stored(value) for value in NO_FIGURES),
        *(stored(1.0, ends) for ends in (None, [1.0], ["a", "b"], [math.nan, 1.1], [2.0, 1.0], "ab", [1, 10**400])),
        *(stored(**{name: None}) for name in ("figures", "intervals", "invalid")),
        *({}, [], "x", 7, {"figures": {}}),
    ],
    ids=lambda value: str(value)[:80],
)
def test_a_stored_load_of_no_figures_passes_nothing(before: object) -> None:
    (found,) = changes([Limit("p50_ttft", 0.1)], document(0.5), checked(before))

    assert found.result is Result.INCONCLUSIVE
    assert found.said.startswith("p50_ttft: that run's load was INVALID: ")
    assert "\n" not in found.said


def test_a_stored_load_of_figures_is_compared() -> None:
    assert checked(stored()) == stored()


@pytest.mark.parametrize("value", ["NaN", "null", '"0.5"', "-1", "{broken"])
def test_a_store_that_holds_no_figures_passes_no_gate(served: pytest.Pytester, value: str) -> None:
    gate = ["--perf-parallel", "4", *FEW, "--perf-compare", "last"]
    perf(served, *gate)
    with contextlib.closing(sqlite3.connect(served.path / ".modeleval" / "store.sqlite")) as connection, connection:
        connection.execute(
            "update loads set document = replace(document, '\"p50_ttft\": ', '\"p50_ttft\": ' || ? || ', \"x\": ')",
            (value,),
        )
    result = perf(served, *gate, "--perf-compare-fail", "p50_ttft:300%")

    assert result.ret == 6
    result.stdout.re_match_lines([r"test_load\[parallel=4\]  inconclusive: p50_ttft: that run's load was INVALID: .*"])


def test_a_run_to_compare_with_that_nobody_knows_is_refused_before_a_load(served: pytest.Pytester) -> None:
    load = ["--perf-parallel", "1", *FEW]
    first = perf(served, *load).stdout.str().partition("; run ")[2][:8]

    perf(served, *load, "--perf-compare", first[:6]).assert_outcomes(passed=1)
    result = perf(served, *load, "--perf-compare", "nope")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([rf"ERROR: --perf-compare: no run 'nope' measured a load here. Known, .*: .*{first}"])
    result.assert_outcomes()


def test_limits_are_read() -> None:
    assert parse("", "p99_ttft:10%, output_rate : 2.5%") == (Limit("p99_ttft", 0.1), Limit("output_rate", 0.025))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99_ttft", r"FLAG takes limits such as .*, not 'p99_ttft'"),
        ("p99_ttft:10", r"FLAG takes limits such as .*, not 'p99_ttft:10'"),
        ("p99_ttft:-1%", r"FLAG takes limits"),
        ("p99_ttft:10%,", r"FLAG takes limits such as .*, not ''"),
        ("p99_tft:10%", r"unknown figure in FLAG: 'p99_tft'; did you mean 'p99_ttft'\?"),
        ("output_rate:100%", r"FLAG: output_rate:100%: nothing falls by more than 100%; give less, such as 5%"),
        ("success:1%", r"unknown figure in FLAG: 'success'"),
    ],
)
def test_limits_that_are_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        parse("FLAG", text)


@given(st.text(max_size=40))
def test_any_text_is_limits_or_refused(text: str) -> None:
    with contextlib.suppress(pytest.UsageError):
        assert parse("FLAG", text)


def test_a_run_that_is_worse_than_an_earlier_one_fails(served: pytest.Pytester, bench: BenchServer) -> None:
    gate = ["--perf-parallel", "4", *FEW, "--perf-number", "40", "--perf-compare", "last", "--perf-compare-fail"]
    first = perf(served, *gate, "p50_ttft:300%")
    same = perf(served, *gate, "p50_ttft:300%")
    bench.behave(Behaviour(ttft=0.15, gap=0.001, tokens=16))
    slower = perf(served, *gate, "p50_ttft:300%, p99_ttft:10%")

    assert (first.ret, same.ret, slower.ret) == (6, 0, 1)
    first.stdout.re_match_lines(
        [r"test_load\[parallel=4\]  inconclusive: p50_ttft: that run has no such load to compare with"]
    )
    slower.stdout.re_match_lines([r"p50_ttft: \+[\d.]+% \[.*\] since that run, up to \+300% is accepted"])
    assert "p99_ttft: too few" not in slower.stdout.str()


def test_a_limit_needs_a_run(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "1", "--perf-compare-fail", "p99_ttft:10%")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: --perf-compare-fail needs --perf-compare RUN"])
