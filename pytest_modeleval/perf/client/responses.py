"""What OpenAI's responses endpoint says: events of a stream, or a whole response object."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_modeleval.models.replies import Broken, Said, error_text, finish_of, usage_of
from pytest_modeleval.sample import Json

# Beginning of an event's type, and what of `Said` it adds to.
_DELTAS = {
    "response.output_text.": "text",
    "response.refusal.": "refusal",
    "response.reasoning": "thinking",
    "response.function_call_arguments.": "calls",
}


def is_event(chunk: Json) -> bool:
    """Whether this is an event or a response object of that endpoint."""
    kind = chunk.get("type")
    return chunk.get("object") == "response" or (isinstance(kind, str) and kind.startswith(("response.", "error")))


def read(chunk: Json) -> tuple[Said, Json, str]:
    """What an event adds, or a whole response says; its usage; why it ended, in the words of chat completions.

    The last event repeats the whole answer, which is not said twice. Raises `Broken` where the server failed.
    """
    response = chunk if chunk.get("object") == "response" else inner(chunk, "response")
    if chunk.get("type") == "error" or response.get("error") or response.get("status") in ("failed", "cancelled"):
        raise Broken(error_text(response.get("error") or chunk))
    said = Said()
    for name, words in _said_by(chunk):
        if name == "calls":
            said.calls.append({"arguments": words})
        else:
            getattr(said, name).append(words)
    return said, usage_of(response), _finish_of(response)


def _said_by(chunk: Json) -> Iterator[tuple[str, str]]:
    kind, delta = str(chunk.get("type")), chunk.get("delta")
    if delta and kind.endswith(".delta"):
        name = next((name for beginning, name in _DELTAS.items() if kind.startswith(beginning)), "")
        if name:
            yield name, delta if isinstance(delta, str) else json.dumps(delta)
    if chunk.get("object") == "response":
        yield from _written(chunk.get("output"))


def _written(output: Any) -> Iterator[tuple[str, str]]:
    for item in output if isinstance(output, list) else ():
        if not isinstance(item, Mapping):
            continue
        parts = [*_parts(item.get("content")), *_parts(item.get("summary"))]
        name = "thinking" if item.get("type") == "reasoning" else "text"
        yield from ((name, part["text"]) for part in parts if isinstance(part.get("text"), str))
        if isinstance(called := item.get("arguments"), str):
            yield "calls", called


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _finish_of(response: Json) -> str:
    """Why it ended; "" while it goes on."""
    if response.get("status") == "completed":
        return "stop"
    if response.get("status") != "incomplete":
        return ""
    reason = inner(response, "incomplete_details").get("reason")
    return finish_of({"finish_reason": reason if isinstance(reason, str) else "incomplete"})


def inner(content: Json, name: str) -> Json:
    """The object in this field; an empty one where there is none."""
    found = content.get(name)
    return found if isinstance(found, Mapping) else {}


def input_of(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The ``input`` that chat messages are; `ValueError` for one that has no equal there."""
    for message in messages:
        if message.get("role") == "tool" or message.get("tool_calls"):
            raise ValueError(f"{message.get('role')} messages with calls of tools")
    return [{**message, "content": _content(message.get("content"))} for message in messages]


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [_part(part) if isinstance(part, Mapping) else part for part in content]


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    if part.get("type") == "text":
        return {**part, "type": "input_text"}
    if part.get("type") == "image_url":
        image = part.get("image_url")
        return {"type": "input_image", "image_url": image.get("url") if isinstance(image, Mapping) else image}
    return part
