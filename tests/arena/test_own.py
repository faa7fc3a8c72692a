"""Arenas of questions in a user's file, and what of [judge] they pass over."""

import json

import pytest

from tests.arena.conftest import ASKED, Ring
from tests.arena.test_battles import leaders
from tests.conftest import run


def test_questions_in_a_file_of_ones_own_are_an_arena_too(project: pytest.Pytester, ring: Ring) -> None:
    rows = [{"query": f"{number}: tell a tale", "response": "a tale"} for number in range(3)]
    (project.path / "tales.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    result = run(project, *ASKED, "--eval-file", "tales.jsonl", "--eval-write", "out.json")

    result.assert_outcomes(passed=9)
    assert leaders(project) == ["blue", "green", "red"]
    # What was expected is the reference.
    assert "A correct answer:\na tale" in ring.asked("strict")[0]["messages"][-1]["content"]


def test_questions_without_answers_are_an_arena_and_nothing_else(project: pytest.Pytester, ring: Ring) -> None:
    rows = [{"query": f"{number}: tell a tale"} for number in range(3)]
    (project.path / "tales.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    run(project, *ASKED, "--eval-file", "tales.jsonl", "--eval-write", "out.json").assert_outcomes(passed=9)

    assert leaders(project) == ["blue", "green", "red"]
    assert "A correct answer" not in ring.asked("strict")[0]["messages"][-1]["content"]
    alone = run(project, "--model", "red", "--eval-file", "tales.jsonl")
    alone.stderr.fnmatch_lines(
        ["ERROR: *tales.jsonl has questions without answers, which nothing scores: *--eval-arena"]
    )


def test_what_judges_are_told_of_single_answers_is_said_to_be_passed_over(project: pytest.Pytester, ring: Ring) -> None:
    said = ["--eval-set", "judge.prompt=Is it good? {question} {answer}", "--eval-set", "judge.probe=2"]

    result = run(project, *ASKED, "test_tales.py", *said)

    line = (
        "prompt and probe of [[]judge] are about single answers, not battles; arena_prompt of [[]run] is what is asked"
    )
    result.stdout.fnmatch_lines([line])
