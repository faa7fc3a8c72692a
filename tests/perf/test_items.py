"""Load tests as pytest items, from outside: what a user types, sees and gets as an exit status."""

import importlib.util
import json
import re
import tomllib
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.validity import Bounds, judge
from tests.conftest import ANSWERS, FaultyServer, alias, run, run_alone, send
from tests.perf.conftest import QUICK
from tests.perf.proxies import forwarding
from tests.perf.truth import assert_honest, true_ttft

# In the process of the tests, so that what is set in them holds for the runs inside a test.
session = importlib.import_module("pytest_modeleval.perf.session")
TINY = str(Path(__file__).parents[2] / "pytest_modeleval" / "models" / "tiny")
FEW = ["--perf-number", "16", "--perf-input", "40", "--perf-output", "8", "--perf-extend", "0"]
OUT = ["--perf-out", "out"]


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of a few short requests on whatever machine: only what the server does makes them invalid.

    What a machine's own slowness makes of the verdict is tested with `assert_honest` below and in test_real.py.
    """
    anything = Bounds(lag_by_kernel=9, lag_by_user=9, clumped=1, cpu=9, schedule_lag_least=9, parallel=0, rate=9)
    monkeypatch.setattr(session, "judge", partial(judge, bounds=anything))
    # By this pytest-benchmark takes a run inside a test for one of a worker, when these tests run under -n.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.fixture
def served(pytester: pytest.Pytester, bench: BenchServer) -> pytest.Pytester:
    """A project whose alias ``bench`` is the bench server."""
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=f"{bench.url}/v1", model="bench")
    return pytester


def perf(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return run(project, "--model", "bench", *arguments)


def test_each_load_is_an_item_with_its_figures(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "1,4", *FEW, "-v")

    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.re_match_lines(
        [
            r".*test_load\[parallel=1\] PASSED",
            r".*test_load\[parallel=4\] PASSED",
            r"load +requests +errors +req/s +tok/s +TTFT p50 +p99 .*",
            r"parallel=1 +16 +0 ",
            r"parallel=4 +16 +0 ",
            r"the client +lag p99 +clumped +CPU +sent late p99 +in flight +asked +rate +asked +cached",
            r"parallel=1 .* valid",
            r"parallel=4 .* valid",
            r"parallel=1 +mean +p50 +p90 +p95 +p99 +p99.9 +min +max",
            r"ttft ",
            r"itl ",
            r"tpot ",
            r"latency ",
            r"input_tokens +40.00 tok +40.00 tok",
            r"output_tokens +8.00 tok",
            r"highest throughput: parallel=4 ",
            r"shortest latency: parallel=",
        ]
    )


def test_allure_has_each_load_and_the_plots_over_all(served: pytest.Pytester) -> None:
    pytest.importorskip("allure_pytest")
    perf(served, "--perf-parallel", "1,4", *FEW, "--alluredir", "results")

    found = [json.loads(path.read_text()) for path in (served.path / "results").glob("*-result.json")]
    (everything,) = (served.path / "results").glob("*-globals.json")
    names = [each["name"] for each in json.loads(everything.read_text())["attachments"]]
    assert sorted(each["name"] for each in found) == [
        "scores, gate and plots of the run",
        "test_load[parallel=1]",
        "test_load[parallel=4]",
    ]
    assert {"overview", "figures", "throughput", "latency"} <= set(names)


def test_a_report_needs_allure_s_command_line(served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/bin")
    result = perf(served, "--perf-parallel", "1", *FEW, "--eval-report", "report")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([r"ERROR: --eval-report needs Allure's command line, which is not on PATH: .*"])
    assert "requests" not in result.stdout.str()


def test_a_report_of_loads_needs_allure_pytest(served: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "allure").write_text("#!/bin/sh")
    (tmp_path / "allure").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:/bin")
        result = perf(served, "-p", "no:allure_pytest", "--perf-parallel", "1", *FEW, "--eval-report", "report")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = r"ERROR: --eval-report of load tests needs allure-pytest: pip install 'pytest-modeleval\[allure\]'"
    result.stderr.re_match_lines([said])


@pytest.mark.parametrize("load", [("--perf-parallel", "4"), ("--perf-rate", "40")], ids=["closed", "open"])
def test_the_figures_are_the_servers_and_the_verdict_is_theirs(
    served: pytest.Pytester, bench: BenchServer, monkeypatch: pytest.MonkeyPatch, load: tuple[str, str]
) -> None:
    """With the bounds that users have, on a machine however busy."""
    monkeypatch.setattr(session, "judge", judge)
    bench.behave(Behaviour(ttft=0.05, gap=0.02, tokens=8))
    result = perf(served, *load, *FEW, "--perf-number", "40", "--perf-prompt", "Who?", "--perf-out", "out")

    (found,) = json.loads((served.path / "out" / "perf.json").read_text())["loads"]
    assert_honest(found, result.ret)
    assert (found["requests"], found["errors"]) == (40, {})
    figures = found["figures"]
    # Medians: a machine that stalls moves a few of them, here or there.
    assert 1000 * figures["p50_ttft"] == pytest.approx(true_ttft(bench), abs=5)
    assert 1000 * figures["p50_tpot"] == pytest.approx(20, abs=2)
    assert (figures["mean_output_tokens"], figures["success"]) == (8, 1)


def test_an_open_loop_is_one_too(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-rate", "50,100", "--perf-arrivals", "constant", *FEW)

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r"rate=50 +16 +0 ", r"rate=100 +16 +0 "])


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
    assert all(float(value) == pytest.approx(true_ttft(bench), abs=5) for value in said.groups())


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


MINE = """
import pytest

