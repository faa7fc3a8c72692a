"""How a model without tools of its own is offered some in a prompt, and what its text calls.

``HERMES.prompt_for(tools)`` is a system prompt, ``HERMES.parse(text)`` the calls of an answer.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_modeleval.sample import Json
from pytest_modeleval.scorers.bfcl.calls import read_calls

_TAG = re.compile("</?tool_call>")
_HERMES_PROMPT = """\
You may call functions to help with what the user asks. They are described here, one JSON object a line:
<tools>
{tools}
</tools>

For each call write one JSON object with the function's name and its arguments, between these tags:
<tool_call>
{{"name": "the function's name", "arguments": {{"a parameter": "its value"}}}}
</tool_call>
The result comes back between <tool_response> tags. Without a call your answer is final."""
_PYTHON_PROMPT = """\
You may call functions to help with what the user asks. They are described here in JSON:
{tools}

To call some, answer with one list of calls and nothing else:
[first_function(first_parameter=value, second_parameter=value), second_function(parameter=value)]
The results come back. Without a call your answer is final."""


class CallRead(NamedTuple):
    """A call that a text makes. Arguments that are no JSON object, or a whole call that is none, are kept as text."""

    name: str
    arguments: dict[str, Any] | str


@dataclass(frozen=True)
class Dialect:
    """A way to write calls in a text: the prompt that offers tools of OpenAI's form, and the reading of an answer."""

    name: str
    prompt_for: Callable[[Sequence[Json]], str]
    parse: Callable[[str], list[CallRead]]
    # The text of an answer without its calls.
    text_of: Callable[[str], str]


def _hermes_prompt(tools: Sequence[Json]) -> str:
    return _HERMES_PROMPT.format(tools="\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools))


def _python_prompt(tools: Sequence[Json]) -> str:
    functions = [tool.get("function", tool) for tool in tools]
    return _PYTHON_PROMPT.format(tools=json.dumps(functions, ensure_ascii=False, indent=2))


def _hermes_calls(text: str) -> list[CallRead]:
    return [_hermes_call(inside.strip()) for inside, is_call in _pieces(text) if is_call]


def _hermes_call(text: str) -> CallRead:
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return CallRead("", text)
    if not isinstance(call, dict) or not isinstance(name := call.get("name"), str):
        return CallRead("", text)
    # Llama's word for it.
    arguments = call.get("arguments", call.get("parameters", {}))
    return CallRead(name, arguments if isinstance(arguments, dict | str) else json.dumps(arguments))


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """What stands outside of the tags, and between them; a call that lacks its end goes on to the next, or to the end.

    A closing tag alone is text.
    """
    at, is_call = 0, False
    for tag in _TAG.finditer(text):
        opens = tag[0] == "<tool_call>"
        if opens or is_call:
            yield text[at : tag.start()], is_call
            at, is_call = tag.end(), opens
    yield text[at:], is_call


def _hermes_text(text: str) -> str:
    return "".join(piece for piece, is_call in _pieces(text) if not is_call).strip()


def _python_calls(text: str) -> list[CallRead]:
    try:
        return [CallRead(name, arguments) for name, arguments in read_calls(text)]
    except ValueError:
        # It says something.
        return []


def _python_text(text: str) -> str:
    return "" if _python_calls(text) else text


HERMES = Dialect("hermes", _hermes_prompt, _hermes_calls, _hermes_text)
PYTHON = Dialect("python", _python_prompt, _python_calls, _python_text)
