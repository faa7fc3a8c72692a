"""Calls of tools: what an answer calls, and the messages that put calls and results into a conversation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_modeleval.foreign import with_whole_pairs

if TYPE_CHECKING:
    from pytest_modeleval.sample import Completion, Json, Message

# What a model does wrong in a call (`Called.mistake`).
UNKNOWN_TOOL, BAD_ARGUMENTS = "unknown tool", "bad arguments"

# The deepest arguments that are read: a template or a validator may go down by recursion.
_DEEPEST = 50
# Where a message has an answer's thoughts, as a text and as the Responses API gives them.
REASONING, REASONING_ITEMS = "reasoning_content", "reasoning_items"
# What Gemini signs a call with, and wants to see again: it refuses the conversation without it (its OpenAI API).
_SIGNATURE = "extra_content"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of an answer: of the tool ``name``, with ``arguments`` as the model wrote them.

    ``id`` is the server's, or one of our own where that is missing or an earlier call of the answer has it.
    """

    name: str
    arguments: str = "{}"
    id: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """The arguments by name; `ValueError`, which says why, where what the model wrote is no JSON object.

        Nothing written at all is a call without arguments, as servers send those. Halves of surrogate pairs are U+FFFD:
        no function could write them anywhere, and no server is sent them.
        """
        try:
            values = json.loads(self.arguments.strip() or "{}", parse_constant=_refuse_constant, parse_float=_finite)
            if "\\ud" in self.arguments.lower():
                values = json.loads(with_whole_pairs(json.dumps(values, ensure_ascii=False)))
        except RecursionError:
            raise ValueError("nested too deeply") from None
        if not isinstance(values, dict):
            raise ValueError(f"no JSON object but a {type(values).__name__}")
        if _is_deep(values):
            raise ValueError("nested too deeply")
        return values

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Called:
    """A call, and what it came to: ``result`` is what the model is told, ``seconds`` what the tool took.

    ``mistake`` names what the model did wrong in it: `UNKNOWN_TOOL` or `BAD_ARGUMENTS`, of which no tool hears.
    ``error`` is what a tool raised, or that it had no result in time, in a line, and ``trace`` where it was raised.
    """

    call: ToolCall
    result: str
    seconds: float = 0.0
    mistake: str = ""
    error: str = ""
    trace: str = ""


def calls_of(tool_calls: Sequence[Json]) -> tuple[ToolCall, ...]:
    """The calls in the ``tool_calls`` of a message of chat completions, whatever is missing of them.

    Ids of our own have nine letters and digits, the one form that Mistral's templates take.
    """
    found: list[ToolCall] = []
    taken: set[str] = set()
    at = 0
    for place, call in enumerate(tool_calls):
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        name, arguments, said = function.get("name"), function.get("arguments"), call.get("id")
        if not isinstance(arguments, str):
            # Ollama and llama.cpp have given objects here.
            arguments = "{}" if arguments is None else json.dumps(arguments, ensure_ascii=False)
        id_ = said if isinstance(said, str) else ""
        if not id_ or id_ in taken:
            at = max(at, place)
            while (id_ := f"call{at:05d}") in taken:
                at += 1
        taken.add(id_)
        found.append(ToolCall(name if isinstance(name, str) else "", arguments, id_))
    return tuple(found)


def answer_message(completion: Completion) -> Message:
    """An answer as the message that it is in the conversation that goes on, with its thoughts and calls.

    Whether and how the thoughts are sent says the model's alias. Arguments that are no JSON object stand as ``{}``:
    servers parse those of earlier turns for their templates, and refuse the whole request for one that is none. The
    tool's result is to say what was wrong.
    """
    message: dict[str, Any] = {"role": "assistant", "content": completion.text}
    if completion.thinking:
        message[REASONING] = completion.thinking
    if completion.reasoning_items:
        message[REASONING_ITEMS] = list(completion.reasoning_items)
    if completion.calls:
        signed = [told.get(_SIGNATURE) for told in completion.tool_calls]
        message["tool_calls"] = [
            {**_sent(call), **({_SIGNATURE: its} if its else {})}
            for call, its in zip(completion.calls, signed, strict=True)
        ]
    return message


def result_message(call: ToolCall, content: str) -> Message:
    """What a call came to, as the message that tells the model."""
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _sent(call: ToolCall) -> Json:
    try:
        arguments = json.dumps(call.values, ensure_ascii=False)
    except ValueError:
        arguments = "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _finite(number: str) -> float:
    # Python reads 1e999 as infinity, and writes that as what is no JSON.
    if math.isinf(value := float(number)):
        raise ValueError(f"{number[:20]} is beyond every float")
    return value


def _is_deep(value: object, levels: int = _DEEPEST) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and (not levels or any(_is_deep(inner, levels - 1) for inner in value))
