"""Benchmarks whose authors ask not to show their questions."""

import gzip
import json
from importlib import import_module
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.conftest import ANSWERS, FaultyServer, answer, modeleval, run

PROTECTED = ANSWERS.replace('tags=["math"]', "protected=True")
OUTPUTS = (
    *("--eval-write", "out/page.html", "--junitxml", "out/junit.xml"),
    *("--alluredir", "out/allure", "--eval-set", "run.allure=all"),
    *("--eval-write", "out/summary.md", "--eval-write", "out/table.json", "--eval-save-baseline", "out/base.json"),
)
# Of the question, of the right answer's line and of the model's own.
TEXTS = ("what is 6", "Surely it is", "surely 41")


@pytest.fixture
def protected(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    """A server that quotes the question in its answer, now wrong and now right."""
    project.makepyfile(test_answers=PROTECTED)
    number = 0

    def quote(handler: object, body: dict[str, object]) -> None:
        nonlocal number
        number += 1
        asked = body["messages"][-1]["content"]  # type: ignore[index]
        answer(f"Surely it is, as {asked} is asked, surely {41 + (number + number // 11) % 2}")(handler, body)  # type: ignore[arg-type]

    faulty.fault = quote
    return faulty


def written(folder: Path) -> str:
    """All that a run wrote, as text."""
    texts = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = json.dumps(pyarrow.parquet.read_table(path).to_pylist()).encode()
        texts.append(gzip.decompress(content).decode() if content[:2] == b"\x1f\x8b" else content.decode())
    return "\n".join(texts)


@pytest.mark.parametrize("export", ["csv", "jsonl", "parquet"])
def test_reports_have_ids_and_verdicts_only(project: pytest.Pytester, protected: FaultyServer, export: str) -> None:
    result = run(
        project, "test_answers.py", "--model", "faulty", *OUTPUTS, "--eval-write", f"out/samples.{export}", "-rA"
    )

    everything = written(project.path / "out") + result.stdout.str()
    assert result.ret == 1
    assert [text for text in TEXTS if text in everything] == []
    assert "easy-00000" in everything
    assert "wrong (protected: --eval-set run.show=answers shows its texts)" in result.stdout.str()


def test_what_an_async_body_raises_is_not_quoted(project: pytest.Pytester, protected: FaultyServer) -> None:
    crashing = PROTECTED.replace("def test", "async def test").replace(
        "assert same", "raise ValueError(completion.text)  #"
    )
    project.makepyfile(test_answers=crashing)
    result = run(project, "test_answers.py", "--model", "faulty", *OUTPUTS[:-2], "--eval-write", "out/samples.csv")

    everything = written(project.path / "out") + result.stdout.str()
    assert result.parseoutcomes()["errors"] == 10
    assert [text for text in TEXTS if text in everything] == []
    assert "error: ValueError (protected: --eval-set run.show=answers shows its texts)" in everything


def test_they_show_all_of_one_that_is_named(project: pytest.Pytester, protected: FaultyServer) -> None:
    result = run(
        project,
        "test_answers.py",
        "--model",
        "faulty",
        *OUTPUTS,
        "--eval-write",
        "out/samples.jsonl",
        "--eval-set",
        "run.show=answers",
    )

    for name in ("page.html", "junit.xml", "allure", "samples.jsonl"):
        path = project.path / "out" / name
        assert "what is 6" in (written(path) if path.is_dir() else path.read_text()), name
    result.stdout.fnmatch_lines(["*what is 6 [*] 7?'", "    expected '42', got '41'"])


def test_another_benchmarks_name_shows_nothing(project: pytest.Pytester, protected: FaultyServer) -> None:
    result = run(project, "test_answers.py", "--model", "faulty", "--eval-set", "run.show=arithmetic")

    result.assert_outcomes(failed=5, passed=5)
    assert "what is 6" not in result.stdout.str()


def test_a_misspelt_name_is_refused_before_anything_is_asked(project: pytest.Pytester, protected: FaultyServer) -> None:
    result = run(project, "test_answers.py", "--model", "faulty", "--eval-set", "run.show=answer")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: unknown benchmark in show of [[]run]: 'answer'; did you mean 'answers'?"])
    assert protected.asked == []


def test_a_run_that_hides_does_so_after_one_that_showed(project: pytest.Pytester, protected: FaultyServer) -> None:
    run(project, "test_answers.py", "--model", "faulty", "--eval-set", "run.show=answers")
    run(
        project,
        "test_answers.py",
        "--model",
        "faulty",
        "--eval-cache",
        "off",
        *OUTPUTS,
        "--eval-write",
        "out/samples.csv",
    )

    assert [text for text in TEXTS if text in written(project.path / "out")] == []


def test_history_and_difference_show_none_and_know_that_the_same_was_asked(
    project: pytest.Pytester, protected: FaultyServer
) -> None:
    run(
        project,
        "test_answers.py",
        "--model",
        "faulty",
        "--eval-set",
        "run.show=answers",
        "--eval-save-baseline",
        "base.json",
    )
    run(
        project,
        "test_answers.py",
        "--model",
        "faulty",
        "--eval-cache",
        "off",
        "--eval-baseline",
        "base.json",
        "--eval-margin",
        "50pp",
    )
    run(project, "test_answers.py", "--model", "faulty", "--eval-cache", "off", "--eval-limit", "5")

    history = modeleval("history", "answers[easy-00000]").stdout.str()
    difference = modeleval("diff", "last~2", "last~1").stdout.str()

    assert "ask or expect something else" not in difference
    assert "easy-0000" in difference
    hidden = modeleval("diff", "last~1", "last", "--write", "diff.html").stdout.str()
    assert [text for text in TEXTS if text in hidden + (project.path / "diff.html").read_text()] == []
    assert "answers[easy-00000]" in history


def test_an_error_says_what_happened_without_what_it_quotes(project: pytest.Pytester, protected: FaultyServer) -> None:
    project.makefile(".jsonl", answers='{"id": "answers[easy-00001]", "text": "x"}')

    result = run(project, "test_answers.py", "--model", "replay:answers.jsonl", "--junitxml", "out/junit.xml")

    everything = result.stdout.str() + written(project.path / "out")
    assert "what is 6" not in everything
    assert (
        "answers.jsonl has no answer to answers[easy-00000]: '…' (protected: --eval-set run.show=answers shows"
        in everything
    )


def test_a_crash_has_no_traceback(project: pytest.Pytester, protected: FaultyServer) -> None:
    crash = PROTECTED.replace("    assert same", "    raise ValueError(sample.asked)\n    assert same")
    project.makepyfile(test_answers=crash)

    result = run(project, "test_answers.py", "--model", "faulty", "--junitxml", "out/junit.xml")

    everything = result.stdout.str() + written(project.path / "out")
    assert "what is 6" not in everything
    assert (
        "error: ValueError (protected: --eval-set run.show=answers shows its texts)"
        in (project.path / "out/junit.xml").read_text()
    )


def test_gpqa_is_protected() -> None:
    module = import_module("pytest_modeleval.benchmarks.test_gpqa_diamond")

    (mark,) = [mark for mark in module.test_gpqa_diamond.pytestmark if mark.name == "modeleval"]
    assert mark.args[0].protected
