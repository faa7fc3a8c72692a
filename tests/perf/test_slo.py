"""Objectives: how they are written, and their three outcomes."""

import contextlib
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.figures.figures import Figures, figures
from pytest_modeleval.perf.verdict.slo import parse
from pytest_modeleval.perf.verdict.verdicts import Verdict, least_requests, needed_requests, overall, verdicts_of
from tests.perf.made import failed, load, streamed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p99_ttft<=500ms", ("p99", "ttft", "<=", 0.5)),
        ("p99.9_latency < 2s", ("p99.9", "latency", "<", 2.0)),
        ("mean_tpot<=800us", ("mean", "tpot", "<=", 0.0008)),
        ("max_stall<=1min", ("max", "stall", "<=", 60.0)),
        ("p10_speed>=20tok/s", ("p10", "speed", ">=", 20.0)),
        ("success>=99%", ("", "success", ">=", 0.99)),
        ("request_rate>=5req/s", ("", "request_rate", ">=", 5.0)),
        ("output_rate > 1e3 tok/s", ("", "output_rate", ">", 1000.0)),
        ("p50_output_tokens>=100tok", ("p50", "output_tokens", ">=", 100.0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_conditions_are_read(text: str, expected: tuple[str, str, str, float]) -> None:
    (condition,) = parse("--perf-slo", text).conditions

    *names, limit = expected
    assert [condition.statistic, condition.figure, condition.sign] == names
    assert condition.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p99_ttft<=500", r"'p99_ttft<=500' has no unit: write 500ms or 500s \(as in p99_ttft<=500ms\)"),
        ("p99_ttft<=500kg", r"has the unit 'kg', not one of us, µs, ms, s, min \(as in p99_ttft<=500ms\)"),
        ("success>=99", r"'success>=99' has no unit: write 99% \(as in success>=99%\)"),
        ("success>=0.5s", r"has the unit 's', not one of %"),
        ("p99_tttf<=500ms", r"unknown figure in --perf-slo: 'p99_tttf'; did you mean 'p99_ttft'\?"),
        ("ttft_p99<=500ms", r"unknown figure in --perf-slo: 'ttft_p99'; did you mean 'p99_ttft'\?"),
        ("mean_goodput>=99%", r"unknown figure in --perf-slo: 'mean_goodput'; did you mean 'goodput'\?"),
        ("rps>=5req/s", r"unknown figure in --perf-slo: 'rps'"),
        ("q99_ttft<=500ms", r"unknown statistic 'q99' in 'q99_ttft'; known are mean, min, max and percentiles"),
        ("p100_ttft<=500ms", r"unknown statistic 'p100'"),
        ("p0_ttft<=500ms", r"unknown statistic 'p0'"),
        ("p99_ttft<=1e999ms", r"1e999 in 'p99_ttft<=1e999ms' is no limit: every figure keeps it, or none does"),
        ("output_rate>=-1tok/s", r"-1 in 'output_rate>=-1tok/s' is no limit"),
        ("errors<=101%", r"101% in 'errors<=101%' is more than there can be"),
        ("p99_ttft=500ms", r"'p99_ttft=500ms' is no condition; did you mean p99_ttft<=500ms\?"),
        ("p99_ttft<=1e2e3ms", r"'1e2e3' in 'p99_ttft<=1e2e3ms' is no number"),
        ("", r'takes conditions such as "p99_ttft<=500ms, success>=99%", not \'\''),
        (", ,", r"takes conditions"),
        ("ttft<=500ms", r"ttft<=500ms tells which requests are good; say how many must be \(goodput>=95%\)"),
        ("itl<=50ms", r"unknown figure in --perf-slo: 'itl'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_in_one_line(text: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message) as caught:
        parse("--perf-slo", text)

    assert str(caught.value).startswith("--perf-slo") or "in --perf-slo" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sign", "holds"), [("<=", [True, True, False]), ("<", [True, False, False]), (">=", [False, True, True]), (">", [False, False, True])]
)  # fmt: skip
def test_a_limit_is_kept_up_to_its_own_value(sign: str, holds: list[bool]) -> None:
    (condition,) = parse("--perf-slo", f"p50_output_tokens{sign}8tok").conditions

    assert [condition.holds(value) for value in (7, 8, 9)] == holds
    assert not condition.holds(math.nan)


@pytest.mark.parametrize(("sign", "expected"), [("<=", 0.0), ("<", 1.0), (">=", 0.0), (">", 1.0)])
def test_a_request_at_the_limit_is_good_only_where_it_may_be_reached(sign: str, expected: float) -> None:
    slo = parse("--perf-slo", f"output_tokens{sign}4tok, goodput>=1%")
    found = figures([load([streamed(at, tokens=4) for at in range(40)])], slo.is_good)

    assert found.share("goodput") == 1.0 - expected


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(pytest.UsageError):
        assert parse("--perf-slo", text).conditions


def a_load(n: int, *, errors: int = 0, scale: float = 0.1) -> Figures:
    """The quantile of an even spread from 0 to ``scale``: p99 of the TTFT is 0.99 * scale."""
    order = random.Random(1).sample(range(n), n)
    records = [streamed(at / 10, ttft=scale * (place + 0.5) / n, tokens=4) for at, place in enumerate(order)]
    return figures([load([*records, *(failed(at / 7) for at in range(errors))])])


def one(text: str, found: Figures) -> Verdict:
    (verdict,) = verdicts_of(parse("--perf-slo", text), found)
    return verdict


@pytest.mark.parametrize(
    ("text", "n", "errors", "expected"),
    [
        pytest.param("p99_ttft<=110ms", 1000, 0, Result.PASSED, id="below the limit"),
        pytest.param("p99_ttft<=90ms", 1000, 0, Result.FAILED, id="above the limit"),
        pytest.param("p99_ttft<=99ms", 1000, 0, Result.INCONCLUSIVE, id="the limit is within the interval"),
        pytest.param("p99_ttft<=110ms", 299, 0, Result.INCONCLUSIVE, id="299 do not gate a p99"),
        pytest.param("p99_ttft<=110ms", 300, 0, Result.PASSED, id="300 do"),
        pytest.param("p90_ttft<=110ms", 30, 0, Result.PASSED, id="30 gate a p90"),
        pytest.param("p50_ttft<=40ms", 200, 0, Result.FAILED, id="median"),
        pytest.param("p1_ttft>=0.1ms", 1000, 0, Result.PASSED, id="a lower percentile from below"),
        pytest.param("mean_ttft<=60ms", 100, 0, Result.PASSED, id="mean"),
        pytest.param("mean_ttft<=40ms", 100, 0, Result.FAILED, id="mean above"),
        pytest.param("mean_ttft<=60ms", 20, 0, Result.INCONCLUSIVE, id="20 do not tell a mean"),
        pytest.param("max_ttft<=100ms", 10, 0, Result.PASSED, id="max is of this load"),
        pytest.param("max_ttft<=100ms", 10, 1, Result.FAILED, id="a failed request is later than any limit"),
        pytest.param("min_ttft>=1ms", 10, 0, Result.PASSED, id="min"),
        pytest.param("p99_ttft<=110ms", 1000, 30, Result.FAILED, id="3% failed: p99 is one of them"),
        pytest.param("success>=99%", 1000, 0, Result.PASSED, id="no errors of 1000"),
        pytest.param("success>=99%", 100, 0, Result.INCONCLUSIVE, id="no errors of 100"),
        pytest.param("success>=99%", 1000, 30, Result.FAILED, id="30 errors"),
        pytest.param("errors<=5%", 1000, 30, Result.PASSED, id="errors from above"),
        pytest.param("request_rate>=8req/s", 400, 0, Result.PASSED, id="throughput"),
        pytest.param("request_rate>=20req/s", 400, 0, Result.FAILED, id="throughput too low"),
        pytest.param("p50_tpot<=11ms", 30, 0, Result.PASSED, id="tpot"),
        pytest.param("p50_itl<=11ms", 30, 0, Result.PASSED, id="itl"),
        pytest.param("p50_first_turn_ttft<=11ms", 30, 0, Result.INCONCLUSIVE, id="nobody has it"),
        pytest.param("cached<=1%", 30, 0, Result.INCONCLUSIVE, id="no usage tells"),
    ],
)
def test_outcomes(text: str, n: int, errors: int, expected: Result) -> None:
    verdict = one(text, a_load(n, errors=errors))

    assert verdict.result is expected, verdict


def test_a_gate_that_cannot_be_says_why() -> None:
    assert one("p99_ttft<=1s", a_load(50)).why == "p99 of 50 requests is not gated: 300 are needed"
    assert one("cached<=1%", a_load(50)).why == "nothing tells it"


def test_goodput_is_judged_by_the_share_of_good_requests() -> None:
    slo = parse("--perf-slo", "ttft<=50ms, goodput>=40%, goodput_rate>=2req/s")
    order = random.Random(1).sample(range(1000), 1000)
    records = [streamed(at / 10, ttft=0.1 * place / 1000, tokens=4) for at, place in enumerate(order)]
    found = figures([load(records)], slo.is_good)

    verdicts = verdicts_of(slo, found)
    assert [verdict.condition.figure for verdict in verdicts] == ["goodput", "goodput_rate"]
    assert verdicts[0].value == pytest.approx(0.501)
    assert [verdict.result for verdict in verdicts] == [Result.PASSED] * 2


def test_no_request_is_known_to_be_good_where_none_has_what_a_limit_is_about() -> None:
    slo = parse("--perf-slo", "latency<=5s, first_turn_ttft<=1ms, goodput>=40%, goodput_rate>=0.1req/s, success>=50%")
    found = figures([load([streamed(at / 10, tokens=4) for at in range(100)])], slo.is_good)

    *goods, success = verdicts_of(slo, found)

    assert [each.result for each in goods] == [Result.INCONCLUSIVE] * 2
    assert {each.why for each in goods} == {"no request that succeeded has first_turn_ttft"}
    assert success.result is Result.PASSED


def test_a_limit_with_a_statistic_is_one_of_each_request_too() -> None:
    slo = parse("--perf-slo", "p99_ttft<=500ms, p99_itl<=20ms, success>=99%")

    assert slo.is_good({"ttft": 0.4})
    assert not slo.is_good({"ttft": 0.6})
    assert slo.is_good({"latency": 9.0}), "a response that is not streamed has no ttft to be judged by"


def test_the_worst_of_all_counts() -> None:
    verdicts = verdicts_of(parse("--perf-slo", "p50_ttft<=99ms, p99_ttft<=99ms, success>=50%"), a_load(1000))

    assert [verdict.result.value for verdict in verdicts] == ["passed", "inconclusive", "passed"]
    assert overall(verdicts) is Result.INCONCLUSIVE
    assert overall(verdicts[:1]) is overall([]) is Result.PASSED


@pytest.mark.parametrize(("percentile", "needed"), [(99, 300), (99.9, 3000), (90, 30), (50, 6), (95, 60), (1, 300)])
def test_least_requests(percentile: float, needed: int) -> None:
    assert least_requests(percentile) == needed
    share = max(percentile, 100 - percentile) / 100
    assert share**needed <= 0.05


@pytest.mark.parametrize(
    "text", ["success>=99%", "errors<=0.5%", "p50_ttft<=99ms", "p99_latency<=9s", "p50_latency<=9s, success>=95%"]
)
@pytest.mark.parametrize("confidence", [0.95, 0.9875])
def test_a_load_of_the_needed_requests_can_pass(text: str, confidence: float) -> None:
    slo = parse("--perf-slo", text)
    needed = needed_requests(slo, confidence)

    assert {v.result for v in verdicts_of(slo, a_load(needed), confidence=confidence)} == {Result.PASSED}
    fewer = verdicts_of(slo, a_load(needed - 1), confidence=confidence)
    assert Result.INCONCLUSIVE in {verdict.result for verdict in fewer}


def test_a_true_objective_fails_as_seldom_as_promised() -> None:
    draw = random.Random(3)
    limit = -math.log(0.05) / 10
    wrong = 0
    for _ in range(300):
        found = figures([load([streamed(at, ttft=draw.expovariate(10), tokens=2) for at in range(200)])])
        wrong += one(f"p95_ttft<={limit}s", found).result is Result.FAILED

    assert wrong / 300 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
