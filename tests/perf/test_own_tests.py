"""Tests marked perf that users write, and what else has this mark or a fixture of this name."""

import json
import re
from pathlib import Path

import pytest

from pytest_modeleval.perf.server.process import BenchServer
from tests.conftest import ANSWERS, FaultyServer, add_settings, alias, run
from tests.perf.conftest import FEW, perf

pytestmark = pytest.mark.usefixtures("whatever_machine")


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


def test_a_word_that_names_none_of_a_users_tests_is_as_in_any_run(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))

    result = perf(served, "test_mine.py", "-k", "nothing")

    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


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


@pytest.mark.parametrize(
    "settings",
    [
        "[gate]\nmin_score = { gsm8k = 0.8 }",
        "[gate]\nsave_baseline = 'b.json'",
        "[run]\nplan = true",
        "[run]\nwrite = 'rows.csv'",
    ],
)
def test_what_every_run_is_told_of_its_samples_is_for_other_runs(served: pytest.Pytester, settings: str) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))
    add_settings(served, settings)
    (served.path / "rows.csv").write_text("an earlier run's")
    result = perf(served, "test_mine.py")

    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert (served.path / "rows.csv").read_text() == "an earlier run's"
    assert not (served.path / "b.json").exists()


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
    perf(served, "test_mine.py", "test_answers.py", "-m", "perf").assert_outcomes(passed=2, deselected=0)


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


@pytest.mark.parametrize("processes", [("-n", "2"), ("--tx", "2*popen", "--dist", "load")], ids=["-n", "--tx"])
def test_other_processes_are_refused_however_they_are_asked_for(
    served: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    result = perf(served, "--perf-parallel", "2", *processes)

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: load tests cannot run under -n: .*"])


LOAD = ("--perf-parallel", "2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (*LOAD, "--eval-min-score", "x=0.9"),
            "--eval-min-score is for benchmarks, and this is a load test: --perf-slo ",
        ),
        ((*LOAD, "--eval-baseline", "no.json"), "--eval-baseline is for benchmarks"),
        ((*LOAD, "--eval-plan"), "--eval-plan is for benchmarks, and this is a load test: it would send, and not plan"),
        ((*LOAD, "--eval-budget", "1k tokens"), "--eval-budget is for benchmarks"),
        (
            ("test_mine.py", "--eval-write", "out.csv"),
            "--eval-write out.csv is for benchmarks, .*: it has no samples, and --perf-out writes its requests",
        ),
        (("--eval-run", "load"), r"modeleval.toml: \[runs.load\] write out.csv is for benchmarks"),
    ],
)
def test_what_no_load_test_heeds_is_refused_where_this_run_is_told_it(
    served: pytest.Pytester, arguments: tuple[str, ...], said: str
) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3))
    toml = served.path / "modeleval.toml"
    toml.write_text(toml.read_text() + "[runs.load]\nperf_parallel = 2\nwrite = 'out.csv'\n")
    result = perf(served, *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: {said}"])
    assert not list(served.path.glob("out.*"))


SEARCH = """
import pytest

@pytest.mark.perf(find="max parallel to 2 where p50_latency<60s"{more})
def test_search(perf_search): pass
"""
FIND = ("--perf-find", "knee of parallel to 2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*FIND, "--perf-slo", "p50_ttft<=1ms"), "--perf-slo judges a load, and no search"),
        ((*FIND, "--perf-compare", "last", "--perf-compare-fail", "p50_ttft:1%"), "--perf-compare judges"),
        (("--perf-speed", "--perf-slo", "p50_ttft<=1ms"), "--perf-slo judges a load"),
        (("test_search.py",), "slo of @pytest.mark.perf judges a load"),
        (("test_search.py", "test_mine.py"), "slo of @pytest.mark.perf judges a load"),
    ],
)
def test_a_gate_that_nothing_is_judged_by_is_refused(
    served: pytest.Pytester, bench: BenchServer, arguments: tuple[str, ...], said: str
) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3), test_search=SEARCH.format(more=', slo="p50_ttft<=1ms"'))
    result = perf(served, *arguments, *FEW)

    assert result.ret == 4
    result.stderr.re_match_lines([f"ERROR: {said}"])
    assert bench.truth()["served"] == []


def test_an_objective_beside_a_search_is_the_loads(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine=MINE.format(limit=3), test_search=SEARCH.format(more=""))
    result = perf(served, "test_search.py", "test_mine.py", *FEW, "--perf-slo", "p50_latency<50s", "-v")

    result.stdout.re_match_lines([r"test_search.*PASSED", r"passed: p50_latency<60s", r"passed: p50_latency<50s"])


def test_what_every_run_is_told_is_not_said_of_a_knee(served: pytest.Pytester) -> None:
    toml = served.path / "modeleval.toml"
    toml.write_text(toml.read_text() + "[run]\nperf_slo = 'p50_ttft<=1us'\n")
    result = perf(served, *FIND, *FEW, "--eval-write", "run.json")

    result.assert_outcomes(passed=1)
    loads = json.loads((served.path / "run.json").read_text())["loads"]
    assert [load["slo"] for load in loads] == [[], []]


def test_what_every_run_is_told_holds_no_load_test_up(served: pytest.Pytester) -> None:
    toml = served.path / "modeleval.toml"
    toml.write_text(toml.read_text() + "[run]\nwrite = 'out.csv'\n[gate]\nmin_score = { gsm8k = 0.8 }\n")
    (served.path / "out.csv").write_text("an evaluation's")
    result = perf(served, *LOAD, *FEW)

    result.assert_outcomes(passed=1)
    assert (served.path / "out.csv").read_text() == "an evaluation's"


def test_a_wrong_argument_of_the_mark_is_said(served: pytest.Pytester) -> None:
    served.makepyfile(test_mine="import pytest\n@pytest.mark.perf(paralel=3)\ndef test_mine(load): pass")
    result = perf(served, "test_mine.py")

    assert result.ret == 4
    result.stderr.re_match_lines(
        [r"ERROR: .*test_mine: unknown argument of @pytest.mark.perf: 'paralel'; did you mean 'parallel'\?"]
    )
