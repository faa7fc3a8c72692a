"""BigCodeBench: what its programs need, and that its own solutions pass as they do in the official harness."""

import asyncio
import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Program
from pytest_modeleval.scorers.bigcodebench import modules_of
from tests.conftest import run
from tests.test_benchmarks import write_answers, write_rows

# The solutions that do not pass here, with what they want: another process, a socket, a file in /tmp of their own.
NOT_HERE = {
    "BigCodeBench/15": "subprocess",
    "BigCodeBench/147": "socket",
    "BigCodeBench/346": "subprocess",
    "BigCodeBench/785": "/tmp/archive",
    "BigCodeBench/1040": "socket",
}


def test_what_programs_import_is_what_rows_say_and_what_their_code_does() -> None:
    row = {
        "libs": "['re', 'numpy']",
        "code_prompt": "import os.path\nfrom scipy import stats\ndef task_func():\n",
        "test": "import unittest, json as j\nclass TestCases(unittest.TestCase):\n    def test(self):\n        from csv import reader",
    }
    assert modules_of(row) == {"re", "numpy", "os", "scipy", "unittest", "json", "csv"}


def write_first(project: pytest.Pytester, **fields: str) -> None:
    """Write the recorded rows, the first with other fields."""
    write_rows(project, "bigcodebench")
    path = project.path / "data/bigcodebench/default/v0.1.4.jsonl"
    first, *others = map(json.loads, path.read_text().splitlines())
    path.write_text("".join(json.dumps(row) + "\n" for row in [{**first, **fields}, *others]))


def test_without_its_modules_nothing_is_asked(pytester: pytest.Pytester) -> None:
    write_first(pytester, libs="['no_such_one', 'collections', 'nor_this']")

    result = run(pytester, *write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"*bigcodebench needs no_such_one, nor_this: 2 of the 6 modules * are not installed for {sys.executable} "
            "(Python *), in which programs run. Name a Python that has them: --eval-set run.sandbox_python=*"
        ]
    )


def lacking(pytester: pytest.Pytester) -> list[str]:
    """Rows whose programs import what nobody has, beside rows of another benchmark; the flags that ask."""
    write_first(pytester, libs="['no_such_one', 'collections', 'nor_this']")
    write_rows(pytester, "gsm8k")
    return write_answers(pytester, "gsm8k")


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_what_nobody_named_is_left_out_where_its_modules_lack(pytester: pytest.Pytester, workers: list[str]) -> None:
    flags = [*lacking(pytester), "--eval-write", "out.md", *workers]
    result = run(pytester, *flags, "-k", "not arithmetic and not _quiz", "-p", "no:randomly")

    said = result.stdout.str()
    line = "not run, because the Python of programs lacks what they import"
    assert result.parseoutcomes()["passed"]
    if not workers:
        assert f"{line} (run.sandbox_python): bigcodebench\n" in said
        assert f"{line}: bigcodebench" in (pytester.path / "out.md").read_text()


@pytest.mark.parametrize("named", [("-k", "bigcodebench"), ("-k", "bigcodebench or gsm8k"), ("--eval", "bigcodebench")])
def test_what_was_named_is_refused_where_its_modules_lack(pytester: pytest.Pytester, named: tuple[str, str]) -> None:
    result = run(pytester, *lacking(pytester), *named)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: bigcodebench needs no_such_one, nor_this: 2 of the 6 modules *"])


def test_a_plan_says_which_modules_lack(pytester: pytest.Pytester) -> None:
    result = run(pytester, *lacking(pytester), "--eval", "bigcodebench", "--eval-plan")

    result.stdout.fnmatch_lines(["programs of bigcodebench cannot be run: bigcodebench needs no_such_one, nor_this: *"])


