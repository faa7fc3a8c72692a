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


AGENT = """
from pytest_modeleval import Model, Sample, benchmark, generated, react, tool
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": "what is 6 * 7?"}, {"easy": 1})

@tool
def times(a: int, b: int) -> int:
    return a * b

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
async def test_answers(sample: Sample, model: Model) -> None:
    assert same_number(await react(sample, model, [times]), sample.target)
"""
CALL = {"id": "c1", "type": "function", "function": {"name": "times", "arguments": '{"a": 6, "b": 7}'}}
FIRST = {"id": "answers[easy-00000]", "text": "", "tool_calls": [CALL]}


def test_an_answer_by_its_id_is_none_to_the_results_of_its_own_calls(project: pytest.Pytester) -> None:
    project.makepyfile(test_answers=AGENT)
    file = project.path / "a.jsonl"
    file.write_text(json.dumps(FIRST) + "\n")

    alone = run(project, "--model", "replay:a.jsonl", "test_answers.py")
    asked = [
        {"role": "user", "content": "what is 6 * 7?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]
    with file.open("a") as lines:
        lines.write(json.dumps({"messages": asked, "text": "42"}) + "\n")
    whole = run(project, "--model", "replay:a.jsonl", "test_answers.py")

    alone.assert_outcomes(errors=1)
    alone.stdout.fnmatch_lines(
        ["*a.jsonl has no answer to answers[[]easy-00000[]] after *: give its line the messages*"]
    )
    whole.assert_outcomes(passed=1)


@pytest.mark.parametrize("calls", ["times", {"name": "times"}, ["times"]], ids=["text", "one", "names"])
def test_calls_that_are_none_are_named_by_their_line(project: pytest.Pytester, calls: object) -> None:
    project.makepyfile(test_answers=AGENT)
    (project.path / "a.jsonl").write_text(json.dumps({**FIRST, "tool_calls": calls}) + "\n")

    result = run(project, "--model", "replay:a.jsonl", "test_answers.py")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*a.jsonl:1: tool_calls is a list of calls as *, not *"])


def test_a_null_is_a_field_that_is_not_there(project: pytest.Pytester) -> None:
    project.makepyfile(test_answers=AGENT)
    nothing = {"tool_calls": None, "thinking": None, "latency": None, "finish_reason": None}
    (project.path / "a.jsonl").write_text(json.dumps({**FIRST, **nothing, "text": "42"}) + "\n")

    run(project, "--model", "replay:a.jsonl", "test_answers.py").assert_outcomes(passed=1)
