"""Calls of tools by a model in this process: what its chat template is given, and the calls in what it wrote."""

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_modeleval.calls import calls_of
from pytest_modeleval.models.tool_dialects import calling, parsed
from pytest_modeleval.requests import Chat, Json
from pytest_modeleval.sample import Completion, SampleError, StopRun

_BY_PROMPT = 'ask by the prompt, tools = "hermes" in its alias'
# What a tokenizer says its model's answers are read by: transformers 5.23, and 5.0 to then.
_TEMPLATES = ("response_template", "response_schema")
# Where their parsers put a thought.
_THOUGHTS = ("reasoning_content", "thinking")


def choosing(request: Chat, tokenizer: Any, name: str) -> Chat:
    """The request without the settings that say how tools are called, and with tools only where they may be.

    `StopRun` where nobody can hold the model to them, or its chat template has no place for tools.
    """
    generation = dict(request.generation)
    choice, parallel = generation.pop("tool_choice", None), generation.pop("parallel_tool_calls", None)
    if choice == "none" or not request.tools:
        return replace(request, tools=(), generation=generation)
    if choice not in (None, "auto") or parallel is False:
        kept = f"tool_choice {choice!r}" if choice not in (None, "auto") else "parallel_tool_calls false"
        raise StopRun(f"{name}: a model in this process cannot be held to {kept}: {_BY_PROMPT}")
    if not re.search(r"\btools\b", template_of(tokenizer, request.tools)):
        raise StopRun(
            f"{name}: its chat template has no place for tools, which {request.sample_id} offers: {_BY_PROMPT}"
        )
    return replace(request, generation=generation)


def template_of(tokenizer: Any, tools: Sequence[Json]) -> str:
    """The chat template that answers a request with these tools; "" where there is none."""
    return str(tokenizer.get_chat_template(tools=list(tools) or None)) if tokenizer.chat_template else ""


def with_calls(
    tokenizer: Any, prompt: Sequence[int], written: str, answer: Completion, tools: Sequence[Json]
) -> Completion:
    """The answer with the calls in it, by the tokenizer's own template for answers, else in the form of Hermes.

    ``written`` is all that the model wrote, special tokens too. Where its chat template knows neither, the text stays.
    """
    if any(getattr(tokenizer, name, None) for name in _TEMPLATES):
        return _by_template(tokenizer, prompt, written, answer, tools)
    template = template_of(tokenizer, tools)
    # Qwen 3.5 and its coders write XML between the same marks.
    if "<tool_call>" not in template or "<function=" in template:
        return answer
    return calling(answer, *parsed("hermes", answer.text))


def _by_template(
    tokenizer: Any, prompt: Sequence[int], written: str, answer: Completion, tools: Sequence[Json]
) -> Completion:
    takes_prompt = "prefix" in inspect.signature(tokenizer.parse_response).parameters
    further = {"prefix": tokenizer.decode(prompt), "tools": list(tools)} if takes_prompt else {}
    try:
        message = tokenizer.parse_response(written, **further)
    except Exception:  # noqa: BLE001 - its parsers raise whatever a text that they do not expect makes them
        _refuse_broken(tokenizer)
        return answer
    told = message.get("tool_calls") if isinstance(message, Mapping) else None
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls_of([each for each in told or () if isinstance(each, Mapping)])
    ]
    thought = next((message[name] for name in _THOUGHTS if calls and message.get(name)), answer.thinking)
    text = message.get("content") if calls else ""
    return calling(replace(answer, thinking=str(thought).strip()), str(text or "").strip("\n"), calls)


def _refuse_broken(tokenizer: Any) -> None:
    """`SampleError` where the tokenizer's own template is what cannot be read, and not the text."""
    try:
        from transformers.utils.chat_parsing.response_templates import load_response_template

        load_response_template(tokenizer.response_template)
    except (ImportError, AttributeError):
        # Before 5.23.
        return
    except (ValueError, TypeError, KeyError) as error:
        raise SampleError(f"its response template cannot be used: {error}; {_BY_PROMPT}") from None
