"""Beside other plugins of pytest, each the real one."""

import json
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ANSWERS, FaultyServer, answer, run, run_alone

# Takes a fixture of its own, so it starts in its turn; the other runs ahead of its item, in the engine's thread.
ASYNC = """
import pytest
from pytest_modeleval import Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"n": index}, {"main": 4})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_ahead(sample, model):
    answered = await model.complete(sample.prompt)
    assert same_number(answered, sample.target)

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_in_turn(sample, model, tmp_path):
    answered = await model.complete(sample.prompt)
    assert same_number(answered, sample.target)
"""


@pytest.fixture
def half(faulty: FaultyServer) -> FaultyServer:
    """The hard questions are answered wrong, with a page's marks."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer("41 <script>alert(1)</script>" if "hard" in json.dumps(body) else "42")(handler, body)

    faulty.fault = fault
    return faulty


def order(asked: list[dict[str, Any]]) -> list[str]:
    """The names of the samples that were asked, as in the items' ids."""
    prompts = [body["messages"][-1]["content"].split(":")[0].split() for body in asked]
    return [f"{subset}-{int(number):05}" for subset, number in prompts]


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_shuffled_by_pytest_randomly_the_same_samples_are_asked(
    project: pytest.Pytester, half: FaultyServer, processes: tuple[str, ...]
) -> None:
    flags = ("--eval-limit", "6", "--eval-cache", "off", "--eval-concurrency", "1", "test_answers.py")
    run(project, "--model", "faulty", *flags)
    in_order = order(half.asked)
    half.asked.clear()

    result = run(project, "-p", "randomly", "--randomly-seed", "3", "--model", "faulty", *processes, *flags)

    shuffled = order(half.asked)
    assert (sorted(shuffled), len(shuffled)) == (in_order, 6)
    assert shuffled != in_order
    result.stdout.re_match_lines([r"faulty +answers +6 +0 "])


