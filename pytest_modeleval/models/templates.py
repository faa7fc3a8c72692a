"""A conversation as the tokens that a model in this process is given, by its chat template."""

from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from pytest_modeleval.calls import calls_of
from pytest_modeleval.requests import Chat, Json, Message
from pytest_modeleval.sample import Refused, SampleError


def prompt_ids(tokenizer: Any, request: Chat, template_arguments: Mapping[str, Any]) -> list[int]:
    """The prompt's token ids by the chat template, or the plain text's where the model has none."""
    if tokenizer.chat_template is None:
        text = "\n\n".join(_text_only(message) for message in request.messages)
        return list(tokenizer(text).input_ids)
    extra = request.generation.get("extra_body", {}).get("chat_template_kwargs", {})
    messages = [{**_with_calls(message), "content": _text_only(message)} for message in request.messages]
    # The template writes the special tokens itself: rendering and tokenizing in one call adds no second BOS.
    try:
        ids = tokenizer.apply_chat_template(
            messages,
            tools=list(request.tools) or None,
            add_generation_prompt=True,
            return_dict=False,
            **{**template_arguments, **extra},
        )
    except TemplateError as error:
        raise Refused(f"the chat template refuses these messages: {error}") from None
    return list(ids)


def _text_only(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    for part in content:
        if part.get("type") != "text":
            raise SampleError(f"a local model takes text only, not a content part of type {part.get('type')!r}")
    return "\n".join(part["text"] for part in content)


def _with_calls(message: Message) -> dict[str, Any]:
    """The message with its calls' arguments as tables, as transformers' chat templates take them."""
    calls = message.get("tool_calls")
    return {**message, "tool_calls": [_with_values(call) for call in calls]} if calls else dict(message)


def _with_values(call: Json) -> Json:
    (read,) = calls_of([call])
    try:
        values: object = read.values
    except ValueError:
        values = read.arguments
    return {**call, "id": read.id, "type": "function", "function": {"name": read.name, "arguments": values}}
