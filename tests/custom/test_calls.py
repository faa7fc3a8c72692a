"""The format ``calls``: conversations with tools, in the layouts that people have them in."""

import json
from typing import Any

import pytest

from pytest_modeleval.custom.calls import to_sample
from pytest_modeleval.datasets import Row
from pytest_modeleval.sample import SampleError
from tests.conftest import FaultyServer, run

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "Add."}], "tools": [TOOL]}
TEXTS = {name: json.dumps(value) for name, value in ASKED.items()}


@pytest.mark.parametrize(
    ("row", "target"),
    [
        ({**ASKED, "should_call_tool": True}, "a call"),
        ({**TEXTS, "should_call_tool": 0}, "no call"),
        ({**TEXTS, "should_call_tool": "True", "official_finish_reason": "stop"}, "a call"),
        ({**TEXTS, "expected_tool_call": False, "check_type": ""}, "no call"),
        ({**TEXTS, "expected_tool_call": "", "check_type": "[]"}, ""),
        ({**ASKED, "temperature": 0.6, "stream": True}, ""),
        ({"request": ASKED, "response": {"choices": []}, "finish_reason": "tool_calls"}, "a call"),
        ({"request": json.dumps(ASKED), "finish_reason": "length"}, "no call"),
    ],
)
def test_layouts(row: dict[str, Any], target: str) -> None:
    sample = to_sample(Row(row, "row 0"))

    assert (list(sample.messages), list(sample.tools), sample.target) == (ASKED["messages"], [TOOL], target)


def test_what_servers_refuse_is_sent_as_they_take_it() -> None:
    broken, whole = ({"id": "x", "function": {"name": "f", "arguments": text}} for text in ('{"a": ', '{"a": 1}'))
    messages = [{"role": "_input", "content": "s"}, {"role": "assistant", "content": "", "tool_calls": [broken, whole]}]

    sent = to_sample(Row({"messages": messages, "tools": [TOOL]}, "row 0")).messages

    assert sent[0]["role"] == "system"
    assert [call["function"]["arguments"] for call in sent[1]["tool_calls"]] == ["{}", '{"a": 1}']


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ASKED, "messages": "no JSON"}, "column 'messages' is not JSON: *"),
        ({**ASKED, "messages": []}, "column 'messages' is empty"),
        ({**ASKED, "tools": {"name": "add"}}, "column 'tools' is a list of objects, not*"),
        ({**ASKED, "tools": [{"name": "add"}]}, "a tool is {'type': 'function'*"),
        ({**ASKED, "should_call_tool": "maybe"}, "column 'should_call_tool' is true or false, not 'maybe'"),
        ({"request": [1]}, "column 'request' is the body of a request, not '[1]'"),
        ({"tools": [TOOL]}, "row 0 has no field 'messages'*"),
    ],
)
def test_a_wrong_column_is_named(row: dict[str, Any], said: str) -> None:
    with pytest.raises(SampleError) as raised:
        to_sample(Row(row, "row 0"))

    assert str(raised.value).startswith(said.rstrip("*"))


def test_a_file_with_a_wrong_row_is_refused_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    rows = [{**ASKED, "should_call_tool": True}, {**ASKED, "should_call_tool": "x"}]
    (project.path / "mine.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    result = run(project, "--model", "faulty", "--eval-file", "mine.jsonl")

    result.stderr.fnmatch_lines(["*mine.jsonl:2: column 'should_call_tool' is true or false, not 'x' (format calls)"])
    assert faulty.asked == []
