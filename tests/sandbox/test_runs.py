"""Programs in runs: verdicts beside the questions, kept, pinned, and cleared up."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking import programs
from pytest_modeleval.sandbox.process import _request
from pytest_modeleval.sandbox.program import FINISHED, TIMEOUT, Outcome, Program
from tests.conftest import add_settings, alias, run, run_alone
from tests.sandbox.conftest import servers

WRITTEN = """
from pytest_modeleval import Completion, Limits, Program, Sample, Sandbox, benchmark, generated
from pytest_modeleval.scorers.programs import first_fenced, passed

ROWS = generated(lambda subset, index: {"q": f"Write f that doubles. {index}"}, {"main": 6})

@benchmark(ROWS, lambda row: Sample(row["q"], "assert f(2) == 4"))
async def test_written(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    code = first_fenced(completion)
    assert passed(await sandbox.run(Program(code, tests=sample.target, function="f", limits=Limits(seconds=0.3))), code)
"""
ANSWERS = [
    *("def f(x): return 2 * x", "```python\ndef f(x): return x\n```", "while True: pass", "[0] * 10**10"),
    *("while True: print('x' * 65536)", "```\n```"),
]


@pytest.fixture
def written(pytester: pytest.Pytester, own_folder: None) -> pytest.Pytester:
    pytester.makepyfile(test_written=WRITTEN)
    lines = [json.dumps({"id": f"written[main-0000{at}]", "text": text}) for at, text in enumerate(ANSWERS)]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))
    return pytester


def outcomes(project: pytest.Pytester) -> int:
    """How many programs' outcomes are kept."""
    with sqlite3.connect(project.path / ".modeleval" / "store.sqlite") as store:
        return int(store.execute("select count(*) from outcomes").fetchone()[0])


MODEL = ("test_written.py", "--model", "replay:answers.jsonl")


def test_what_went_wrong_is_counted_apart(written: pytest.Pytester) -> None:
    result = run(written, *MODEL)

    assert result.parseoutcomes() == {"passed": 1, "failed": 5}
    with sqlite3.connect(written.path / ".modeleval" / "store.sqlite") as store:
        mistakes = [mistake for (mistake,) in store.execute("select mistake from scores order by item")]
    assert mistakes == [None, "wrong answer", "time-out", "out of memory", "too much output", "no answer found"]
    assert (servers(), outcomes(written)) == (set(), 6)


def test_a_program_that_was_run_is_not_run_again(written: pytest.Pytester) -> None:
    first = run(written, *MODEL).parseoutcomes()
    written.makeconftest(
        "from pytest_modeleval.sandbox.process import ProcessSandbox\n"
        "async def run(self, program, real=ProcessSandbox.run):\n"
        "    assert 'probed' in program.code, 'it was run again'\n    return await real(self, program)\n"
        "ProcessSandbox.run = run"
    )

    assert run_alone(written, *MODEL).parseoutcomes() == first
    assert outcomes(written) == 6


ENDED = {"kind": "finished", "status": 0, "stdout": "", "same": 0}


@pytest.mark.parametrize(
    "kept",
    [
        *("{", "[]", '{"values": 1}', "[" * 9999, "not packed", "c$~{", "{}"),
        json.dumps(ENDED | {"values": 1, "others": {"0": {"complex": [1, 2, 3]}}}),
        json.dumps(ENDED | {"values": 1, "others": {"0": {"float": 10**400}}}),
        json.dumps(ENDED | {"values": 10**18, "others": {}}),
    ],
)
def test_an_outcome_that_cannot_be_read_is_none(kept: str) -> None:
    assert programs._outcome_in(kept, Program("")) is None


LINES = "\n".join(map(str, range(200_000)))


@pytest.mark.parametrize(
    ("outcome", "expected", "size"),
    [
        (Outcome(FINISHED, 0, stdout=LINES + "\n"), LINES, 300),
        (Outcome(FINISHED, 0, stdout=LINES), LINES + "\n", 300),
        (Outcome(FINISHED, 0, stdout=LINES[:100_000] + "no"), LINES, 300),
        (Outcome(FINISHED, 0, stdout="x" * 1_000_000), LINES, 2_000),
        (Outcome(FINISHED, 1, stdout="a", stderr="é\ud800"), "", 300),
        (Outcome(FINISHED, 0, values=([LINES], (1, 2.0), {3})), [[LINES], (1, 2.0), {3}], 300),
        (Outcome(FINISHED, 0, values=(1, True, [1, 2], None)), [1.0, 1, (1, 2), 0], 300),
        (Outcome(TIMEOUT, None, values=(1,)), [1, LINES], 300),
        (Outcome(FINISHED, 0, values=(1, 2, None)), [1], 300),
    ],
)  # fmt: skip
def test_of_an_outcome_is_kept_what_was_not_expected(outcome: Outcome, expected: Any, size: int) -> None:
    program = Program("", expected=expected)

    kept = programs._kept(outcome, program)
    found = programs._outcome_in(kept, program)

    assert found == outcome
    assert found is not None
    assert [type(value) for value in found.values] == [type(value) for value in outcome.values]
    assert len(kept) < size


def test_what_is_expected_does_not_enter_the_sandbox() -> None:
    assert "secret answer" not in json.dumps(_request(Program("", expected="secret answer")))
    assert "secret answer" not in json.dumps(
        _request(Program("", function="f", calls=[[]], expected=["secret answer"]))
    )


def test_other_limits_are_another_program(written: pytest.Pytester) -> None:
    run(written, *MODEL, "-k", "00000")
    written.makepyfile(test_written=WRITTEN.replace("0.3", "0.4"))
    run(written, *MODEL, "-k", "00000")

    assert outcomes(written) == 2


def test_two_processes_leave_nothing(written: pytest.Pytester) -> None:
    environment = {**os.environ, "TMPDIR": str(written.path / "temporary")}
    (written.path / "temporary").mkdir()
    command = [sys.executable, "-m", "pytest", *MODEL, "-n", "2", "-p", "no:randomly"]
    said = subprocess.run(
        command, cwd=written.path, env=environment, capture_output=True, text=True, check=False
    ).stdout

    assert "5 failed, 1 passed" in said
    _is_clean(written.path / "temporary")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_broken_off_leaves_nothing_and_goes_on(written: pytest.Pytester, number: signal.Signals) -> None:
    written.makepyfile(test_written=WRITTEN.replace("seconds=0.3", "seconds=20"))
    environment = {**os.environ, "TMPDIR": str(written.path / "temporary")}
    (written.path / "temporary").mkdir()
    command = [sys.executable, "-m", "pytest", *MODEL, "-p", "no:randomly", "--eval-concurrency", "1"]
    with subprocess.Popen(command, cwd=written.path, env=environment, stdout=subprocess.DEVNULL) as process:
        store = written.path / ".modeleval" / "store.sqlite"
        until = time.monotonic() + 60
        while not (store.exists() and _kept(store)) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(number)
        process.wait(20)

    _is_clean(written.path / "temporary")
    kept = _kept(store)
    assert 0 < kept < 6
    result = run(written, *MODEL, "-k", "00000 or 00001")
    assert result.parseoutcomes()["passed"] == 1


def _kept(store: Path) -> int:
    with sqlite3.connect(store) as connection:
        try:
            return int(connection.execute("select count(*) from outcomes").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _is_clean(folder: Path) -> None:
    """No process that was started with it, and nothing but the locks of cores in it, soon after its run has ended."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _mentions(path, str(folder))]
        left = [path for path in folder.glob("pytest-modeleval-*/*") if not path.name.startswith("core-")]
        if not found and not left:
            return
        time.sleep(0.1)
    raise AssertionError(f"left: {found} {left}")


def _mentions(path: Path, text: str) -> bool:
    try:
        return text.encode() in path.read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("bwarp", "unknown kind of sandbox: 'bwarp'; did you mean 'bwrap'.*process.*pytest_modeleval_open_sandbox"),
        ("full", "--eval-sandbox full: pytest_modeleval_open_sandbox raised OSError: no room on the farm"),
        (
            "broken",
            "--eval-sandbox broken: Broken, which pytest_modeleval_open_sandbox gave, has no run, tool, session, close",
        ),
    ],
)
def test_a_kind_that_there_is_not_ends_the_run_before_the_first_question(
    written: pytest.Pytester, kind: str, line: str
) -> None:
    written.makeconftest(
        "class Broken:\n    name = 'broken'\n"
        "def pytest_modeleval_open_sandbox(kind):\n"
        "    if kind == 'full': raise OSError('no room on the farm')\n"
        "    return Broken() if kind == 'broken' else None"
    )
    result = run(written, *MODEL, "--eval-sandbox", kind)

    result.stderr.re_match_lines([f"ERROR: {line}"])
    assert not outcomes(written)
    with sqlite3.connect(written.path / ".modeleval" / "store.sqlite") as store:
        assert not store.execute("select * from completions").fetchall()


def test_where_no_sandbox_can_be_had_nothing_is_asked(written: pytest.Pytester) -> None:
    """As on a kernel without Landlock: what was tried and what it said is told, and none runs without protection."""
    written.makeconftest(
        "from pytest_modeleval.sandbox import servers\n"
        "servers._SCRIPT = servers._SCRIPT.with_name('without.py')\n"
        "servers._SCRIPT = __import__('pathlib').Path('without.py')\n"
        "servers._SCRIPT.write_text('''\n"
        "import os, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from pytest_modeleval.sandbox import locks\n"
        "def version(): raise OSError(38, 'landlock_create_ruleset: Function not implemented')\n"
        "locks.landlock_version = version\n"
        "from pytest_modeleval.sandbox import server\n"
        "server.main()''')"
    )
    result = run_alone(written, *MODEL)

    said = result.stderr.str()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said.count("landlock_create_ruleset: Function not implemented") == 2, said
    assert "--eval-sandbox none runs programs without any protection" in said
    with sqlite3.connect(written.path / ".modeleval" / "store.sqlite") as store:
        assert not store.execute("select * from completions").fetchall()


def test_a_sandbox_of_ones_own(written: pytest.Pytester) -> None:
    written.makeconftest(
        """
        from pytest_modeleval import Outcome, SandboxError

        class Odd:
            name = "odd"
            async def run(self, program):
                if "while" in program.code:
                    raise SandboxError("the cluster is away")
                return Outcome("finished", 0, passed="2 *" in program.code)
            async def tool(self, language): return "odd"
            async def session(self, program): ...
            async def close(self): print("closed")

        def pytest_modeleval_open_sandbox(kind):
            return Odd() if kind == "odd" else None
        """
    )
    result = run(written, *MODEL, "--eval-sandbox", "odd", "-s")

    assert result.parseoutcomes() == {"passed": 1, "failed": 3, "errors": 2}
    result.stdout.fnmatch_lines(["*closed", "test_written?main-00002?*the cluster is away"])
    assert outcomes(written) == 4


def test_a_gate_compares_no_runs_with_different_sandboxes(written: pytest.Pytester) -> None:
    written.makeconftest(
        """
        from pytest_modeleval import Completion, Chat
        from pytest_modeleval.sandbox.process import ProcessSandbox

        class Other(ProcessSandbox):
            name = "other"

        class Writer:
            answers, concurrency = {Chat}, 1
            async def check(self, kind): ...
            async def close(self): ...
            async def answer(self, request): return Completion("def f(x): return 2 * x")

        def pytest_modeleval_open_sandbox(kind): return Other() if kind == "other" else None
        def pytest_modeleval_open_model(spec): return Writer()
        """
    )
    alias(written, "writer", api="writer", model="x")
    command = ["test_written.py", "--model", "writer", "-p", "no:randomly"]
    assert run(written, *command, "--eval-save-baseline", "base.json").parseoutcomes() == {"passed": 6}

    result = run(written, *command, "--eval-baseline", "base.json", "--eval-sandbox", "other")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = "written: the baseline's sandbox was process, this run's is other: they cannot be compared*waive=roles"
    result.stderr.fnmatch_lines([f"ERROR: {line}"])

    python = run(
        written, *command, "--eval-baseline", "base.json", "--eval-set", f"run.sandbox_python={sys.executable}"
    )

    python.stderr.fnmatch_lines(["ERROR: *the baseline's sandbox was process, this run's is process, Python 3.*"])


def test_a_run_without_programs_starts_no_server(pytester: pytest.Pytester, own_folder: None) -> None:
    pytester.makeconftest(
        "from pytest_modeleval.sandbox import servers\n"
        "def refuse(self): raise AssertionError('a server was started')\nservers.Server._start = refuse"
    )
    assert run_alone(pytester, "--model", "tiny", "-k", "arithmetic", "--eval-limit", "2").parseoutcomes()["passed"]


EVERY = """
import pytest
from pytest_modeleval import Program, Sample, SandboxError, benchmark, generated

ROWS = generated(lambda subset, index: {"q": "x"}, {"main": 1})

@benchmark(ROWS, lambda row: Sample(row["q"], "3"))
def test_sync(sample, completion, sandbox):
    assert sandbox.run(Program("print(1 + 2)")).stdout.strip() == sample.target
    with sandbox.session("x = 1", imports=["colorsys"]) as session:
        session.run("import sys; sys.modules['colorsys']; x += 1")
        assert session.run("print(x)").stdout == "2\\n"
        assert session.call("len", "abc").why == "the program has no len"

@benchmark(ROWS, lambda row: Sample(row["q"], "3"))
async def test_async(sample, completion, sandbox):
    async with sandbox.session("def double(x): return 2 * x", imports=["colorsys"]) as session:
        assert (await session.call("double", x=21)).values == (42,)
        assert (await session.run("import sys; sys.modules['colorsys']")).ended_well
    with pytest.raises(SandboxError):
        await session.run("pass")

@benchmark(ROWS, lambda row: Sample(row["q"], "3"))
async def test_forgotten(sample, completion, sandbox):
    assert sandbox.run(Program("1/0"))

def test_ordinary(sandbox):
    assert sandbox.name == "process"
    assert sandbox.run(Program("print(1)")).stdout == "1\\n"
"""


def test_every_kind_of_test_takes_it(pytester: pytest.Pytester, own_folder: None) -> None:
    pytester.makepyfile(test_every=EVERY)
    (pytester.path / "answers.jsonl").write_text(json.dumps({"prompt": "x", "text": "y"}))

    result = run(pytester, "test_every.py", *MODEL[1:])

    assert result.parseoutcomes() == {"passed": 3, "errors": 1}, result.stdout.str()
    result.stdout.fnmatch_lines(["*run(…) was asked for and never awaited: write `await` before it*"])


def test_without_a_model_a_test_that_takes_it_is_skipped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_ordinary(sandbox): raise AssertionError")

    assert run(pytester).parseoutcomes() == {"skipped": 1}


def test_the_settings_say_the_kind(written: pytest.Pytester) -> None:
    add_settings(written, '[run]\nsandbox = "nowhere"')

    run(written, *MODEL).stderr.fnmatch_lines(["ERROR: unknown kind of sandbox: 'nowhere'. Known: bwrap, docker, *"])


@pytest.mark.parametrize("flag", ["--eval-plan", "--collect-only", ""])
@pytest.mark.parametrize(
    ("kind", "meant"), [("dokcer", "docker"), ("podmn:python:3.12", "podman"), ("process:3.12", "process")]
)
def test_an_unknown_kind_is_refused_whatever_the_run_does(
    written: pytest.Pytester, flag: str, kind: str, meant: str
) -> None:
    result = run(written, *MODEL, *filter(None, [flag]), "--eval-sandbox", kind)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: unknown kind of sandbox: '{kind}'; did you mean '{meant}'? Known: bwrap, *"])


def test_a_kind_of_ones_own_is_planned_with_and_collected(written: pytest.Pytester) -> None:
    written.makeconftest("def pytest_modeleval_open_sandbox(kind): raise AssertionError('opened')")

    assert run(written, *MODEL, "--collect-only", "--eval-sandbox", "own").ret == 0


def test_a_plan_says_that_no_program_can_run(written: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = run(written, *MODEL, "--eval-plan", "--eval-sandbox", "docker")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["programs of written cannot be run: no sandbox for*docker: there is no such command*"])


def test_a_plan_says_that_programs_run(written: pytest.Pytester) -> None:
    result = run(written, *MODEL, "--eval-plan")

    result.stdout.fnmatch_lines(["programs run in the sandbox process, but for those that ran before: written"])
    assert not servers()


VALUES = """
from pytest_modeleval import Completion, Program, Sample, Sandbox, SyncSandbox, benchmark, generated
from pytest_modeleval.scorers.programs import first_fenced, passed

ROWS = generated(lambda subset, index: {"list": [3, 1, 2], "sorted": [1, 2, 3]}, {"main": 3})

def to_sample(row):
    return Sample("sort", "[1, 2, 3]", metadata=row)
"""
WITHOUT_TESTS = """
@benchmark(ROWS, to_sample)
async def test_values(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    code = first_fenced(completion)
    assert passed(await sandbox.run(Program(code, function="sort", calls=[[[2, 1]]])), code)

@benchmark(ROWS, to_sample)
def test_output(sample: Sample, completion: Completion, sandbox: SyncSandbox) -> None:
    assert passed(sandbox.run(Program("print(1)")), "print(1)")

@benchmark(ROWS, to_sample)
def test_steps(sample: Sample, completion: Completion, sandbox: SyncSandbox) -> None:
    with sandbox.session() as session:
        assert passed(session.run("print(1)"), "print(1)")
"""
GIVEN = ("return sorted(x)", "return x", "while True: pass")


@pytest.fixture
def valued(project: pytest.Pytester) -> pytest.Pytester:
    lines = [
        {"id": f"{name}[main-0000{number}]", "text": f"```python\ndef sort(x):\n    {body}\n```"}
        for number, body in enumerate(GIVEN)
        for name in ("values", "output", "steps")
    ]
    (project.path / "a.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return project


def test_what_has_no_tests_is_an_error_of_the_benchmark_and_not_wrong(valued: pytest.Pytester) -> None:
    """Whether it just ran or was kept, a right program was a wrong answer: its tests had not come to their end."""
    valued.makepyfile(test_values=VALUES + WITHOUT_TESTS)

    for _ in range(2):
        result = run(valued, "--model", "replay:a.jsonl", "test_values.py", "-k", "00000 or 00001")

        result.assert_outcomes(errors=6)
        result.stdout.fnmatch_lines(["*ValueError: passed is for a program with tests*Outcome.values*"])


def test_the_values_of_the_guide_are_judged(valued: pytest.Pytester) -> None:
    guide = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
    (shown,) = (each for each in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "test_values" in each)
    quick = shown.replace("calls=", "limits=Limits(0.3), calls=")
    valued.makepyfile(test_values=f"{VALUES}\nfrom pytest_modeleval import Limits\n{quick}")

    result = run(valued, "--model", "replay:a.jsonl", "test_values.py", "--eval-write", "rows.jsonl")

    result.assert_outcomes(passed=1, failed=2)
    rows = [json.loads(line) for line in (valued.path / "rows.jsonl").read_text().splitlines()]
    assert [(row["mistake"], row["why"]) for row in rows] == [
        (None, ""),
        ("wrong answer", "it gave ([3, 1, 2],)"),
        ("time-out", "the program took more than its time"),
    ]
