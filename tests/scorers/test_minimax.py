"""MiniMax's checks of a server."""

from typing import Any

import pytest

from pytest_modeleval.sample import Completion, Sample, SampleError, recorded_scores
from pytest_modeleval.scorers.minimax import is_split, minimax_score, repeated_ngram

COMMAND = {"type": "object", "properties": {"command": {"type": "array", "items": {"type": "string"}}}}
ORDER = {"type": "object", "properties": {"city": {}, "day": {}, "unit": {}}}


def tool(parameters: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "run", "parameters": parameters}}


def calling(arguments: str) -> Completion:
    return Completion("", "", "tool_calls", [{"id": "a", "function": {"name": "run", "arguments": arguments}}])


@pytest.mark.parametrize(
    ("checks", "target", "completion", "figures", "why"),
    [
        ("", "a call", calling('{"command": ["ls", "-la"]}'), {"schema_accuracy": 1, "tool_calls_match_rate": 1}, ""),
        (
            "",
            "a call",
            calling('{"command": ["ls -la"]}'),
            {"schema_accuracy": 0, "tool_calls_match_rate": 1},
            "run: its command's arguments stand in one text",
        ),
        (None, "no call", calling('{"command": ["bash", "-lc", "ls -la"]}'), {"schema_accuracy": 1, "tool_calls_match_rate": 0}, "a call, where no call is expected"),
        ([], "", calling('{"command": 1}'), {"schema_accuracy": 0}, "run: $.command: 1 is not of type 'array'; run: its command's arguments stand in one text"),
        ([], "", Completion("no"), {}, ""),
        (["contains_russian_characters_unicode"], "", Completion("ok"), {"language_following_success_rate": 1}, ""),
        ('["contains_russian_characters_unicode"]', "", Completion("ок"), {"language_following_success_rate": 0}, "Cyrillic letters"),
        (["repeat_n_gram"], "", Completion("so so so so so "), {"repeat_ngram_pass_rate": 0}, "'so ' stands there 4 times"),
        (["repeat_n_gram"], "", Completion("aaaaaaaa"), {"repeat_ngram_pass_rate": 1}, ""),
        (["repeat_n_gram"], "", Completion("", "so"), {"repeat_ngram_pass_rate": 1, "error_only_reasoning_rate": 1}, "nothing but a thought"),
    ],
)  # fmt: skip
def test_a_row_is_right_where_all_its_checks_pass(
    checks: Any, target: str, completion: Completion, figures: dict[str, float], why: str
) -> None:
    kept: list[Any] = []
    before = recorded_scores.set(kept)
    score = minimax_score(Sample("q", target, tools=[tool(COMMAND)], metadata={"check_type": checks}), completion)
    recorded_scores.reset(before)

    assert (score.passed, score.why) == (not why, why)
    assert {each.name: each.value for each in kept if each.name != "main"} == {
        "error_only_reasoning_rate": 0,
        **figures,
    }


@pytest.mark.parametrize(
    ("text", "passes"),
    [("city, then day, then unit", True), ("day, then city", False), ("city and unit", False), ("only city", None), ("", None)],
)  # fmt: skip
def test_parameters_are_told_in_their_order(text: str, *, passes: bool | None) -> None:
    kept: list[Any] = []
    before = recorded_scores.set(kept)
    minimax_score(Sample("q", "", tools=[tool(ORDER)], metadata={"check_type": ["scenario_check"]}), Completion(text))
    recorded_scores.reset(before)

    assert [each.passed for each in kept if each.name == "scenario_check_pass_rate"] == (
        [] if passes is None else [passes]
    )


def test_an_unknown_check_is_named() -> None:
    with pytest.raises(SampleError, match="column 'check_type' names 'taste'; known are tool_calls, contains_"):
        minimax_score(Sample("q", "", metadata={"check_type": ["taste"]}), Completion("a"))


@pytest.mark.parametrize(
    ("command", "split"),
    [
        (["ls", "-la"], True),
        (["ls -la"], False),
        (["echo", "a b"], True),
        (["a b"], False),
        (["sudo", "rm x"], False),
        (["bash", "-l", "-c", "ls -la"], True),
        (["bash", "x", "-c", "ls -la"], False),
        (["bash", "-c"], True),
        (["ls", 3], False),
        ([], False),
        ("ls", False),
        (None, False),
    ],
)
def test_a_command_is_a_list_of_its_arguments(command: object, *, split: bool) -> None:
    assert is_split(command) is split


@pytest.mark.parametrize(("text", "found"), [("abcabcabcabc", "abc"), ("aaaaaaaaaaa", ""), ("a" * 12, "aaa"), ("", "")])
def test_three_letters_four_times_none_over_another(text: str, found: str) -> None:
    assert repeated_ngram(text) == found
