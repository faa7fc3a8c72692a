"""The format ``calls``: conversations with tools, and whether the model should call one (general_fc, K2, MiniMax)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pytest_modeleval.calls import calls_of
from pytest_modeleval.custom.columns import ANSWERED, ASKED, is_blank, lists
from pytest_modeleval.datasets import Row
from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Json, Message, Sample, SampleError, last_question
from pytest_modeleval.scorers.function_calls import schemas_of

NEEDS = "messages and tools, with should_call_tool where it is known"
PROMPT = None

# Whether a tool should be called: EvalScope's own files, MiniMax's, and how the official model's answer ended.
_LABELS = ("should_call_tool", "expected_tool_call")
_ENDED = ("official_finish_reason", "finish_reason")
# The benchmark's own name, of a system prompt that K2's and MiniMax's requests have before the other.
_INPUT = "_input"


def fits(columns: Collection[str]) -> bool:
    """Whether a file with these columns may be one of conversations with tools."""
    if not {"messages", *ASKED} & {*columns}:
        return "request" in columns
    return {"messages", "tools"} <= {*columns} and not {*ANSWERED} & {*columns}


def to_sample(row: Row) -> Sample:
    """The row's conversation and tools; `SampleError` names the column that is wrong.

    A row is such a one, a request's body, or a line of K2's ``results.jsonl``: the request with the official answer to
    it. ``messages`` and ``tools`` may be JSON in a text. The target is "a call", "no call", or "" where nobody knows.
    """
    asked = row if is_blank(row.get("request")) else Row(_mapping(row["request"]), row.where)
    messages = [_message(each) for each in _list(asked, "messages")]
    tools = _list(asked, "tools") if "tools" in asked else []
    # A schema that is none is told before anything is paid for.
    schemas_of(tools)
    should = _should(row)
    target = "" if should is None else "a call" if should else "no call"
    return Sample(
        messages, target, tools=tools, metadata={"check_type": row.get("check_type")}, question=last_question(messages)
    )


def _should(row: Row) -> bool | None:
    for name in _LABELS:
        if not is_blank(value := row.get(name)):
            if str(value).lower() not in ("true", "false", "1", "0"):
                raise SampleError(f"column {name!r} is true or false, not {value!r}")
            return str(value).lower() in ("true", "1")
    ended = next((row[name] for name in _ENDED if not is_blank(row.get(name))), None)
    return None if ended is None else ended == "tool_calls"


def _list(row: Row, name: str) -> Sequence[Json]:
    value = _read(row[name], name)
    if not lists(value) or not all(isinstance(each, Mapping) for each in value):
        raise SampleError(f"column {name!r} is a list of objects, not {str(value)[:60]!r}")
    if name == "messages" and not value:
        raise SampleError("column 'messages' is empty")
    return [dict(each) for each in value]


def _mapping(value: Any) -> Json:
    found = _read(value, "request")
    if not isinstance(found, Mapping):
        raise SampleError(f"column 'request' is the body of a request, not {str(found)[:60]!r}")
    return found


def _read(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return from_json(value or "[]")
    except ValueError as error:
        raise SampleError(f"column {name!r} is not JSON: {error}") from None


def _message(message: Json) -> Message:
    """A message as servers take it: their templates parse the arguments of earlier calls, and some of K2's are none."""
    message = {**message, "role": "system"} if message.get("role") == _INPUT else message
    calls = message.get("tool_calls")
    if not lists(calls) or not all(isinstance(call, Mapping) for call in calls or ()):
        return message
    return {**message, "tool_calls": [_call(call) for call in calls or ()]}


def _call(call: Json) -> Json:
    try:
        _ = calls_of([call])[0].values
    except ValueError:
        return {**call, "function": {**call["function"], "arguments": "{}"}}
    return call
