"""What a load's figures make of its item and the exit status: objectives, errors, searches, limits of time."""

import json
import re
from xml.etree import ElementTree

import pytest

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.verdict.validity import decide
from tests.perf.conftest import FEW, perf, session
from tests.perf.truth import assert_honest, true_tpot, true_ttft

pytestmark = pytest.mark.usefixtures("whatever_machine")


@pytest.mark.parametrize("load", [("--perf-parallel", "4"), ("--perf-rate", "40")], ids=["closed", "open"])
def test_the_figures_are_the_servers_and_the_verdict_is_theirs(
    served: pytest.Pytester, bench: BenchServer, monkeypatch: pytest.MonkeyPatch, load: tuple[str, str]
) -> None:
    """With the bounds that users have, on a machine however busy."""
    monkeypatch.setattr(session, "decide", decide)
    bench.behave(Behaviour(ttft=0.05, gap=0.02, tokens=8))
    result = perf(served, *load, *FEW, "--perf-number", "40", "--perf-prompt", "Who?", "--perf-out", "out")

    (found,) = json.loads((served.path / "out" / "perf.json").read_text())["loads"]
    assert_honest(found, result.ret)
    assert (found["requests"], found["errors"]) == (40, {})
    figures = found["figures"]
    # No client sees a token before it was sent. How much later depends on the machine, and what it does is judged.
    assert true_ttft(bench) - 1 <= 1000 * figures["p50_ttft"] < 1000 * figures["p50_latency"]
    assert 1000 * figures["p50_tpot"] == pytest.approx(true_tpot(bench), rel=0.5)
    assert (figures["mean_output_tokens"], figures["success"]) == (8, 1)


@pytest.mark.parametrize(
    ("slo", "ret", "says"),
    [
        ("p50_ttft<=500ms, success>=50%", 0, r"passed: p50_ttft<=500ms: (\d+\.\d+) ms \[.*\]"),
        ("p50_ttft<=1ms", 1, r"p50_ttft<=1ms: (\d+\.\d+) ms \[.*\]"),
        ("p99_ttft<=500ms", 6, r"test_load\[parallel=4\]  inconclusive: p99_ttft<=500ms: p99 of 16 requests is not gated: 300 .*"),
        ("success>=99%", 6, r".*inconclusive: success>=99%: 100.00% \[8\d\.\d+%, 100.00%\]"),
        ("p50_ttft<=1ms, p99_ttft<=500ms", 1, r"inconclusive: p99_ttft.*"),
    ],
    ids=["passed", "failed", "too few", "undecided", "failed and undecided"],
)  # fmt: skip
def test_objectives_decide_the_exit_status(
    served: pytest.Pytester, bench: BenchServer, slo: str, ret: int, says: str
) -> None:
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-slo", slo)

    assert result.ret == ret
    (said,) = [match for match in (re.match(says, line) for line in result.outlines) if match][:1]
    assert [float(value) for value in said.groups() if float(value) < true_ttft(bench) - 1] == []


def test_an_objective_given_apart_is_judged_too(served: pytest.Pytester) -> None:
    apart = ("--perf-slo", "p50_ttft<=1us", "--perf-slo", "p50_latency<=60s")
    result = perf(served, "--perf-parallel", "4", *FEW, *apart)

    assert result.ret == 1
    result.stdout.re_match_lines([r"failed: p50_ttft<=1us: ", r"passed: p50_latency<=60s: "])


def test_an_undecided_load_is_extended_until_it_is_decided(served: pytest.Pytester) -> None:
    few = [*FEW[:-1], "3"]
    result = perf(served, "--perf-parallel", "4", *few, "--perf-slo", "success>=90%")

    assert result.ret == 0
    result.stdout.re_match_lines([r"parallel=4 +(32|48|64) +0 .* passed"])


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(ttft=0.01, gap=0.001, error_every=10), "http 500"),
        (Behaviour(ttft=0.01, gap=0.001, cut_every=10), "cut"),
    ],
    ids=["http 500", "cut"],
)
def test_failed_requests_fail_the_item_and_are_shown(
    served: pytest.Pytester, bench: BenchServer, behaviour: Behaviour, error: str
) -> None:
    bench.behave(behaviour)
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-number", "40")

    result.assert_outcomes(failed=1)
    assert result.ret == 7
    failed = rf"[34] of 40 requests failed, --perf-max-error-rate is 0: [34] {error}"
    result.stdout.re_match_lines([failed, r"parallel=4 +40 +[34] ", rf"failed: [34] {error}"])


def test_some_failed_requests_may_be_accepted(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, error_every=10))

    assert perf(served, "--perf-parallel", "4", *FEW, "--perf-max-error-rate", "30%").ret == 0


def test_a_hang_ends_by_its_timeout(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, hang_every=8))
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-stall", "500ms")

    assert result.ret == 7
    result.stdout.re_match_lines([r"\d of 16 requests failed.*stall"])


