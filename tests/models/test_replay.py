"""Recorded answers: which line answers what."""

import asyncio
import json
from pathlib import Path

import pytest

from pytest_modeleval.models.replay import ReplayModel
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat
from tests.conftest import run

SAME_PROMPT = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": "what is 6 * 7?"}, {"easy": 3})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_answers(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""


def recorded(project: pytest.Pytester, name: str, *answers: str, extra: str = "", begin: str = "") -> Path:
    """A file of answers to the easy samples, by id; ``extra`` is thought before each, ``begin`` stands before all."""
    rows = [
        {"id": f"answers[easy-{number:05}]", "text": text, "thinking": extra} for number, text in enumerate(answers)
    ]
    path = project.path / name
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(begin + lines, "utf-8")
    return path


@pytest.mark.parametrize("times", [1, 2], ids=["asked", "stored"])
def test_samples_with_the_same_prompt_get_their_own_answers(project: pytest.Pytester, times: int) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    recorded(project, "a.jsonl", "41", "42", "40")

    for _ in range(times):
        result = run(project, "--model", "replay:a.jsonl", "--eval-concurrency", "1", "-rf", "test_answers.py")

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.re_match_lines([r".*easy-00000\] .*got '41'", r".*easy-00002\] .*got '40'"])


def test_repeats_with_the_same_prompt_get_their_own_answers(project: pytest.Pytester) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    rows = [
        {"id": f"answers[easy-{number:05}-r{repeat}]", "text": "42" if repeat == 2 else "41"}
        for number in range(3)
        for repeat in (1, 2)
    ]
    (project.path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    result = run(project, "--model", "replay:a.jsonl", "--eval-repeats", "2", "test_answers.py")

    result.assert_outcomes(passed=3, failed=3)


def test_two_files_side_by_side_answer_by_the_same_ids(project: pytest.Pytester) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    recorded(project, "a.jsonl", "42", "42", "42")
    recorded(project, "b.jsonl", "41", "41", "42")

    result = run(project, "--model", "replay:a.jsonl", "--model", "replay:b.jsonl", "test_answers.py")

    result.stdout.re_match_lines([r"replay:a\.jsonl +answers +3 +0 +1\.000", r"replay:b\.jsonl +answers +3 +0 +0\.333"])


def test_a_changed_file_is_another_model(project: pytest.Pytester) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    recorded(project, "a.jsonl", "42", "42", "42")
    run(project, "--model", "replay:a.jsonl", "test_answers.py").assert_outcomes(passed=3)
    recorded(project, "a.jsonl", "41", "41", "41")

    run(project, "--model", "replay:a.jsonl", "test_answers.py").assert_outcomes(failed=3)


@pytest.mark.parametrize("char", ["\u2028", "\u2029", "\x85", "\x0c", "\x1e"], ids=ascii)
def test_a_line_feed_alone_ends_a_line(project: pytest.Pytester, char: str) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    path = recorded(project, "a.jsonl", "42", "42", "42", extra="a-b")
    # JSON escapes the control characters below U+0020.
    path.write_text(path.read_text().replace("-b", json.dumps(char, ensure_ascii=False)[1:-1] + "b"), "utf-8")

    run(project, "--model", "replay:a.jsonl", "test_answers.py").assert_outcomes(passed=3)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=ascii)
def test_a_byte_order_mark_is_no_part_of_the_first_line(project: pytest.Pytester, end: str) -> None:
    project.makepyfile(test_answers=SAME_PROMPT)
    path = recorded(project, "a.jsonl", "42", "42", "42", begin="\ufeff")
    path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))

    run(project, "--model", "replay:a.jsonl", "test_answers.py").assert_outcomes(passed=3)


def test_messages_are_the_same_in_whatever_order_a_parts_fields_are_written(tmp_path: Path) -> None:
    recorded = [{"role": "user", "content": [{"text": "6 * 7?", "type": "text"}]}]
    asked = [{"role": "user", "content": [{"type": "text", "text": "6 * 7?"}]}]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": recorded, "text": "42"}))
    model = ReplayModel(ModelSpec(name="replay", api="replay", model=str(tmp_path / "a.jsonl")))

    answer = asyncio.run(model.answer(Chat(asked)))

    assert answer.text == "42"
