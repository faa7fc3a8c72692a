"""A request as its model is asked: with the thoughts that it sees again, and tools as the alias offers them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_modeleval.calls import REASONING, REASONING_ITEMS
from pytest_modeleval.models.spec import DETAILS, ITEMS, NATIVE, ModelSpec
from pytest_modeleval.models.tool_dialects import calling, parsed, prompted
from pytest_modeleval.requests import Chat, Message, Request
from pytest_modeleval.sample import Completion

# What the Responses API sends thoughts by that it does not keep.
_INCLUDE = "reasoning.encrypted_content"
# Settings that mean nothing to a server which is offered no tools, and that some refuse then.
_OF_TOOLS = ("tool_choice", "parallel_tool_calls")


def as_sent(spec: ModelSpec, request: Request) -> Request:
    """The request as it goes to the model, by which its answer is stored."""
    if not isinstance(request, Chat) or spec.way.is_recorded:
        return request
    messages, generation = _with_thoughts(request.messages, spec.send_thinking), request.generation
    if spec.send_thinking == ITEMS and "include" not in generation:
        generation = {**generation, "include": [_INCLUDE]}
    if messages is not request.messages or generation is not request.generation:
        request = replace(request, messages=messages, generation=generation)
    return request if spec.tools == NATIVE else _by_prompt(spec.tools, request)


def as_read(request: Request, answer: Completion) -> Completion:
    """The answer with the calls in its text, where the request offered tools by the prompt."""
    if not isinstance(request, Chat) or not request.dialect:
        return answer
    return calling(answer, *parsed(request.dialect, answer.text))


def _by_prompt(dialect: str, request: Chat) -> Chat:
    """The request with its tools, and the calls and results in its messages, as texts."""
    choice = request.generation.get("tool_choice")
    tools = () if choice == "none" else request.tools
    if not (
        request.tools or any(message.get("role") == "tool" or message.get("tool_calls") for message in request.messages)
    ):
        return request
    generation = {key: value for key, value in request.generation.items() if key not in _OF_TOOLS}
    messages = prompted(dialect, request.messages, tools, choice)
    return replace(request, messages=messages, tools=(), generation=generation, dialect=dialect if tools else "")


def _with_thoughts(messages: Sequence[Message], name: str) -> Sequence[Message]:
    """The messages with the thoughts of earlier answers under this name, and under no other; "": without."""
    if not any(REASONING in message or REASONING_ITEMS in message for message in messages):
        return messages
    return [_with_thought(message, name) for message in messages]


def _with_thought(message: Message, name: str) -> Mapping[str, Any]:
    kept = {key: value for key, value in message.items() if key not in (REASONING, REASONING_ITEMS)}
    source = REASONING_ITEMS if name in (ITEMS, DETAILS) else REASONING
    return {**kept, (source if name == ITEMS else name): message[source]} if name and source in message else kept
