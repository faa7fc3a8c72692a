"""A request as its model is asked: with the thoughts that it sees again, and tools as the alias offers them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_modeleval.calls import REASONING, REASONING_ITEMS
from pytest_modeleval.models.spec import ITEMS, ModelSpec
from pytest_modeleval.requests import Chat, Message, Request

# What the Responses API sends thoughts by that it does not keep.
_INCLUDE = "reasoning.encrypted_content"


def as_sent(spec: ModelSpec, request: Request) -> Request:
    """The request as it goes to the model, by which its answer is stored."""
    if not isinstance(request, Chat) or spec.way.is_recorded:
        return request
    messages, generation = _with_thoughts(request.messages, spec.send_thinking), request.generation
    if spec.send_thinking == ITEMS and "include" not in generation:
        generation = {**generation, "include": [_INCLUDE]}
    if messages is request.messages and generation is request.generation:
        return request
    return replace(request, messages=messages, generation=generation)


def _with_thoughts(messages: Sequence[Message], name: str) -> Sequence[Message]:
    """The messages with the thoughts of earlier answers under this name, and under no other; "": without."""
    if not any(REASONING in message or REASONING_ITEMS in message for message in messages):
        return messages
    return [_with_thought(message, name) for message in messages]


def _with_thought(message: Message, name: str) -> Mapping[str, Any]:
    kept = {key: value for key, value in message.items() if key not in (REASONING, REASONING_ITEMS)}
    source = REASONING_ITEMS if name == ITEMS else REASONING
    return {**kept, (source if name == ITEMS else name): message[source]} if name and source in message else kept
