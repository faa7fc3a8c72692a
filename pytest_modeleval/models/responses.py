"""What OpenAI's responses endpoint says: events of a stream, or a whole response object."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval.models.replies import Broken, Said, error_text, finish_of, usage_of
from pytest_modeleval.sample import Json

# Beginning of an event's type, and what of `Said` its delta adds to.
_DELTAS = {
    "response.output_text.": "text",
    "response.refusal.": "refusal",
    "response.reasoning": "thinking",
}


def is_event(chunk: Json) -> bool:
    """Whether this is an event or a response object of that endpoint."""
    kind = chunk.get("type")
    return chunk.get("object") == "response" or (isinstance(kind, str) and kind.startswith(("response.", "error")))


def read(chunk: Json) -> tuple[Said, Json, str]:
    """What an event adds, or a whole response says; its usage; why it ended, in the words of chat completions.

    The last event repeats the whole answer, which is not said twice. Raises `Broken` where the server failed.
    """
    response = _response_in(chunk)
    if chunk.get("type") == "error" or response.get("error") or response.get("status") in ("failed", "cancelled"):
        failed = response if response.get("error") else chunk
        raise Broken(error_text(failed) or f"the response {response.get('status')}", failed)
    said = written(chunk) if chunk.get("object") == "response" else _added(chunk)
    return said, usage_of(response), _finish_of(response)


def written(chunk: Json) -> Said:
    """All that a whole response says, also that of a stream's last event; calls are as chat completions have them."""
    said = Said()
    for item in _output(chunk):
        parts = [*_objects(item.get("content")), *([] if item.get("content") else _objects(item.get("summary")))]
        texts = said.thinking if item.get("type") == "reasoning" else said.text
        texts += [part["text"] for part in parts if isinstance(part.get("text"), str)]
        said.refusal += [part["refusal"] for part in parts if isinstance(part.get("refusal"), str)]
        if item.get("type") == "function_call":
            said.calls.append(_call(item))
    return said


def reasoning_in(chunk: Json) -> Sequence[Json]:
    """The whole output of a response that has reasoning in it, as its server wants it back; empty without."""
    output = _output(chunk)
    return output if any(item.get("type") == "reasoning" for item in output) else ()


def _response_in(chunk: Json) -> Json:
    return chunk if chunk.get("object") == "response" else inner(chunk, "response")


def _output(chunk: Json) -> list[Json]:
    return _objects(_response_in(chunk).get("output"))


def _added(event: Json) -> Said:
    """What an event adds: a delta, or a call that begins; a call's place in the output tells its pieces."""
    said, kind, delta, item = Said(), str(event.get("type")), event.get("delta"), inner(event, "item")
    if kind == "response.output_item.added" and item.get("type") == "function_call":
        said.calls.append({"index": event.get("output_index"), **_call(item)})
    elif delta and kind == "response.function_call_arguments.delta":
        said.calls.append({"index": event.get("output_index"), "function": {"arguments": _text(delta)}})
    elif delta and kind.endswith(".delta"):
        name = next((name for beginning, name in _DELTAS.items() if kind.startswith(beginning)), "")
        if name:
            getattr(said, name).append(_text(delta))
    return said


def _call(item: Json) -> Json:
    function = {name: item.get(name) for name in ("name", "arguments")}
    return {"id": item.get("call_id") or item.get("id"), "type": "function", "function": function}


def _text(delta: object) -> str:
    return delta if isinstance(delta, str) else json.dumps(delta)


def _objects(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _finish_of(response: Json) -> str:
    """Why it ended; "" while it goes on."""
    if response.get("status") == "completed":
        calls = any(item.get("type") == "function_call" for item in _objects(response.get("output")))
        return "tool_calls" if calls else "stop"
    if response.get("status") != "incomplete":
        return ""
    reason = inner(response, "incomplete_details").get("reason")
    return finish_of({"finish_reason": reason if isinstance(reason, str) else "incomplete"})


def inner(content: Json, name: str) -> Json:
    """The object in this field; an empty one where there is none."""
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}
