"""Rows of a user's own file that have an id go by it, wherever they stand; what went by numbers is still found."""

import csv
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.results.lost import lost_record
from pytest_modeleval.results.results import Results
from tests.conftest import FaultyServer, answer, run

IDS = ["q17", "00003", 7, "a b::c[d]", "问题一", "x" * 90, "q-r2", "\x1b[31m"]
FILE = ("--eval-file", "exam.jsonl")


def question(number: int) -> str:
    return f"What is the answer to question {number:02}?"


def write_exam(project: pytest.Pytester, ids: Sequence[Any], order: Sequence[int] | None = None) -> None:
    """The file's rows, of which the first half are answered right; without ids where there are none."""
    rows = [
        {**({"id": ids[number]} if ids else {}), "question": question(number), "answer": "42" if number < 4 else "41"}
        for number in order or range(8)
    ]
    (project.path / "exam.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def evaluate(project: pytest.Pytester, *flags: str, model: str = "faulty") -> pytest.RunResult:
    return run(project, "--model", model, *FILE, *flags)


def test_a_sample_is_called_by_its_id_everywhere(project: pytest.Pytester, faulty: FaultyServer) -> None:
    write_exam(project, [f"q{number}" for number in range(10, 18)])

    evaluate(project, "-k", "q17").assert_outcomes(failed=1, deselected=7)
    evaluate(project, "-k", "not q17 and not main:q10").assert_outcomes(passed=3, failed=3, deselected=2)
    evaluate(project, "exam.jsonl::test_exam[main:q17]").assert_outcomes(failed=1)
    outputs = ["--eval-write", "s.csv", "--eval-write", "s.html", "--junitxml", "j.xml", "-v"]
    result = evaluate(project, *outputs)

    result.stdout.fnmatch_lines(["*exam.jsonl::test_exam?main:q17?*", "test_exam?main:q17?  asked *"])
    assert {case.get("name") for case in ET.parse(project.path / "j.xml").iter("testcase")} >= {"test_exam[main:q17]"}
    with (project.path / "s.csv").open() as file:
        assert {(row["sample"], row["index"]) for row in csv.DictReader(file)} >= {("main:q10", "0"), ("main:q17", "7")}
    assert "main:q17" in (project.path / "s.html").read_text()
    for command in ("show", "history"):
        told = project.run("python", "-m", "pytest_modeleval", command, "exam[main:q17]")
        told.stdout.fnmatch_lines(["exam?main:q17?  *"])


def test_any_id_gives_a_name_that_is_safe_and_no_rows_number(project: pytest.Pytester, faulty: FaultyServer) -> None:
    write_exam(project, IDS)

    evaluate(project, "--eval-repeats", "2").assert_outcomes(passed=8, failed=8)
    evaluate(project, "--eval-repeats", "2", "--lf").assert_outcomes(failed=8)
    evaluate(project, "-k", "00003").assert_outcomes(passed=1, deselected=7)

    past = Past(project.path / ".modeleval")
    rows = list(past.attempts(past.runs()[0]))
    names = {row.name for row in rows}
    assert {(row.name, row.row) for row in rows} >= {("main:q17", 0), ("main:00003", 1), ("main:7", 2)}
    assert (len(names), len(rows)) == (8, 16)
    assert all(name.isascii() and name.isprintable() and not set(" []") & set(name) for name in names)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_baseline_holds_for_rows_in_another_order(
    project: pytest.Pytester, faulty: FaultyServer, workers: tuple[str, ...]
) -> None:
    write_exam(project, IDS)
    evaluate(project, "--eval-save-baseline", "b.json")

    write_exam(project, IDS, order=[5, 2, 7, 0, 1, 3, 6, 4])
    faulty.fault = answer("41")
    result = evaluate(project, "--eval-baseline", "b.json", "--eval-margin", "99pp", *workers)

    result.stdout.fnmatch_lines(["modeleval: asks exam (8)", "test_exam?main:q17?  regressed*"])
    result.stdout.no_fnmatch_line("*main:_-*regressed*")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_baseline_by_numbers_is_of_the_same_samples(
    project: pytest.Pytester, faulty: FaultyServer, workers: tuple[str, ...]
) -> None:
    write_exam(project, [])
    evaluate(project, "--eval-save-baseline", "b.json")
    assert '"main-00000"' in (project.path / "b.json").read_text()

    write_exam(project, IDS)
    faulty.fault = answer("41")
    result = evaluate(project, "--eval-baseline", "b.json", "--eval-margin", "99pp", *workers)

    result.stdout.fnmatch_lines(["test_exam?main:q17?  regressed*"])


def test_a_baseline_by_numbers_refuses_rows_in_another_order(project: pytest.Pytester, faulty: FaultyServer) -> None:
    write_exam(project, [])
    evaluate(project, "--eval-save-baseline", "b.json")

    write_exam(project, IDS, order=[5, 2, 7, 0, 1, 3, 6, 4])
    result = evaluate(project, "--eval-baseline", "b.json", "--eval-margin", "99pp")

    result.stdout.fnmatch_lines(["*exam: sample main:* asks something else than in the baseline*"])


def test_runs_by_numbers_are_of_the_same_samples(project: pytest.Pytester, faulty: FaultyServer) -> None:
    flags = ("--eval-cache", "off")
    write_exam(project, [])
    evaluate(project, *flags)
    first = Past(project.path / ".modeleval").run("last").id

    write_exam(project, IDS, order=[5, 2, 7, 0, 1, 3, 6, 4])
    faulty.fault = answer("41")
    evaluate(project, *flags)

    history = project.run("python", "-m", "pytest_modeleval", "history", "exam[main:q17]")
    diff = project.run("python", "-m", "pytest_modeleval", "diff", first[:8], "last")
    before = project.run("python", "-m", "pytest_modeleval", "show", "exam[main-00000]")
    history.stdout.fnmatch_lines(["*right*'42'*", "*wrong*'41'*", "faulty: 1 flip in 2 answers*"])
    diff.stdout.fnmatch_lines(["*main:q17*"])
    diff.stdout.no_fnmatch_line("*main-0000*")
    before.stdout.fnmatch_lines([f"exam?main:q17?  faulty  run {first[:8]}*"])


@pytest.mark.parametrize(
    ("fault", "only"), [(answer("42"), "failed"), (answer("41"), "regressed")], ids=["failed", "regressed"]
)
def test_what_failed_by_its_number_is_asked_again_by_its_id(
    project: pytest.Pytester, faulty: FaultyServer, fault: Any, only: str
) -> None:
    write_exam(project, [])
    evaluate(project, "--eval-save-baseline", "b.json")
    faulty.fault = fault
    evaluate(project, "--eval-cache", "off")

    write_exam(project, IDS)
    baseline = ["--eval-baseline", "b.json"] if only == "regressed" else []
    result = evaluate(project, "--eval-only", only, "-rA", *baseline)

    assert result.parseoutcomes().get("deselected") == 4
    assert ("main:q17" in result.stdout.str()) == (only == "regressed")


def test_recorded_answers_are_found_by_id_and_by_number(project: pytest.Pytester) -> None:
    write_exam(project, IDS)
    rows = [("exam[main:q17]", "42"), ("exam[main-00001]", "42"), ("exam[main:7]", "42"), ("exam[main-00002]", "0")]
    (project.path / "a.jsonl").write_text("".join(f"{json.dumps({'id': id, 'text': text})}\n" for id, text in rows))

    result = evaluate(project, "-k", "q17 or 00003 or main:7", model="replay:a.jsonl")

    result.assert_outcomes(passed=3, deselected=5)
    result.stdout.fnmatch_lines(["1 of the 4 answers in a.jsonl answer no sample of this run*"])


def test_a_run_by_numbers_answers_the_same_samples(project: pytest.Pytester, faulty: FaultyServer) -> None:
    write_exam(project, [])
    evaluate(project)
    asked = len(faulty.asked)

    write_exam(project, IDS)
    result = evaluate(project, model="run:last")

    result.assert_outcomes(passed=4, failed=4)
    assert len(faulty.asked) == asked


@pytest.mark.parametrize("typed", ["main-00000", "main:q18"])
def test_a_node_id_that_is_not_there_is_told_the_one_that_is(
    project: pytest.Pytester, faulty: FaultyServer, typed: str
) -> None:
    write_exam(project, IDS)

    result = evaluate(project, f"exam.jsonl::test_exam[{typed}]")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: there is no test_exam*go by their ids; did you mean test_exam?main:q17??"])


def test_a_sample_with_an_id_that_went_down_with_its_worker_is_an_error_and_no_other_test_is() -> None:
    spec, ids = ModelSpec("m", "openai", "m"), {"exam": {"main": {3: "q17"}}}

    lost = lost_record("exam.jsonl::test_exam[main:q17-r2]", [spec.name], Results(), None, ids)
    others = ["exam.jsonl::test_exam[main:q18]", "test_other.py::test_other[12:30]"]

    assert lost is not None
    assert (lost.name, lost.index, lost.repeat) == ("main:q17", 3, 1)
    assert [lost_record(other, [spec.name], Results(), None, ids) for other in others] == [None, None]
