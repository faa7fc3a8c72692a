"""What is asked of OpenAI's responses endpoint, out of chat messages, tools and settings of chat completions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_modeleval.calls import REASONING_ITEMS
from pytest_modeleval.models.responses import inner
from pytest_modeleval.requests import Json, Message
from pytest_modeleval.sample import text_of

_LIMITS = ("max_tokens", "max_completion_tokens")


def talk(messages: Sequence[Message]) -> dict[str, Any]:
    """The ``input`` that chat messages are, and the ``instructions`` that a system prompt before them is."""
    first = messages[0] if len(messages) > 1 else {}
    if first.get("role") in ("system", "developer") and isinstance(first.get("content"), str):
        return {"instructions": first["content"], "input": _items(messages[1:])}
    return {"input": _items(messages)}


def settings(generation: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of chat completions as this endpoint has them; what it calls the same, or does not know, as it is."""
    found = {name: value for name, value in generation.items() if name not in (*_LIMITS, *_RENAMED)}
    if limits := [generation[name] for name in _LIMITS if name in generation]:
        found["max_output_tokens"] = limits[-1]
    for name, value in generation.items():
        if name in _RENAMED:
            for field, said in _RENAMED[name](value).items():
                both = isinstance(said, Mapping) and isinstance(found.get(field), Mapping)
                found[field] = {**found[field], **said} if both else said
    return found


def tools(offered: Sequence[Json]) -> list[Json]:
    """Tools of chat completions as this endpoint has them: flat."""
    return [{**_without(tool, "function"), **inner(tool, "function")} for tool in offered]


def _choice(value: Any) -> Json:
    """A ``tool_choice``: the word, or the name of a function."""
    return {"tool_choice": tools([value])[0] if isinstance(value, Mapping) else value}


def _format(value: Any) -> Json:
    if not isinstance(value, Mapping):
        return {"text": {"format": value}}
    return {"text": {"format": {**_without(value, "json_schema"), **inner(value, "json_schema")}}}


_RENAMED = {
    "reasoning_effort": lambda value: {"reasoning": {"effort": value}},
    "verbosity": lambda value: {"text": {"verbosity": value}},
    "response_format": _format,
    "tool_choice": _choice,
}


def _items(messages: Sequence[Message]) -> list[Json]:
    return [item for message in messages for item in _of(message)]


def _of(message: Message) -> Iterator[Json]:
    """The items that a message is: a call, and what it came to, are items of their own."""
    role, content, calls = message.get("role"), message.get("content"), message.get("tool_calls") or ()
    if role == "tool":
        yield {
            "type": "function_call_output",
            "call_id": message.get("tool_call_id"),
            "output": _content(content),
        }
        return
    # As the server gave them, with the ids that results refer to.
    given = message.get(REASONING_ITEMS) or ()
    ids = [call.get("id") for call in calls]
    if given and sum(item.get("type") == "function_call" for item in given) == len(ids):
        each = iter(ids)
        for item in given:
            yield {**item, "call_id": next(each)} if item.get("type") == "function_call" else item
        return
    if content or not calls:
        # An answer in parts has an id there.
        yield {"role": role, "content": text_of(message) if role == "assistant" else _content(content)}
    for call in calls:
        function = inner(call, "function")
        said = {name: function.get(name) for name in ("name", "arguments")}
        yield {"type": "function_call", "call_id": call.get("id"), **said}


def _content(content: Any) -> Any:
    if not isinstance(content, list):
        return content or ""
    return [_part(part) if isinstance(part, Mapping) else part for part in content]


def _part(part: Json) -> Json:
    kind, image = part.get("type"), part.get("image_url")
    if kind == "text":
        return {**part, "type": "input_text"}
    if kind == "image_url":
        image = image if isinstance(image, Mapping) else {"url": image}
        return {"type": "input_image", "image_url": image.get("url"), "detail": image.get("detail") or "auto"}
    if kind == "file":
        return {"type": "input_file", **inner(part, "file")}
    return part


def _without(value: Json, name: str) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key != name}
