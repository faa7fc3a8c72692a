"""Indexes of collections: saved, run as they were drawn, and refused where something changed."""

import json
from typing import Any

import pytest

from tests.conftest import run

from .conftest import collected, ids


def save(project: pytest.Pytester) -> list[dict[str, Any]]:
    arguments = ["--eval-collection", "mix.toml", "--eval-limit", "8", "--eval-collection-save", "out/drawn.jsonl"]
    run(project, "--model", "faulty", *arguments, "--collect-only", "-q")
    return [json.loads(line) for line in (project.path / "out/drawn.jsonl").read_text().splitlines()]


def rewrite(project: pytest.Pytester, lines: list[dict[str, Any]]) -> None:
    (project.path / "out/drawn.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_an_index_is_run_as_it_was_drawn(mix: pytest.Pytester) -> None:
    lines = save(mix)

    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl", "--eval-seed", "9", "-v")

    result.assert_outcomes(passed=6, failed=2)
    # -v names wrong answers twice.
    assert sorted(set(ids(result))) == collected(mix, "--eval-limit", "8")
    result.stdout.re_match_lines([r"=+ collection drawn: 8 of 8 samples =+", r"all +8 ", r"  Own +6 ", r"  own +6 "])
    assert set(lines[0]) == {
        "benchmark", "subset", "row", "sha256", "task_type", "tags", "categories", "weight", "file",
    }  # fmt: skip
    assert lines[0]["categories"] == ["mix", "Own"]
    assert lines[0]["file"] == "../test_answers.py"
    assert sum(line["weight"] for line in lines) == pytest.approx(1)


def test_a_limit_takes_some_of_an_index(mix: pytest.Pytester) -> None:
    save(mix)

    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl", "--eval-limit", "3")

    result.stdout.re_match_lines([r"=+ collection drawn: 3 of 8 samples =+", r"all +3 "])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sha256": "0" * 64}, "row 0 of *drawn.jsonl: answers's easy row * is not what was drawn: its sha256 is *…, not 0000000000000000…; draw anew"),
        ({"row": 999}, "row 0 of *drawn.jsonl: answers's easy row 999 is not there: it has 6 rows"),
        ({"row": -1}, "row 0 of *drawn.jsonl: answers's easy row -1 is not there: it has 6 rows"),
        ({"row": "1"}, "row 0 of *drawn.jsonl: row is a whole number, not '1'"),
        ({"subset": "eazy"}, "unknown subset of answers in row 0 of *drawn.jsonl: 'eazy'; did you mean 'easy'? *"),
        ({"benchmark": "answer"}, "unknown benchmark in */test_answers.py: 'answer'; did you mean 'answers'? *"),
        ({"file": "none.py"}, "--eval-collection: there is no file '*/none.py'"),
        ({"rwo": 1}, "unknown key in row 0 of *drawn.jsonl: 'rwo'; did you mean 'row'? *"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_wrong_line_of_an_index(mix: pytest.Pytester, change: dict[str, Any], said: str) -> None:
    first, *rest = save(mix)
    rewrite(mix, [{**first, **change}, *([line for line in rest if line["benchmark"] != "answers"])])

    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_an_index_names_a_row_once_and_only_what_is_here(mix: pytest.Pytester) -> None:
    lines = save(mix)
    rewrite(mix, [*lines, lines[0]])
    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl")
    result.stderr.fnmatch_lines(["ERROR: row 8 of *drawn.jsonl: row * of answers is there twice"])

    del lines[-1]["row"]
    rewrite(mix, lines)
    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl")
    result.stderr.fnmatch_lines(["ERROR: row 7 of *drawn.jsonl has no 'row': it is no line of a collection's index"])

    rewrite(mix, [{**lines[0], "benchmark": "arithmetics", "file": None}])
    del lines[0]["file"]
    rewrite(mix, [{**lines[0], "benchmark": "arithmetics"}])
    result = run(mix, "--model", "faulty", "--eval-collection", "out/drawn.jsonl")
    result.stderr.fnmatch_lines(["ERROR: unknown benchmark in row 0 of *: 'arithmetics'; did you mean 'arithmetic'?*"])
