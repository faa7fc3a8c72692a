"""Tools in prompts, and calls in texts."""

import json
from typing import Any

import pytest

from pytest_modeleval.models.tool_dialects import HERMES, PYTHON

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("text", "calls", "rest"),
    [
        (
            'I add.\n<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>',
            [("add", {"a": 1})],
            "I add.",
        ),
        (
            '<tool_call>{"name": "a"}</tool_call> and <tool_call>{"name": "b", "parameters": {"x": [1]}}',
            [("a", {}), ("b", {"x": [1]})],
            "and",
        ),
        ('<tool_call>{"name": "a"}<tool_call>{"name": "b"}</tool_call>', [("a", {}), ("b", {})], ""),
        # Malformed ones are the text that they are.
        ('<tool_call>{"name": "a", "arguments": {"x": </tool_call>', [("", '{"name": "a", "arguments": {"x":')], ""),
        ('<tool_call>{"name": "a", "arguments": "{\\"x\\": 1"}</tool_call>', [("a", '{"x": 1')], ""),
        ('<tool_call>{"name": "a", "arguments": [1]}</tool_call>', [("a", "[1]")], ""),
        ('<tool_call>{"arguments": {}}</tool_call>', [("", '{"arguments": {}}')], ""),
        ("<tool_call>", [("", "")], ""),
        ("nothing</tool_call>", [], "nothing</tool_call>"),
        ("", [], ""),
    ],
)
def test_hermes_calls(text: str, calls: list[tuple[str, Any]], rest: str) -> None:
    assert HERMES.parse(text) == calls
    assert HERMES.text_of(text) == rest


def test_a_hostile_call_is_a_text() -> None:
    deep = "[" * 100_000

    assert HERMES.parse(f"<tool_call>{deep}</tool_call>") == [("", deep)]
    assert len(HERMES.parse('<tool_call>{"name": "a"}' * 30_000)) == 30_000


def test_python_calls() -> None:
    assert PYTHON.parse("[add(a=1), add(a=2)]") == [("add", {"a": 1}), ("add", {"a": 2})]
    assert PYTHON.text_of("[add(a=1)]") == ""
    assert (PYTHON.parse("It is 2."), PYTHON.text_of("It is 2.")) == ([], "It is 2.")


def test_a_prompt_offers_the_tools() -> None:
    assert f"<tools>\n{json.dumps(TOOL)}\n{json.dumps(TOOL)}\n</tools>" in HERMES.prompt_for([TOOL, TOOL])
    offered, _, how = PYTHON.prompt_for([TOOL]).partition("JSON:\n")[2].partition("\n\nTo call")
    assert json.loads(offered) == [TOOL["function"]]
    assert "[first_function(first_parameter=value" in how