@pytest.mark.perf(parallel=[2, 4], number=12, input=40, output=8, slo="p50_ttft<=5s")
def test_mine(load):
    assert load["p50_ttft"] < {limit}
    assert load["success"] == 1
    assert load.figures.sent == 12
"""


def test_a_users_own_test_asserts_on_the_figures(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))
    result = perf(served, "test_mine.py", "-v")

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines(
        [r"test_mine.py::test_mine\[parallel=2\] PASSED", r"test_mine.py::test_mine\[parallel=4\] PASSED"]
    )
    result = perf(served, "test_mine.py", "--perf-parallel", "3", "--perf-number", "12")
    result.stdout.re_match_lines([r"parallel=3 +12 "])


def test_the_example_of_the_guide_runs(served: pytest.Pytester) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "perf.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    served.makepyfile(test_chat=example)
    result = perf(
        served, "test_chat.py", "--perf-parallel", "4", *FEW, "--perf-output", "64", "--perf-slo", "success>=50%"
    )

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"parallel=4 +16 +0 .* passed"])


def test_a_users_own_assert_fails_as_any(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=0.001))
    result = perf(served, "test_mine.py")

    result.assert_outcomes(failed=2)
    assert result.ret == 1
    result.stdout.re_match_lines([r">       assert load\[\"p50_ttft\"\] < 0.001"])


def test_without_a_model_it_is_skipped(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))
    result = run(served, "test_mine.py", "-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*no model: give --model NAME"])


OWN = """
import pytest

@pytest.fixture{params}
def load({takes}):
    return {value}

@pytest.mark.perf
def test_own(load):
    assert load == "mine"