@pytest.mark.parametrize("field", ["code_prompt", "complete_prompt", "entry_point", "test"])
@pytest.mark.parametrize("plan", [[], ["--eval-plan"]])
def test_another_version_of_the_data_is_a_line(pytester: pytest.Pytester, field: str, plan: list[str]) -> None:
    write_rows(pytester, "bigcodebench")
    path = pytester.path / "data/bigcodebench/default/v0.1.4.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if k != field}) + "\n" for row in rows))

    result = run(pytester, *write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench", *plan)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = f"ERROR: bigcodebench: no row has '{field}', which it needs, but * -k 'not bigcodebench' leaves it out"
    result.stderr.fnmatch_lines([line])


def test_a_row_whose_own_code_is_no_python_is_not_asked(pytester: pytest.Pytester) -> None:
    write_first(pytester, code_prompt="def (:")

    result = run(pytester, *write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench")

    said = result.stdout.str()
    assert "row 0 of" in said
    assert "its code_prompt and test are no Python: SyntaxError invalid syntax" in said.replace("\n    ", " ")
    assert "answers: 3 new, none stored" in said


def test_a_function_of_ones_own_that_names_no_modules_is_a_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_own="""
        from pytest_modeleval import Sample, benchmark, generated

        ROWS = generated(lambda subset, index: {"q": "x"}, {"main": 1})

        @benchmark(ROWS, lambda row: Sample(row["q"], "3"), modules=lambda row: 1 / 0)
        async def test_own(sample, completion, sandbox):
            assert True
        """
    )
    result = run(pytester, "test_own.py", "--model", "tiny")

    line = "ERROR: own: what programs of main-00000 import cannot be told: ZeroDivisionError division by zero"
    result.stderr.fnmatch_lines([line])


def test_another_sandbox_has_its_own_python(pytester: pytest.Pytester) -> None:
    write_rows(pytester, "bigcodebench")
    flags = [*write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench", "--eval-sandbox", "none"]
    result = run(pytester, *flags, "--eval-set", "run.sandbox_python=/bin/python")
    refused = run(pytester, *flags[:-2], "--eval-set", "run.sandbox_python=/dev/null")
    lost = run(pytester, *flags[:-2], "--eval-set", "run.sandbox_python=/no/python")
    lost.stderr.fnmatch_lines(["ERROR: sandbox_python: there is no /no/python"])
    refused.stderr.fnmatch_lines(["ERROR: sandbox_python: '/dev/null' does not run as a Python: *"])
    result.stderr.fnmatch_lines(["*sandbox_python = '/bin/python' is for the sandbox process: none has its own Python"])


def test_what_the_own_solution_does_not_pass_is_unscored(pytester: pytest.Pytester) -> None:
    write_first(pytester, canonical_solution="    import socket\n    return socket.socket()\n")

    result = run(pytester, *write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench")

    assert result.parseoutcomes() == {"passed": 1, "failed": 2, "skipped": 1}
    line = "bigcodebench: 1 unscored: the benchmark's own solution does not pass in this sandbox and its Python: *"
    result.stdout.fnmatch_lines([line])


def test_the_prompt_may_be_what_is_to_be_completed(pytester: pytest.Pytester) -> None:
    write_rows(pytester, "bigcodebench")
    pytester.makeconftest(
        """
        from pytest_modeleval.items.collect import selected

        def pytest_collection_finish(session):
            ref = selected(session.items[0])
            print("ASKED", repr(ref.source.sample(ref.subset, ref.row).messages[-1]["content"]))
        """
    )
    flags = [*write_answers(pytester, "bigcodebench"), "--eval", "bigcodebench", "--co", "-qq", "-s"]
    result = run(pytester, *flags, "--eval-set", "bigcodebench.prompt={complete_prompt}")
    result.stdout.fnmatch_lines(["ASKED 'import re*def task_func(text):*Give the mean*"])


def own_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows that need nothing but Python."""
    with gzip.open(folder / "bigcodebench_hard/bigcodebench_hard.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    return [row for row in rows if modules_of(row) <= sys.stdlib_module_names]


def test_the_own_solutions_pass(real_data: Path) -> None:
    """Every third of the hard part that needs no packages; each with the functions of `unittest` that it uses."""
    rows = own_rows(real_data)[::3]

    async def failed() -> set[str]:
        sandbox = ProcessSandbox(cores=1)
        try:
            found = set()
            for row in rows:
                code = f"{row['prompt']}\n{row['canonical_solution']}"
                program = Program(
                    code, tests=row["test"], cases="TestCases", function="task_func", limits=Limits(seconds=20)
                )
                if not (await sandbox.run(program)).passed:
                    found.add(row["task_id"])
            return found
        finally:
            await sandbox.close()

    assert len(rows) > 10
    assert asyncio.run(failed()) == NOT_HERE.keys() & {row["task_id"] for row in rows}