def test_pytest_timeout_does_not_count_the_wait_for_an_answer(project: pytest.Pytester, faulty: FaultyServer) -> None:
    def slow(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        time.sleep(1)
        answer("42")(handler, body)

    faulty.fault = slow

    result = run(project, "-p", "timeout", "--timeout", "0.5", "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=10)


@pytest.mark.parametrize("kind", ["scorer", "async"])
def test_what_pytest_timeout_ends_is_an_error_and_not_wrong(
    project: pytest.Pytester, faulty: FaultyServer, kind: str
) -> None:
    hang = "import time; time.sleep(60 if 'easy 1' in sample.prompt or 'say 1' in sample.prompt else 0)"
    if kind == "scorer":
        project.makepyfile(test_answers=ANSWERS.replace("    assert", f"    {hang}\n    assert"))
    else:
        hang = hang.replace("import time; time.sleep", "import asyncio; await asyncio.sleep")
        project.makepyfile(test_answers=ASYNC.replace("    assert", f"    {hang}\n    assert"))

    only = "easy" if kind == "scorer" else "in_turn"
    result = run(project, "-p", "timeout", "--timeout", "1", "--model", "faulty", "-k", only, "test_answers.py")

    passed = 5 if kind == "scorer" else 3
    assert result.parseoutcomes() | {"deselected": 0} == {"passed": passed, "errors": 1, "deselected": 0}
    result.stdout.fnmatch_lines(["*Timeout (>1.0s) from pytest-timeout*", f"faulty * {passed} * 1 *1.000 *"])


def test_pytest_cov_sees_bodies_in_all_threads_and_processes(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_turns=ASYNC)

    flags = ("-p", "pytest_cov", "--cov=.", "--cov-report=term-missing", "-n", "2")
    result = run_alone(project, *flags, "--model", "faulty", "test_answers.py", "test_turns.py")

    result.assert_outcomes(passed=18)
    result.stdout.re_match_lines([r"test_answers\.py +6 +0 +100%", r"test_turns\.py +12 +0 +100%"])


def test_pytest_html_shows_samples_without_obeying_them(project: pytest.Pytester, half: FaultyServer) -> None:
    result = run(
        project, "-p", "metadata", "-p", "html", "--html", "report.html", "--model", "faulty", "test_answers.py"
    )

    result.assert_outcomes(passed=6, failed=4)
    page = (project.path / "report.html").read_text()
    assert page.count("expected &amp;#x27;42&amp;#x27;") == 4
    assert page.count("test_answers[easy-") >= 6
    assert "<script>alert" not in page


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_async_bodies_run_ahead_and_anyio_keeps_its_own(
    project: pytest.Pytester, faulty: FaultyServer, mode: str
) -> None:
    own = "\n@pytest.mark.anyio\nasync def test_own(anyio_backend):\n    import anyio\n    await anyio.sleep(0)\n"
    project.makepyfile(test_turns=ASYNC + own)

    result = run(project, "-o", f"anyio_mode={mode}", "--model", "faulty", "test_turns.py", "-v")

    result.stdout.fnmatch_lines(["*::test_ahead?main-00003? PASSED*", "*::test_in_turn?main-00003? PASSED*"])
    result.stdout.fnmatch_lines(["*::test_own?asyncio* PASSED*"])
    assert result.ret == 0


def test_pytest_benchmark_times_its_own_and_alone_asks_nothing(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would take a run in a worker of these tests for a worker's.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    project.makepyfile(test_speed="def test_speed(benchmark):\n    assert benchmark(len, 'abc') == 3\n")
    flags = ("-p", "benchmark", "--model", "faulty", "--benchmark-max-time", "0.01", "test_answers.py", "test_speed.py")

    only = run(project, *flags, "--benchmark-only")
    asked = len(faulty.asked)
    both = run(project, *flags)

    only.assert_outcomes(passed=1, skipped=10)
    assert asked == 0
    both.assert_outcomes(passed=11)
    both.stdout.fnmatch_lines(["*benchmark: 1 tests*", "faulty *answers *10 *0 *1.000*"])


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_rerun_judges_the_kept_answer_again(
    project: pytest.Pytester, half: FaultyServer, processes: tuple[str, ...]
) -> None:
    flags = ("-p", "rerunfailures", "--reruns", "2", *processes)

    result = run(project, *flags, "--model", "faulty", "test_answers.py")

    assert result.parseoutcomes() == {"passed": 6, "failed": 4, "rerun": 8}
    result.stdout.re_match_lines([r"faulty +answers +10 +0 +0\.600"])
    assert len(half.asked) == 10


def test_a_rerun_that_passes_is_right(project: pytest.Pytester, faulty: FaultyServer) -> None:
    flaky = ANSWERS.replace("    assert", "    TRIED.append(sample.prompt)\n    assert").replace(
        "sample.target)\n", 'sample.target if TRIED.count(sample.prompt) > 1 else "7")\n'
    )
    project.makepyfile(test_answers=f"TRIED = []\n{flaky}")

    result = run(project, "-p", "rerunfailures", "--reruns", "1", "--model", "faulty", "test_answers.py")

    assert result.parseoutcomes() == {"passed": 10, "rerun": 10}
    result.stdout.re_match_lines([r"faulty +answers +10 +0 +1\.000"])


def test_an_error_is_an_error_again_and_counts_once(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace("    assert", "    1 / 0\n    assert"))

    result = run(project, "-p", "rerunfailures", "--reruns", "1", "--model", "faulty", "test_answers.py")

    assert result.parseoutcomes() == {"errors": 10, "rerun": 10}
    result.stdout.re_match_lines([r"faulty +answers +0 +10 +- "])


def test_pytest_repeat_counts_every_answer(project: pytest.Pytester, half: FaultyServer) -> None:
    result = run(project, "-p", "repeat", "--count", "2", "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=12, failed=8)
    result.stdout.re_match_lines([r"faulty +answers +20 +0 +0\.600"])


@pytest.mark.parametrize("flag", ["--eval-baseline", "--eval-save-baseline"])
@pytest.mark.parametrize(("plugin", "option"), [("rerunfailures", "--reruns"), ("repeat", "--count")])
def test_a_gate_refuses_what_asks_until_it_is_right(
    project: pytest.Pytester, faulty: FaultyServer, flag: str, plugin: str, option: str
) -> None:
    run(project, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    faulty.asked.clear()

    result = run(project, "-p", plugin, option, "2", "--model", "faulty", flag, "b.json", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest-{plugin} asks again until an answer is right, *{option} *"])
    assert not faulty.asked


def test_a_run_starts_where_warnings_are_errors(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "-W", "error", "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)


def test_the_projects_own_tests_start_where_warnings_are_errors() -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-W",
        "error",
        "--collect-only",
        "-q",
        "tests/test_draw.py",
    ]

    ended = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
