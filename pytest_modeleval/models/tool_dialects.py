"""Tools by the prompt, for models without them: how a dialect offers them, and the calls that a text makes in it.

``hermes`` is the form that Hermes and Qwen were taught: ``<tool_call>{"name": …, "arguments": {…}}</tool_call>``.
``python`` is that of BFCL's prompts: one list of calls, ``[f(a=1), g(b="x")]``. What a model wrote is never run.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_modeleval.calls import ToolCall, calls_of
from pytest_modeleval.inputs import from_json
from pytest_modeleval.requests import Json, Message
from pytest_modeleval.sample import Completion, text_of

# The longest text that is looked through for calls, and the most brackets within brackets: Python's parser knows 200.
LONGEST = 50_000
_DEEPEST = 100
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_FENCE = re.compile(r"\A```\w*\n(.*)\n```\Z", re.DOTALL)
_LINE_OF_CALLS = re.compile(r"^\[(?=\s*[A-Za-z_])", re.MULTILINE)
_NAMES: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
# What Python warns of, or refuses one day: a backslash before any other letter stands for itself.
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = frozenset("\n\\'\"abfnrtvxuUN01234567")
_UNREADABLE = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)

_HERMES = """\
# Tools

You may call functions to answer. Each line between <tools> and </tools> describes one:
<tools>
{tools}
</tools>

To call a function, write its name and arguments as JSON between these marks, and so again for each further call:
<tool_call>
{{"name": "the function's name", "arguments": {{"a parameter": "its value"}}}}
</tool_call>
You are then told the results between <tool_response> and </tool_response>."""
_PYTHON = """\
# Functions

You may call functions to answer. Each line describes one in JSON:
{tools}

To call functions, answer with one list of calls in Python's syntax, every argument by its name, and nothing else:
[first_function(parameter="value", other=1), second_function(parameter=[1, 2])]
You are then told the results."""


@dataclass(frozen=True)
class _Dialect:
    """How tools are offered, earlier calls and results are written, and the calls of a text are read."""

    offer: str
    tool: Callable[[Json], Json]
    call: Callable[[Sequence[ToolCall]], str]
    result: Callable[[str, str], str]
    read: Callable[[str], tuple[str, list[tuple[str, str]]]]


def prompted(dialect: str, messages: Sequence[Message], tools: Sequence[Json], choice: Any = None) -> list[Message]:
    """The messages with the tools told in the system prompt, and earlier calls and results in the dialect's text."""
    words, made, names = _DIALECTS[dialect], list[Message](), dict[str, str]()
    for message in messages:
        calls = calls_of(message.get("tool_calls") or ())
        if message.get("role") == "tool":
            name = names.get(str(message.get("tool_call_id")), "")
            said = words.result(name, text_of(message))
            # Such as pictures, behind what was said.
            others = [part for part in _parts(message.get("content")) if part.get("type") != "text"]
            message = {"role": "user", "content": [*_parts(said), *others] if others else said}
        elif calls:
            names |= {call.id: call.name for call in calls}
            text = "\n".join(filter(None, [text_of(message), words.call(calls)]))
            message = {**{key: message[key] for key in message if key != "tool_calls"}, "content": text}
        _append(made, message)
    told = "\n".join(json.dumps(words.tool(tool), ensure_ascii=False) for tool in tools)
    return _with_system(made, words.offer.format(tools=told) + _must(choice)) if tools else made


def parsed(dialect: str, text: str) -> tuple[str, list[Json]]:
    """What of a text is no call, and the calls in it as chat completions have them.

    What begins as a call and cannot be read is one with its arguments as written: a wrong answer. A text of more than
    50,000 letters calls nothing.
    """
    if len(text) > LONGEST:
        return text, []
    rest, found = _DIALECTS[dialect].read(text)
    calls = [{"type": "function", "function": {"name": name, "arguments": said}} for name, said in found]
    return rest, [{"id": f"call{place:05d}", **call} for place, call in enumerate(calls)]


def calling(answer: Completion, text: str, calls: Sequence[Json]) -> Completion:
    """The answer that makes these calls, with what remains of its text; the same where there are none."""
    if not calls:
        return answer
    finish = "tool_calls" if answer.finish_reason == "stop" else answer.finish_reason
    return replace(answer, text=text, tool_calls=tuple(calls), finish_reason=finish)


def _append(messages: list[Message], message: Message) -> None:
    """Add a message; what follows a result goes on in its message, as templates want users and answers in turns."""
    last = messages[-1] if messages else {}
    if not last.get("role") == message.get("role") == "user":
        messages.append(message)
        return
    both = (last.get("content"), message.get("content"))
    are_texts = all(isinstance(each, str) for each in both)
    content = "\n".join(map(str, both)) if are_texts else [part for each in both for part in _parts(each)]
    messages[-1] = {**last, "content": content}


