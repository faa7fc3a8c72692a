"""Programs in other languages: what is compiled and run, what of it fails how, and MultiPL-E's in each that is here."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from pytest_modeleval.results.failures import Mistake, mistake_of
from pytest_modeleval.sample import Completion
from pytest_modeleval.sandbox.boxed import of_way
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.sandbox.process import ProcessSandbox, ServedSandbox
from pytest_modeleval.sandbox.program import COMPILE, FINISHED, KILLED, NoTool, Outcome, Program
from pytest_modeleval.scorers.multiple import _NEEDED, LIMITS, assembled
from pytest_modeleval.scorers.programs import passed
from tests.conftest import SHARED_DATA, run_alone
from tests.sandbox.conftest import Run
from tests.sandbox.multiple import ADD, CONCATENATE, WRONG

DATA = SHARED_DATA / "multiple_humaneval"


def tool(sandbox: ServedSandbox, language: str) -> str:
    """What runs the language; the test is skipped where nothing does."""
    try:
        return asyncio.run(sandbox.tool(language))
    except NoTool as error:
        pytest.skip(str(error))


def test_a_script_of_the_shell_reads_writes_and_has_files(run_boxed: Run) -> None:
    outcome = run_boxed(
        Program("read line; cat a/b; echo $line >&2; exit 3", stdin="in\n", language="sh", files={"a/b": "x"})
    )

    assert (outcome.kind, outcome.status, outcome.stdout, outcome.stderr) == (FINISHED, 3, "x", "in\n")
    assert (outcome.passed, outcome.why) == (False, "in")


def test_what_does_not_compile_is_told_apart(bwrap: ServedSandbox, run_boxed: Run) -> None:
    tool(bwrap, "cpp")

    broken = run_boxed(Program("int main() { return x; }", language="cpp"))
    wrong = run_boxed(Program("#include <assert.h>\nint main() { assert(1 == 2); }", language="cpp"))
    right = run_boxed(Program('#include <stdio.h>\nint main() { puts("a"); }', language="cpp"))

    assert (broken.kind, broken.stdout) == (COMPILE, "")
    assert broken.why == "the program does not compile: main.cpp:1:21: error: ‘x’ was not declared in this scope"
    score = passed(broken, "int x")
    assert mistake_of("wrong", None, Completion("int x"), score) == Mistake.COMPILE
    assert (wrong.kind, wrong.status) == (KILLED, -6)
    assert wrong.why.startswith("the program was ended by a signal: main: main.cpp:2: int main(): Assertion")
    assert (right.kind, right.stdout, right.stderr) == (FINISHED, "a\n", "")


def test_no_more_of_a_compiler_is_shown_than_is_read(bwrap: ServedSandbox, run_boxed: Run) -> None:
    tool(bwrap, "cpp")

    flood = run_boxed(Program("int main() {" + "x;" * 200_000 + "}", language="cpp"))

    assert (flood.kind, len(flood.stderr) <= 1 << 16) == (COMPILE, True)


def test_ending_before_the_tests_have_is_no_pass(run_boxed: Run) -> None:
    tests = '[[ $(add 1 2) = "3" ]] || exit 1\n'

    def outcome(code: str) -> Outcome:
        return run_boxed(Program(code, tests=tests, language="sh"))

    assert outcome("add() { echo $(($1 + $2)); }").passed
    assert not outcome("add() { echo $(($1 - $2)); }").passed
    early = outcome("exit 0")
    assert (early.status, early.passed) == (0, False)
    assert passed(early, "exit 0").why == "the program ended before its tests had"
    # What tells of the end is not shown.
    assert outcome("add() { echo $(($1 + $2)); }\necho a").stdout == "a\n"


def test_the_kind_process_runs_python_alone() -> None:
    sandbox = ProcessSandbox(cores=1)

    with pytest.raises(NoTool) as told:
        asyncio.run(sandbox.run(Program("exit 0", language="sh")))

    assert str(told.value) == (
        "the sandbox process runs Python alone, as programs in other languages need processes of their own: give "
        "--eval-sandbox bwrap, docker, podman or none"
    )
    assert asyncio.run(sandbox.tool("python")).startswith("Python 3.")


def test_a_language_without_its_tools_is_told(bwrap: ServedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    sandbox = of_way("none", cores=1)

    with pytest.raises(NoTool, match=r"^C\+\+ needs g\+\+, which the sandbox has not$"):
        asyncio.run(sandbox.tool("cpp"))
    asyncio.run(sandbox.close())


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"language": "cobol"}, "a program in 'cobol' cannot be run: its language is one of python, cpp, cs,"),
        (
            {"language": "sh", "function": "f", "calls": [(1,)]},
            "functions of a program in 'sh' cannot be called: only those of python",
        ),
        ({"files": {"../x": ""}}, "a program's file is called '../x': it must be a path below the program's folder"),
        ({"files": {"/etc/x": ""}}, "a program's file is called '/etc/x'"),
    ],
)
def test_what_is_no_program(fields: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Program("", **fields)  # type: ignore[arg-type]


def rows(language: str) -> dict[str, dict[str, str]]:
    lines = (DATA / f"humaneval-{language}" / "test.jsonl").read_text("utf-8").splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


@pytest.mark.skipif(not DATA.is_dir(), reason="no copy of MultiPL-E in shared/data")
@pytest.mark.parametrize("language", LANGUAGES)
def test_own_solutions_of_multiple_humaneval(bwrap: ServedSandbox, run_boxed: Run, language: str) -> None:
    """Right ones pass, wrong ones do not, and what cannot be read says so."""
    tool(bwrap, language)
    needed = _NEEDED.get(language)
    if needed and not run_boxed(Program(needed, language=language, limits=LIMITS)).ended_well:
        pytest.skip(f"what the tests in {language} use is not installed")
    add, concatenate = (rows(language)[name] for name in ("HumanEval_53_add", "HumanEval_28_concatenate"))

    def outcome(row: dict[str, str], answer: str) -> Outcome:
        code, tests = assembled(language, row["prompt"], answer, row["tests"])
        return run_boxed(Program(code, tests=tests, language=language, limits=LIMITS))

    wrong = outcome(add, ADD[language].replace(*WRONG.get(language, ("x + y", "x - y"))))
    broken = outcome(add, re.sub("add", ")(", ADD[language], count=1, flags=re.IGNORECASE))
    assert outcome(add, ADD[language]).passed
    assert outcome(concatenate, CONCATENATE[language]).passed
    assert not wrong.passed
    assert wrong.kind in (FINISHED, KILLED)
    assert wrong.status
    assert not broken.passed
    assert broken.kind == (COMPILE if LANGUAGES[language].compile else FINISHED)


def rows_of(name: str, *languages: str) -> dict[str, list[dict[str, str]]]:
    """The made-up rows of a benchmark, for these languages."""
    recorded = json.loads((Path(__file__).parents[1] / "rows" / f"{name}.json").read_text("utf-8"))
    (rows,) = recorded["files"].values()
    return {f"humaneval-{language}": [{**row, "language": language} for row in rows] for language in languages}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_a_run_tells_of_tools_and_of_languages_that_have_none(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: list[str]
) -> None:
    for subset, rows in rows_of("multiple_humaneval", "sh", "swift").items():
        path = pytester.path / "data" / "multiple_humaneval" / subset / "test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    answers = [{"id": f"multiple_humaneval[humaneval-sh-0000{at}]", "text": "double() { echo $(($1 * 2)); }\nless() { exit 0; }"} for at in range(2)]  # fmt: skip
    (pytester.path / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    flags = ["--model", "replay:answers.jsonl", "--eval-data", "data", "-k", "humaneval-sh or humaneval-swift"]

    none = run_alone(pytester, *flags, "--eval-sandbox", "none", "--eval-write", "out.json", *workers)
    process = run_alone(pytester, *flags, "-rs")

    assert none.parseoutcomes().items() >= {"passed": 1, "failed": 1, "skipped": 2}.items()
    none.stdout.fnmatch_lines(
        [
            "programs ran in the sandbox none, without any protection",
            "multiple_humaneval: 2 unscored: Swift needs swiftc, which the sandbox has not",
        ]
    )
    document = json.loads((pytester.path / "out.json").read_text())
    programs, why = document["programs"], "Swift needs swiftc, which the sandbox has not"
    assert document["unscored"] == [{"benchmark": "multiple_humaneval", "why": why, "samples": 2}]
    assert programs["sandbox"] == "none"
    assert programs["tools"]["sh"].startswith("GNU bash, version ")
    assert programs["lacking"] == {"swift": why}
    assert process.parseoutcomes()["skipped"] == 4
    process.stdout.fnmatch_lines(
        ["multiple_humaneval: 4 unscored: the sandbox process runs Python alone, *: give --eval-sandbox bwrap*"]
    )
