"""What OpenAI's responses endpoint says: events of a stream, or a whole response object."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Beginning of an event's type, and the name that chat completions have for what it brings.
_DELTAS = {
    "response.output_text.": "content",
    "response.refusal.": "content",
    "response.reasoning": "reasoning",
    "response.function_call_arguments.": "tool_calls",
}
_REASONS = {"max_output_tokens": "length"}


def is_event(chunk: Mapping[str, Any]) -> bool:
    """Whether this is an event or a response object of that endpoint."""
    kind = chunk.get("type")
    return chunk.get("object") == "response" or (isinstance(kind, str) and kind.startswith(("response.", "error")))


def response_of(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The response object as an event has it, or itself."""
    response = chunk if chunk.get("object") == "response" else chunk.get("response")
    return response if isinstance(response, Mapping) else {}


def said_by(chunk: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an event adds, or a whole response says, by the name that chat completions have for it.

    The last event repeats the whole answer, which is not said twice.
    """
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
        name = "reasoning" if item.get("type") == "reasoning" else "content"
        yield from ((name, part["text"]) for part in parts if isinstance(part.get("text"), str))
        if isinstance(called := item.get("arguments"), str):
            yield "tool_calls", called


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def finish_of(response: Mapping[str, Any]) -> str:
    """Why a response ended, in the words of chat completions; "" while it goes on, and when it failed."""
    if response.get("status") == "completed":
        return "stop"
    if response.get("status") != "incomplete":
        return ""
    details = response.get("incomplete_details")
    reason = str(details.get("reason")) if isinstance(details, Mapping) else "incomplete"
    return _REASONS.get(reason, reason)


def error_of(chunk: Mapping[str, Any]) -> Any:
    """What failed; None where nothing did."""
    if chunk.get("type") == "error":
        return chunk.get("error") or chunk
    return response_of(chunk).get("error")


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
