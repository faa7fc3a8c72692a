"""--eval-write as a user meets it."""

import csv
import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from pytest_modeleval.reports.samples import _cell, _write_csv
from tests.conftest import FaultyServer, answer, run, send

TWO_METRICS = """
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}: say yes"}, {"easy": 3, "hard": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], "yes"))
def test_said(sample: Sample, completion: Completion) -> None:
    Score(0.25, True, completion.text, sample.target, name="f1")
    right = completion.text == "yes"
    assert Score(float(right), right, completion.text, sample.target, "" if right else "other words")
"""


@pytest.fixture
def said(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A benchmark with two metrics: one answer is a formula, one question has none, the others are right."""
    texts = {"easy 1": '=HYPERLINK("http://x","a"),\r\n\x00\ud800é', "easy 2": "-5"}

    def fault(handler: Any, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"]
        if "hard 1" in asked:
            send(handler, 500, {"error": {"message": "no"}})
        else:
            answer(texts.get(asked.partition(":")[0], "yes"))(handler, body)

    faulty.fault = fault
    project.makepyfile(test_said=TWO_METRICS)
    return project


def exported(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_json_lines_have_a_row_a_sample(said: pytest.Pytester, workers: tuple[str, ...]) -> None:
    run(said, "--model", "faulty", "test_said.py", "--eval-write", "deep/out.jsonl", *workers)

    rows = exported(said.path / "deep/out.jsonl")
    assert list(rows[0])[7:11] == ["outcome", "score", "score.f1", "prompt_tokens"]
    assert [(row["sample"], row["outcome"], row["score"], row["score.f1"]) for row in rows] == [
        ("easy-00000", "right", 1.0, 0.25),
        ("easy-00001", "wrong", 0.0, 0.25),
        ("easy-00002", "wrong", 0.0, 0.25),
        ("hard-00000", "right", 1.0, 0.25),
        ("hard-00001", "error", None, None),
    ]
    assert rows[1]["got"] == '=HYPERLINK("http://x","a"),\r\n\x00\ufffdé'
    assert rows[2] | {"seconds": 0.0} == {
        "model": "faulty", "benchmark": "said", "subset": "easy", "group": "", "sample": "easy-00002", "index": 2,
        "repeat": 0, "outcome": "wrong", "score": 0.0, "score.f1": 0.25, "prompt_tokens": 7, "completion_tokens": 3,
        "seconds": 0.0, "first_token": None, "got": "-5", "expected": "yes", "mistake": "wrong answer",
        "why": "other words", "asked": "easy 2: say yes",
    }  # fmt: skip
    assert "HTTP 500" in rows[4]["why"] or "500" in rows[4]["why"]
    assert [path.name for path in (said.path / "deep").iterdir()] == ["out.jsonl"]


def test_the_other_endings_have_the_same_rows(said: pytest.Pytester) -> None:
    for ending in ("jsonl", "csv", "parquet"):
        run(said, "--model", "faulty", "test_said.py", "-k", "easy", "--eval-write", f"out.{ending}")
    lines, sheet, parquet = (exported(said.path / f"out.{ending}") for ending in ("jsonl", "csv", "parquet"))

    assert parquet == lines
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in lines]
    assert sheet[1]["got"] == "'" + texts[1]["got"]
    assert [row | {"got": ""} for row in sheet] == [row | {"got": ""} for row in texts]
    assert list(sheet[0]) == list(parquet[0]) == list(lines[0])


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r'=1"),
        ("\n\r\n =1", "'\n\r\n '=1"),
        ("\ufeff=1+1", "'\ufeff=1+1"),
        ("\x00=1+1", "'\x00=1+1"),
        (" \u200b\xa0@x", "' \u200b\xa0@x"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0dA1", "'\uff0dA1"),
        ("\uff20x", "'\uff20x"),
        ("a;=1+1", "a;'=1+1"),
        ("a; \ufeff-A1;b", "a; \ufeff'-A1;b"),
        ("1;-5;+2.5\n-3", "1;-5;+2.5\n-3"),
        ("-5;=1", "-5;'=1"),
        ("x\n=1", "x\n'=1"),
        ("1 = 1, a - b; c", "1 = 1, a - b; c"),
        ("-5", "-5"),
        ("+3.25%", "+3.25%"),
        ("plain", "plain"),
        ("", ""),
        (-1.5, -1.5),
        (None, None),
        ("-" + "9" * 100_000, "'-" + "9" * 100_000),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_a_cell_is_no_formula(value: object, cell: object) -> None:
    assert _cell(value) == cell


def test_a_columns_name_is_no_formula(tmp_path: Path) -> None:
    _write_csv(tmp_path / "x.csv", {"axis.a;=1+1": str}, [])

    assert (tmp_path / "x.csv").read_text() == "axis.a;'=1+1\n"


def test_repeats_have_a_row_each(said: pytest.Pytester) -> None:
    run(said, "--model", "faulty", "test_said.py", "-k", "easy-00000", "--eval-repeats", "2", "--eval-write", "o.jsonl")

    rows = exported(said.path / "o.jsonl")
    assert [(row["sample"], row["repeat"]) for row in rows] == [("easy-00000", 0), ("easy-00000", 1)]


def test_a_sample_that_went_down_with_its_worker_is_an_error(said: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("yes")
    crash = "    if 'hard 1' in sample.asked: __import__('os')._exit(1)\n    right ="
    said.makepyfile(test_said=TWO_METRICS.replace("    right =", crash))

    result = run(said, "--model", "faulty", "test_said.py", "-n", "1", "--eval-write", "o.jsonl")

    rows = exported(said.path / "o.jsonl")
    assert rows[-1]["outcome"] == "error"
    assert "crashed while running" in rows[-1]["why"]
    # Those that the worker had answered and not yet stored are counted, not passed over.
    assert f"lacks {5 - len(rows)} samples: their worker crashed" in result.stdout.str()


@pytest.mark.parametrize(
    ("file", "said_"),
    [
        (
            "out.xlsx",
            "--eval-write takes a FILE that ends in .csv, .html, .json, .jsonl, .md, .parquet, not 'out.xlsx'; a *",
        ),
        (
            "out",
            "--eval-write takes a FILE that ends in *, not 'out'; a conftest's pytest_modeleval_endings adds others",
        ),
    ],
)
def test_another_ending_is_refused(said: pytest.Pytester, faulty: FaultyServer, file: str, said_: str) -> None:
    result = run(said, "--model", "faulty", "test_said.py", "--eval-write", file)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said_}"])
    assert faulty.asked == []


def test_parquet_says_what_it_needs(said: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    result = run(said, "--model", "faulty", "test_said.py", "--eval-write", "out.parquet")

    result.stderr.fnmatch_lines(
        ["ERROR: --eval-write out.parquet needs pyarrow: pip install 'pytest-modeleval?parquet?'"]
    )


@pytest.mark.parametrize("flags", [("--eval-write", "out.csv"), ("--eval-write", "page.html")], ids=["rows", "page"])
def test_a_store_that_takes_no_more_scores_fails_the_run_in_one_line(
    said: pytest.Pytester, flags: tuple[str, str]
) -> None:
    run(said, "--model", "faulty", "test_said.py")
    with closing(sqlite3.connect(said.path / ".modeleval/store.sqlite")) as store:
        store.execute("create trigger full before insert on scores begin select raise(abort, 'no room'); end")

    result = run(said, "--model", "faulty", "test_said.py", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["cannot write the run store *: no room. What it holds is kept: *"])
    result.stdout.no_fnmatch_line("*Traceback*")
    assert not (said.path / flags[1]).exists()


@pytest.mark.parametrize("text", ["\n" * 1_000_000, "; " * 500_000, "\ufeff" * 1_000_000, ";-" * 500_000])
def test_a_cell_takes_linear_time(text: str) -> None:
    started = time.process_time()
    _cell(text)

    assert time.process_time() - started < 5