"""


@pytest.mark.parametrize("model", [[], ["--model", "bench"]], ids=["without a model", "with one"])
def test_a_users_own_fixture_called_load_is_theirs(served: pytest.Pytester, model: list[str]) -> None:
    served.makepyfile(test_own=OWN.format(params="", takes="", value='"mine"'))
    run(served, *model, "test_own.py").assert_outcomes(passed=1)

    served.makepyfile(test_own=OWN.format(params="(params=['mine', 'mine'])", takes="request", value="request.param"))
    run(served, *model, "test_own.py").assert_outcomes(passed=2)

    result = run(served, "--model", "bench", "--perf-parallel", "2", *FEW, "test_own.py")
    result.assert_outcomes(deselected=2)


def test_a_users_fixture_may_stand_on_ours(served: pytest.Pytester) -> None:
    served.makepyfile(test_own=OWN.format(params="", takes="load", value='"mine" if load["success"] == 1 else ""'))

    perf(served, "test_own.py", "--perf-parallel", "2", *FEW).assert_outcomes(passed=1)


def test_a_mark_perf_of_somebody_elses_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile("import pytest\n@pytest.mark.perf('slow', n=3)\ndef test_it(tmp_path): assert tmp_path")

    run(pytester).assert_outcomes(passed=1)


def test_a_benchmark_may_have_a_mark_perf_of_its_own(served: pytest.Pytester, faulty_server: FaultyServer) -> None:
    alias(served, "faulty", base_url=faulty_server.url, model="faulty")
    served.makepyfile(test_answers=ANSWERS.replace("@benchmark(", "import pytest\n\n@pytest.mark.perf\n@benchmark("))

    run(served, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)


def test_benchmarks_and_load_tests_are_not_mixed(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3), test_answers=ANSWERS)
    result = perf(served, "test_mine.py", "test_answers.py")

    assert result.ret == 4
    result.stderr.re_match_lines(
        [r"ERROR: load tests and benchmarks are selected together: .*-m perf or -m 'not perf'"]
    )
    perf(served, "test_mine.py", "test_answers.py", "-m", "perf").assert_outcomes(passed=2, deselected=1)


def test_a_flag_runs_load_tests_alone(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3), test_answers=ANSWERS, test_plain="def test_it(): pass")
    result = perf(served, "test_mine.py", "test_answers.py", "test_plain.py", "--perf-parallel", "2")

    result.assert_outcomes(passed=1, deselected=2)


def test_workers_are_refused_with_the_reason(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))
    flagged = perf(served, "--perf-parallel", "2", "-n", "2")
    marked = perf(served, "test_mine.py", "-n", "1")

    assert flagged.ret == 4
    flagged.stderr.re_match_lines(
        [r"ERROR: load tests cannot run under -n: a load test measures alone, .*; leave -n out"]
    )
    marked.assert_outcomes(errors=2)
    marked.stdout.re_match_lines([r".*load tests cannot run under -n: a load test measures alone"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perf-parallel", "0"], r"--perf-parallel takes whole numbers of at least 1 between commas, such as 1,8,32; not '0'"),
        (["--perf-parallel", "1,,2"], r"--perf-parallel takes whole numbers .* not '1,,2'"),
        (["--perf-rate", "0"], r"--perf-rate takes a number above 0, or several between commas; not '0'"),
        (["--perf-rate", "nan"], r"--perf-rate takes a number above 0, or several between commas; not 'nan'"),
        (["--perf-parallel", "1,2,3", "--perf-number", "10,20"], r"--perf-number has 2 values and --perf-parallel has 3: give one for each load, or one for all"),
        (["--perf-parallel", "1", "--perf-rate", "2"], r"--perf-parallel and --perf-rate are two kinds of load: give one"),
        (["--perf-parallel", "1", "--perf-slo", "p99_ttft<=5"], r"'p99_ttft<=5' has no unit: write 5ms or s"),
        (["--perf-parallel", "1", "--perf-slo", "p99_tttf<=5s"], r"unknown figure in --perf-slo: 'p99_tttf'; did you mean 'p99_ttft'\?"),
        (["--perf-parallel", "1", "--perf-duration", "60"], r"--perf-duration takes a time with its unit, such as 60s, .*; not '60'"),
        (["--perf-parallel", "1", "--perf-arrivals", "burst"], r"--perf-arrivals takes one of constant, poisson, gamma, not 'burst'"),
        (["--perf-trace", "nothing.jsonl"], r"--perf-trace: there is no file 'nothing.jsonl'"),
        (["--perf-find", "max users"], r"--perf-find takes \"max parallel where p99_ttft<=500ms\""),
        (["--perf-parallel", "1", "--perf-prompt", " "], r"--perf-prompt takes a text, or file:PATH; it is empty"),
        (["--perf-parallel", "1", "--perf-prompt", "file:nothing.txt"], r"--perf-prompt cannot read 'nothing.txt'"),
        (["--perf-parallel", "1", "--perf-prompt", "a", "--perf-dataset", "openqa"], r"--perf-prompt is all that is asked, and --perf-dataset asks something else: give one"),
        (["--perf-parallel", "1", "--perf-body", "{"], r"--perf-body takes a JSON object, or file:PATH of one: "),
        (["--perf-parallel", "1", "--perf-body", "[1]"], r"--perf-body takes a JSON object, such as '{\"top_k\": 20}', not '\[1\]'"),
        (["--perf-parallel", "1", "--perf-body", '{"messages": ["a"]}'], r"--perf-body: its messages, before those of every prompt, are objects with role and content; not \['a'\]"),
        (["--perf-parallel", "1", "--perf-endpoint", "embeddings", "--perf-body", '{"messages": [{"role": "user", "content": "a"}]}'], r"messages of --perf-body come before a prompt, and embeddings takes texts"),
        (["--perf-parallel", "1", "--perf-warm-up", "101%"], r"--perf-warm-up takes a number of requests, or a share such as 10%; not '101%'"),
        (["--perf-parallel", "1", "--perf-warm-up", "-1"], r"--perf-warm-up takes a number of requests"),
        (["--perf-rate", "1", "--perf-duration", "1s", "--perf-warm-up", "12.5%"], r"--perf-warm-up 12.5% is a share of no number: give how many requests, or --perf-number too"),
        (["--perf-parallel", "1", "--perf-token-ids"], r"--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME"),
        (["--perf-parallel", "1", "--perf-token-ids", "--perf-endpoint", "completions"], r"--perf-token-ids needs --perf-endpoint completions and --perf-tokenizer NAME"),
        (["--perf-parallel", "1", "--perf-min-input", "9"], r"--perf-min-input and --perf-max-input choose among a dataset's prompts"),
        (["--perf-parallel", "1", "--perf-dataset", "p.txt", "--perf-min-input", "9", "--perf-max-input", "8"], r"--perf-max-input 8 is less than --perf-min-input 9"),
        (["--perf-parallel", "1", "--perf-turns", "normal(2,1)"], r"--perf-turns takes a number of turns, or a range such as 2-5; not 'normal\(2,1\)'"),
        (["--perf-parallel", "1", "--perf-turns", "5-2"], r"--perf-turns takes .*; not '5-2'"),
        (["--perf-parallel", "1", "--perf-turns", "2", "--perf-endpoint", "completions"], r"--perf-turns 2 needs --perf-endpoint chat or responses, not completions"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_flag_is_one_line_before_anything_is_sent(
    served: pytest.Pytester, bench: BenchServer, arguments: list[str], message: str
) -> None:
    result = perf(served, *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: .*{message}"])
    assert bench.truth()["served"] == []


def test_a_load_test_needs_a_model(served: pytest.Pytester) -> None:
    result = run(served, "--perf-parallel", "1")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: a load test needs a model: give --model NAME"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--perf-dataset", "opneqa"], r"unknown --perf-dataset 'opneqa'; did you mean 'openqa'\?"),
        (["--perf-tokenizer", "./nowhere"], r"--perf-tokenizer: there is no tokenizer './nowhere' to be had"),
        (["--perf-input", "3"], r"a prompt of 3 tokens has no room for words"),
        (["--perf-endpoint", "rerank"], r"--perf-endpoint rerank needs --perf-tokenizer NAME"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_the_prompts_lack_is_one_line(served: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = perf(served, "--perf-parallel", "1", "--perf-number", "4", *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: {message}"])


def test_a_wrong_argument_of_the_mark_is_said(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine="import pytest\n@pytest.mark.perf(paralel=3)\ndef test_mine(load): pass")
    result = perf(served, "test_mine.py")

    assert result.ret == 4
    result.stderr.re_match_lines(
        [r"ERROR: .*test_mine: unknown argument of @pytest.mark.perf: 'paralel'; did you mean 'parallel'\?"]
    )


def test_a_dead_endpoint_is_one_line_within_seconds(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url="http://127.0.0.1:9/v1", model="bench")
    result = perf(pytester, "--perf-parallel", "1", "--perf-number", "4")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: nothing answers at http://127.0.0.1:9/v1/chat/completions: .*"])
    assert result.duration < 5


def test_recorded_answers_cannot_be_loaded(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makefile(".jsonl", answers="{}")
    result = run(pytester, "--model", "replay:answers.jsonl", "--perf-parallel", "1")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: a load test needs a server, and 'replay:answers.jsonl' has none: name an"])


def test_a_prompt_longer_than_the_context_is_shown_as_the_server_says_it(
    pytester: pytest.Pytester, faulty_server: FaultyServer
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    said = {"error": {"message": "This model's maximum context length is 4096 tokens."}}
    faulty_server.fault = lambda handler, _: send(handler, 400, said)
    (pytester.path / "prompts.txt").write_text("a very long prompt\n")
    result = perf(pytester, "--perf-parallel", "1", "--perf-number", "3", "--perf-dataset", "prompts.txt")

    assert result.ret == 7
    result.stdout.re_match_lines([r"3 of 3 requests failed.*http 400 \(.*maximum context length is 4096 tokens"])


def test_one_prompt_and_a_body_are_asked_in_every_request(
    pytester: pytest.Pytester, faulty_server: FaultyServer
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    (pytester.path / "body.json").write_text('{"top_k": 5, "model": "other"}')
    asked = ["--perf-prompt", "Who?", "--perf-body", "file:body.json", "--perf-no-stream"]
    perf(pytester, "--perf-parallel", "1", "--perf-number", "3", *asked)

    sent = [body for body in faulty_server.asked if "messages" in body]
    assert len(sent) == 3
    assert all(
        body == {"top_k": 5, "model": "faulty", "messages": [{"role": "user", "content": "Who?"}]} for body in sent
    )


def test_messages_of_a_body_come_before_every_prompt(pytester: pytest.Pytester, faulty_server: FaultyServer) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    system = {"role": "system", "content": "Be brief."}
    shared = ["--perf-body", json.dumps({"messages": [system], "top_k": 5}), "--perf-no-stream"]
    perf(pytester, "--perf-parallel", "1", "--perf-number", "3", "--perf-prompt", "Who?", *shared)

    sent = [body for body in faulty_server.asked if "messages" in body]
    assert [body["messages"] for body in sent] == [[system, {"role": "user", "content": "Who?"}]] * 3
    assert {body["top_k"] for body in sent} == {5}


def test_a_share_of_the_requests_warms_up(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2,4", "--perf-number", "10,25", *FEW[2:], "--perf-warm-up", "10%", *OUT)

    assert result.ret == 0
    for name, sent in (("parallel=2", 11), ("parallel=4", 28)):
        rows = (served.path / "out" / f"bench-test_load-{name}.jsonl").read_text().splitlines()
        assert len(rows) == sent


def test_token_ids_are_sent_and_counted(served: pytest.Pytester) -> None:
    asked = ["--perf-endpoint", "completions", "--perf-tokenizer", TINY, "--perf-token-ids"]
    result = perf(served, "--perf-parallel", "4", *FEW, *asked)

    # The bench server takes a number of the list for a token.
    result.stdout.re_match_lines([r"input_tokens +40.00 tok +40.00 tok"])


@pytest.mark.parametrize(
    ("tokenizer", "asked", "said"),
    [
        ([], ["5", "30"], r"prompts.txt: \d+ of \d+ prompts left out, not of 5 to 30 characters, as no --perf-tokenizer .*"),
        (["--perf-tokenizer", TINY], ["18", "100"], r"prompts.txt: \d+ of \d+ prompts left out, not of 18 to 100 tokens"),
    ],
    ids=["characters", "tokens"],
)  # fmt: skip
def test_prompts_of_another_length_are_left_out_and_counted(
    pytester: pytest.Pytester, faulty_server: FaultyServer, tokenizer: list[str], asked: list[str], said: str
) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=faulty_server.url, model="faulty")
    (pytester.path / "prompts.txt").write_text("a\n" + "What is love?\n" + "What is love? " * 99 + "\n")
    limits = ["--perf-min-input", asked[0], "--perf-max-input", asked[1]]
    arguments = ["--perf-dataset", "prompts.txt", "--perf-number", "8", "--perf-no-stream", *limits, *tokenizer]
    result = perf(pytester, "--perf-parallel", "2", *arguments)

    asked_texts = {body["messages"][0]["content"] for body in faulty_server.asked if "messages" in body}
    assert asked_texts == {"What is love?"}
    result.stdout.re_match_lines([said])


def test_limits_that_no_prompt_keeps_are_said(served: pytest.Pytester) -> None:
    (served.path / "prompts.txt").write_text("a\nb\n")
    result = perf(served, "--perf-parallel", "1", "--perf-dataset", "prompts.txt", "--perf-min-input", "5")

    assert result.ret == 4
    result.stderr.re_match_lines(
        [r"ERROR: none of the 2 prompts is of 5 or more characters, .*: see to --perf-min-input"]
    )


def test_the_responses_endpoint_is_one_too(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-endpoint", "responses", "--perf-turns", "2")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"parallel=2 +16 +0 ", r"output_tokens +8.00 tok", r"first_turn_ttft +[2-9]\d\."])


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(
    served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    result = perf(served, "--perf-parallel", "1", *FEW)

    assert result.ret == 0
    assert "went through the proxy" not in result.stdout.str()


def test_a_load_through_a_proxy_says_so(served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tomllib.loads((served.path / "modeleval.toml").read_text())["models"]["bench"]
    port = urlsplit(settings["base_url"]).port
    assert port
    with forwarding(port) as proxy:
        for name in ("no_proxy", "NO_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        alias(served, "far", base_url="http://model.invalid/v1", model="bench")
        result = run(served, "--model", "far", "--perf-parallel", "1,2", *FEW)

    assert result.ret == 0
    through = f"the load went through the proxy 127.0.0.1:{proxy.port} of HTTP_PROXY, which is measured too"
    assert result.stdout.str().count(through) == 1
    # Those that were asked how long a prompt is went the same way.
    assert {line for line, _ in proxy.asked} == {"POST http://model.invalid/v1/chat/completions HTTP/1.1"}


def test_everything_is_written_down(served: pytest.Pytester) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    result = perf(served, "--perf-parallel", "1,4", *FEW, "--perf-out", "out", "--perf-records", "parquet")
    assert result.ret == 0

    out = served.path / "out"
    content = json.loads((out / "perf.json").read_text())
    assert [load["load"] for load in content["loads"]] == [{"parallel": 1}, {"parallel": 4}]
    assert content["loads"][0]["figures"]["mean_output_tokens"] == 8
    assert {path.name for path in out.glob("*.svg")} == {
        f"{n}.svg" for n in ("throughput", "requests", "ttft", "tpot", "latency")
    }
    table = pyarrow.read_table(out / "bench-test_load-parallel=4.parquet").to_pylist()
    assert len(table) == 16
    assert all(row["sent"] < row["first"] < row["last"] <= row["ended"] for row in table)
    assert all(len(row["chunks"]) == 8 for row in table)
    perf(served, "--perf-parallel", "2", *FEW, "--perf-out", "out")
    rows = [json.loads(line) for line in (out / "bench-test_load-parallel=2.jsonl").read_text().splitlines()]
    assert (len(rows), rows[0]["output_tokens"], rows[0]["status"], rows[0]["error"]) == (16, 8, 200, "")


def test_a_run_is_compared_with_an_earlier_one(served: pytest.Pytester, bench: BenchServer) -> None:
    nothing = perf(served, "--perf-parallel", "4", *FEW, "--perf-number", "40", "--perf-compare", "last")
    nothing.stdout.fnmatch_lines(["parallel=4: that run has no such load to compare with"])
    before = true_ttft(bench)
    bench.behave(Behaviour(ttft=0.04, gap=0.001, tokens=16))
    result = perf(served, "--perf-parallel", "4", *FEW, "--perf-number", "40", "--perf-compare", "last")

    text = result.stdout.str()
    line = re.search(r"p50_ttft +([\d.]+) ms +([\d.]+) ms +\+([\d.]+)% +\[\+([\d.]+)%, \+([\d.]+)%\]  \*", text)
    assert line, text
    first, second, change, low, high = map(float, line.groups())
    assert (first, second) == (pytest.approx(before, abs=5), pytest.approx(true_ttft(bench), abs=5))
    assert change == pytest.approx(100 * (second / first - 1), abs=1)
    assert low <= change <= high


def test_every_load_is_a_benchmark_of_pytest_benchmark(served: pytest.Pytester, bench: BenchServer) -> None:
    pytest.importorskip("pytest_benchmark")
    arguments = ["--perf-parallel", "1,4", *FEW, "--benchmark-storage", "stored", "-p", "no:cacheprovider"]
    first = perf(served, *arguments, "--benchmark-autosave", "--benchmark-json", "bench.json")
    assert first.ret == 0

    first.stdout.re_match_lines([r"-+ benchmark: 2 tests -+", r"test_load\[parallel=\d\] .* 16 +1$"])
    stored = {one["name"]: one for one in json.loads((served.path / "bench.json").read_text())["benchmarks"]}
    assert stored["test_load[parallel=4]"]["stats"]["rounds"] == 16
    assert 0.02 < stored["test_load[parallel=4]"]["stats"]["mean"] < 0.2
    assert stored["test_load[parallel=4]"]["extra_info"]["success"] == 1
    again = perf(served, *arguments, "--benchmark-compare", "--benchmark-compare-fail=mean:300%")
    assert again.ret == 0
    bench.behave(Behaviour(ttft=0.2, gap=0.001))
    slower = perf(served, *arguments, "--benchmark-compare", "--benchmark-compare-fail=mean:300%")
    assert slower.ret != 0
    (slower.stdout if "Performance has regressed" in slower.stdout.str() else slower.stderr).fnmatch_lines(
        ["*Performance has regressed*"]
    )


def test_benchmark_only_and_skip_mean_load_tests_too(served: pytest.Pytester) -> None:
    pytest.importorskip("pytest_benchmark")

    perf(served, "--perf-parallel", "2", *FEW, "--benchmark-only").assert_outcomes(passed=1)
    perf(served, "--perf-parallel", "2", *FEW, "--benchmark-skip").assert_outcomes(skipped=1)
    perf(served, "--perf-parallel", "2", *FEW, "-p", "no:benchmark").assert_outcomes(passed=1)


def test_the_highest_parallel_is_found(served: pytest.Pytester, bench: BenchServer) -> None:
    # Two at a time: what waits behind them has its first token later than 60 ms.
    bench.behave(Behaviour(ttft=0.02, gap=0.001, tokens=8, slots=2))
    result = perf(
        served,
        *("--perf-find", "max parallel to 16 where p90_ttft<=60ms", "--perf-number", "60"),
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
        [r".*test_find\[max-parallel\]: no parallel keeps it \(not even 1 keeps it\); 1 loads tried"]
    )


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
    result.stdout.re_match_lines([r"test_find\[knee\]: the knee is at parallel [3-6], the highest throughput at \d+"])


def test_a_trace_is_replayed(served: pytest.Pytester, bench: BenchServer) -> None:
    lines = [{"timestamp": 100 * place, "input_length": 40, "output_length": 4 + place} for place in range(8)]
    (served.path / "trace.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = perf(served, "--perf-trace", "trace.jsonl")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"trace +8 +0 ", r"output_tokens +7.50 tok .* 4.00 tok +11.00 tok"])


def test_conversations_go_turn_by_turn(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-turns", "2")

    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"first_turn_ttft ", r"later_turn_ttft ", r"conversation "])


def test_images_are_sent(served: pytest.Pytester) -> None:
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-dataset", "random_vl", "--perf-image", "32x16")

    result.assert_outcomes(passed=1)


def test_a_calibration_shows_the_floor_and_refuses_tighter_limits(served: pytest.Pytester) -> None:
    tight = perf(served, "--perf-parallel", "2", *FEW, "--perf-calibrate", "--perf-slo", "p50_ttft<=1us")

    assert tight.ret == 4
    tight.stderr.re_match_lines([r"ERROR: ttft<=0.001ms is tighter than this machine can measure"])
    result = perf(served, "--perf-parallel", "2", *FEW, "--perf-calibrate")
    result.stdout.re_match_lines([r"this machine's floor \(p99\): ttft .* ms, itl .* ms, tpot .* ms, latency .* ms"])


def test_ini_values_and_flags(served: pytest.Pytester) -> None:
    served.makeini("[pytest]\nperf_number = 6\nperf_input = 40\nperf_output = 4\nperf_extend = 0")

    result = perf(served, "--perf-parallel", "2")

    result.stdout.re_match_lines([r"parallel=2 +6 +0 ", r"output_tokens +4.00 tok"])


def test_a_server_slower_than_the_whole_limit_ends_by_it(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=30))
    (served.path / "prompts.txt").write_text("a prompt\n")
    given = perf(served, "--perf-parallel", "4", *FEW, "--perf-limit", "1s", "--perf-dataset", "prompts.txt")
    drawn = perf(served, "--perf-parallel", "4", *FEW, "--perf-limit", "1s")

    assert (given.ret, drawn.ret) == (7, 4)
    assert given.duration + drawn.duration < 10
    given.stdout.re_match_lines([r"4 of 4 requests failed.* 4 timeout"])
    drawn.stderr.re_match_lines([r"ERROR: cannot ask .* how many tokens a prompt has \(timed out\)"])


def test_figures_are_properties_of_the_junit_case(served: pytest.Pytester) -> None:
    perf(served, "--perf-parallel", "2", *FEW, "--junitxml", "junit.xml")
    root = ElementTree.parse(served.path / "junit.xml").getroot()

    found = {each.attrib["name"]: float(each.attrib["value"]) for each in root.iter("property")}
    assert found["success"] == 1
    assert 0.01 < found["p50_ttft"] < found["p50_latency"]


def test_several_models_are_side_by_side(served: pytest.Pytester, bench: BenchServer) -> None:
    alias(served, "other", base_url=f"{bench.url}/v1", model="bench")
    result = run(served, "--model", "bench", "--model", "other", "--perf-parallel", "2", *FEW, "-v")

    result.assert_outcomes(passed=2)
    result.stdout.re_match_lines([r".*test_load\[bench-parallel=2\] PASSED", r".*test_load\[other-parallel=2\] PASSED"])
    result.stdout.re_match_lines([r"bench parallel=2 +16 ", r"other parallel=2 +16 "])


def test_a_histogram_of_pytest_benchmark_is_drawn(served: pytest.Pytester) -> None:
    # In a process of its own: a library of pygal's takes the finder of plugins away from this one.
    if not importlib.util.find_spec("pygal"):
        pytest.skip("no pygal, by which pytest-benchmark draws")
    run_alone(served, "--model", "bench", "--perf-parallel", "1,2", *FEW, "--benchmark-histogram=drawn")

    assert list(served.path.glob("drawn*.svg"))


def test_interrupting_keeps_what_was_measured(served: pytest.Pytester, bench: BenchServer) -> None:
    bench.behave(Behaviour(ttft=0.02, gap=0.001))
    served.makeconftest(
        """
        import os, signal, threading
        def pytest_runtest_setup(item):
            threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        """
    )
    served.makepyfile(test_mine=MINE.replace("number=12, ", "duration='30s', ").format(limit=3))
    result = served.runpytest_subprocess("--model", "bench", "test_mine.py", "--perf-out", "out", "-p", "no:asyncio")

    assert result.ret == 2
    assert result.duration < 20
    result.stdout.re_match_lines([r"parallel=2 +\d+ +0 ", r"ended early: interrupted, \d+ on their way"])
    assert len((served.path / "out" / "bench-test_mine-parallel=2.jsonl").read_text().splitlines()) > 10


def test_without_perf_nothing_of_it_is_imported(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(
        """
        import sys
        def test_it():
            ours = sorted(name for name in sys.modules if name.startswith("pytest_modeleval.perf"))
            assert ours == ["pytest_modeleval.perf", "pytest_modeleval.perf.flags", "pytest_modeleval.perf.reading"]
        """
    )

    pytester.runpytest_subprocess("-p", "no:asyncio", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_shipped_load_tests_are_left_out_of_a_run_over_everything(served: pytest.Pytester) -> None:
    shipped = Path(__file__).parents[2] / "benchmarks" / "perf"
    result = run(served, "--model", "bench", "--collect-only", "-q", str(shipped))

    assert "test_load" not in result.stdout.str()


def test_pauses_are_kept(served: pytest.Pytester) -> None:
    assert QUICK.ttft == 0.02
    result = perf(served, "--perf-parallel", "1,2", *FEW, "--perf-pause", "1s")

    assert result.ret == 0
    assert result.duration > 1