def _parts(content: Any) -> list[Json]:
    """A message's content as parts."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [part for part in content or () if isinstance(part, Mapping)]


def _with_system(messages: list[Message], block: str) -> list[Message]:
    first = messages[0] if messages else {}
    if first.get("role") not in ("system", "developer"):
        return [{"role": "system", "content": block}, *messages]
    return [{**first, "content": f"{text_of(first)}\n\n{block}".strip()}, *messages[1:]]


def _must(choice: Any) -> str:
    """What a ``tool_choice`` asks for, in words."""
    if isinstance(choice, Mapping):
        function = choice.get("function") or choice
        return f"\nCall {function.get('name')} now."
    return "\nCall at least one function now." if choice == "required" else ""


def _hermes_calls(calls: Sequence[ToolCall]) -> str:
    return "\n".join(
        f'{_OPEN}\n{{"name": {_json(call.name)}, "arguments": {_sound(call)}}}\n{_CLOSE}' for call in calls
    )


def _read_hermes(text: str) -> tuple[str, list[tuple[str, str]]]:
    before, *blocks = text.split(_OPEN)
    rest, found = [before], list[tuple[str, str]]()
    for block in blocks:
        inner, close, after = block.partition(_CLOSE)
        if not close and not inner.lstrip().startswith("{"):
            # Somebody speaks of the mark.
            rest.append(_OPEN + block)
            continue
        found += _in_block(inner.strip())
        rest.append(after)
    return "".join(rest).strip() if found else text, found


def _in_block(block: str) -> Iterator[tuple[str, str]]:
    try:
        value = from_json(block)
    except ValueError:
        name = re.match(r'\{\s*"name"\s*:\s*"([^"\\]*)"', block)
        yield (name[1] if name else "", block)
        return
    for call in value if isinstance(value, list) else [value]:
        call = call if isinstance(call, dict) else {}
        name, said = call.get("name"), call.get("arguments", call.get("parameters", {}))
        yield (name if isinstance(name, str) else "", said if isinstance(said, str) else _json(said))


def _python_calls(calls: Sequence[ToolCall]) -> str:
    def written(call: ToolCall) -> str:
        values = from_json(_sound(call))
        return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in values.items())})"

    return f"[{', '.join(map(written, calls))}]"


def _read_python(text: str) -> tuple[str, list[tuple[str, str]]]:
    said = text.strip()
    said = fenced[1].strip() if (fenced := _FENCE.match(said)) else said.strip("`")
    if found := _calls_in(said):
        return "", found
    # Behind a few words, of which some may stand in brackets.
    begins = [match.start() for match in _LINE_OF_CALLS.finditer(said)]
    for begin in dict.fromkeys([*begins[:1], *begins[-1:]]):
        if found := _calls_in(said[begin:].removesuffix("```").rstrip()):
            return said[:begin].strip().removesuffix("```python").removesuffix("```").rstrip(), found
    return text, []


def _calls_in(text: str) -> list[tuple[str, str]]:
    """The calls that a text is a list of, or the one that it is; none where it is anything else."""
    if not text.endswith((")", "]")) or _is_deep(text):
        return []
    try:
        body = ast.parse(_ESCAPE.sub(_escaped, text), mode="eval").body
        # Undoing a formatted text takes time that grows with the square of it.
        if any(isinstance(each, ast.JoinedStr) for each in ast.walk(body)):
            return []
        listed = body.elts if isinstance(body, ast.List) else [body]
        if not all(isinstance(each, ast.Call) for each in listed):
            return []
        # Without the brackets a text such as "Hello(world)" is no call.
        if body not in listed or all(each.keywords and not each.args for each in listed):  # type: ignore[attr-defined]
            return [_python_call(each) for each in listed]  # type: ignore[arg-type]
    except _UNREADABLE:
        pass
    return []


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[1] in _ESCAPES else f"\\{match[0]}"


def _is_deep(text: str) -> bool:
    depth = 0
    for letter in re.findall(r"[\[\](){}]", text):
        depth += 1 if letter in "[({" else -1
        if depth > _DEEPEST:
            return True
    return False


def _python_call(call: ast.Call) -> tuple[str, str]:
    name = ast.unparse(call.func)
    if call.args or any(each.arg is None for each in call.keywords):
        # Nobody knows the parameter that one without a name is for.
        return name, ", ".join(map(ast.unparse, (*call.args, *call.keywords)))
    return name, _json({each.arg: _value(each.value) for each in call.keywords})


def _value(node: ast.expr) -> Any:
    """What an argument is in JSON: a literal's value, and of anything else its text."""
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List() | ast.Tuple() | ast.Set():
            return [_value(each) for each in node.elts]
        case ast.Dict() if all(isinstance(key, ast.Constant) for key in node.keys):
            return {str(key.value): _value(each) for key, each in zip(node.keys, node.values, strict=True)}  # type: ignore[union-attr]
        case ast.Name(id=name):
            return _NAMES.get(name, name)
    return ast.unparse(node)


def _sound(call: ToolCall) -> str:
    """The arguments as JSON; those that are none are empty, as `calls.answer_message` has them."""
    try:
        return _json(call.values)
    except ValueError:
        return "{}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_DIALECTS: Mapping[str, _Dialect] = {
    "hermes": _Dialect(
        _HERMES, dict, _hermes_calls, lambda _, said: f"<tool_response>\n{said}\n</tool_response>", _read_hermes
    ),
    "python": _Dialect(
        _PYTHON,
        lambda tool: tool.get("function", tool),
        _python_calls,
        lambda name, said: f"{name} returned:\n{said}",
        _read_python,
    ),
}