def test_an_invalid_measurement_neither_passes_nor_fails(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, cached=40))
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-slo", "p50_ttft<=1ms")

    assert result.ret == 9
    result.stdout.re_match_lines(
        [r"test_load\[parallel=4\]  INVALID: .* of the input tokens came from a cache: .*", r"parallel=4 .* INVALID", r"=+ .*1 invalid in .*"]
    )  # fmt: skip
    assert perf(served, "--perf-parallel", "4", *FEW, "--perf-cached").ret == 0


@pytest.mark.parametrize("asked", [["--perf-parallel", "4"], ["--perf-find", "max parallel to 2 where p50_ttft<=1s"]])
def test_an_invalid_measurement_may_be_a_warning(served: pytest.Pytester, bench: BenchServer, asked: list[str]) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, cached=40))
    result = perf(served, *asked, *FEW, "--perf-on-invalid", "warn", "--junitxml", "junit.xml")

    assert result.ret == 0
    result.stdout.re_match_lines([r"test_\w+\[.*\]  INVALID: .*", r"parallel=\d .* INVALID", r"=+ 1 invalid in .*"])
    (case,) = ElementTree.parse(served.path / "junit.xml").iter("testcase")
    assert [child.tag for child in case if child.tag != "properties"] == ["skipped"]
    bench.behave(Behaviour(ttft=0.01, gap=0.001, error_every=4))
    assert perf(served, *asked, *FEW, "--perf-on-invalid", "warn").ret != 0


def test_a_flag_that_became_a_setting_says_so(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-records", "parquet")

    assert result.ret == 4
    said = [line for line in [*result.outlines, *result.errlines] if "--perf-records is no flag any more" in line]
    assert "perf_records" in said[0]


def test_the_highest_parallel_is_found(served: pytest.Pytester, bench: BenchServer) -> None:
    # Two at a time, of 47 ms: what waits behind two others has its first token later than 120 ms.
    bench.behave(Behaviour(ttft=0.04, gap=0.001, tokens=8, slots=2))
    result = perf(
        served,
        *("--perf-find", "max parallel to 16 where p90_ttft<=120ms", "--perf-number", "44"),
        *("--perf-input", "40", "--perf-output", "8"),
    )

    assert result.ret == 0, result.stdout.str()
    result.stdout.re_match_lines(
        [
            r"test_find\[max-parallel\]: max parallel [3-5] keeps it, [4-6] does not.*; \d loads tried, each judged at 95%"
        ]
    )


def test_an_objective_that_no_load_keeps_fails(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-find", "max parallel where p50_ttft<=1ms", *FEW)

    assert result.ret == 1
    result.stdout.re_match_lines(
        [r".*test_find\[max-parallel\]: no parallel keeps it \(not even 1 keeps it\); 1 load tried"]
    )


def test_a_search_among_invalid_loads_is_invalid(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.01, gap=0.001, cached=40))
    result = perf(served, "--perf-find", "max parallel to 2 where p50_ttft<=500ms", *FEW)

    assert result.ret == 9
    result.stdout.re_match_lines(
        [r"test_find\[max-parallel\]  INVALID: at 1 the measurement itself is invalid", r"=+ 1 invalid in .*"]
    )
    assert "perf_search" not in result.stdout.str()


def test_a_search_that_stays_undecided_is_inconclusive(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-find", "max parallel to 2 where p99_ttft<=500ms", *FEW)

    assert result.ret == 6
    result.stdout.re_match_lines([r"test_find\[max-parallel\]  inconclusive: at 1 it stays undecided"])


def test_the_knee_is_found(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.02, gap=0.001, tokens=8, slots=4))
    result = perf(
        served,
        "--perf-find",
        "knee of parallel to 32",
        "--perf-number",
        "48",
        "--perf-input",
        "40",
        "--perf-output",
        "8",
    )

    assert result.ret == 0, result.stdout.str()
    result.stdout.re_match_lines([r"test_find\[knee\]: the knee is at parallel [2-8], the highest throughput at \d+"])


def test_a_calibration_shows_the_floor_and_refuses_tighter_limits(served: pytest.Pytester) -> None:
    tight = perf(served, "--perf-parallel", "2", *FEW, "--perf-calibrate", "--perf-slo", "p50_ttft<=1us")

    assert tight.ret == 4
    tight.stderr.re_match_lines([r"ERROR: ttft<=0.001ms is tighter than this machine can measure"])
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-calibrate")
    result.stdout.re_match_lines([r"this machine's floor \(p99\): ttft .* ms, itl .* ms, tpot .* ms, latency .* ms"])


def test_a_server_slower_than_the_whole_limit_ends_by_it(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=30))
    (served.path / "prompts.txt").write_text("a prompt\n")
    given = perf(served, "--perf-parallel", "4", *FEW, "--perf-limit", "1s", "--perf-dataset", "prompts.txt")
    drawn = perf(served, "--perf-parallel", "4", *FEW, "--perf-limit", "1s")

    assert (given.ret, drawn.ret) == (7, 4)
    # Long before the server's first token.
    assert given.duration + drawn.duration < 30
    given.stdout.re_match_lines([r"4 of 4 requests failed.* 4 timeout"])
    drawn.stderr.re_match_lines([r"ERROR: cannot ask .* how many tokens a prompt has \(timed out\)"])
