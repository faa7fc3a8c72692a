"""ToolBench-Static's steps, as EvalScope 1.14.1 decides them but for what docs/tools.md says."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import NotAsked, recorded_scores
from pytest_modeleval.scorers.toolbench import GIVE_UP, input_f1, step_in, step_score

# What EvalScope's `calculate_metrics` says of made-up steps, whose tools these are; null: the row counts nowhere.
VERDICTS = [json.loads(line) for line in Path(__file__).with_name("toolbench_verdicts.jsonl").read_text().splitlines()]
TOOLS = {"search", "weather", "Finish"}


def figures(answer: str, target: str) -> dict[str, float] | None:
    """The five figures of an answer; None where the row counts nowhere."""
    kept: list[Any] = []
    before = recorded_scores.set(kept)
    try:
        step_score(answer, target, TOOLS)
    except NotAsked:
        return None
    finally:
        recorded_scores.reset(before)
    return {score.name: round(score.value, 6) for score in kept if score.name != "main"}


def test_verdicts_are_evalscopes_but_where_it_decides_by_the_answer_what_counts() -> None:
    different = [each for each in VERDICTS if figures(each["answer"], each["target"]) != each["verdict"]]

    gives_up = [each for each in different if step_in(each["target"]).plan == GIVE_UP]
    invented = [each for each in different if each not in gives_up]
    assert all(each["verdict"] is None for each in gives_up)
    assert {figures(each["answer"], each["target"])["Plan.EM"] for each in gives_up} == {0.0}  # type: ignore[index]
    assert {each["target"].splitlines()[0] for each in invented} == {"Action: nope"}
    assert all(step_in(each["answer"]).plan == GIVE_UP for each in invented)
    assert (len(VERDICTS), len(gives_up), len(invented)) == (153, 15, 2)


@pytest.mark.parametrize(
    ("answer", "target", "right"),
    [
        ('Action: search\nAction Input: {"b": 9}', 'Action: search\nAction Input: {"a": 1}', True),
        ("Action: weather", 'Action: search\nAction Input: {"a": 1}', False),
        ("It is sunny.", "Action: search", False),
    ],
)
def test_a_sample_is_right_where_plan_and_tool_are(answer: str, target: str, *, right: bool) -> None:
    assert bool(step_score(answer, target, TOOLS)) is right


def test_it_says_what_was_done_and_what_should_have_been() -> None:
    score = step_score("Action: nope", "Action: search", TOOLS)

    assert (score.got, score.expected) == ("call nope", "call search")


@pytest.mark.parametrize(
    ("given", "wanted", "f1"),
    [
        ("{}", "{}", 1.0),
        ('{"a": 1}', "{}", 0.0),
        ('{"a": 1, "b": 3}', '{"a": 1, "b": 2}', 0.75),
        ('{"a": 1}', '{"a": 1, "b": 2}', 2 / 3),
        ("[" * 100_000, '{"a": 1}', 0.0),
        ('{"a": 1}', "no JSON", None),
    ],
)
def test_an_argument_with_another_value_counts_half(given: str, wanted: str, f1: float | None) -> None:
    assert input_f1(given, wanted) == (f1 if f1 is None else pytest.approx(f1))
