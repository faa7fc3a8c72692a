"""Golds as a model writes them, and a real server whose model answers with them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

from pytest_modeleval.scorers.bfcl import modes
from pytest_modeleval.scorers.bfcl.calls import Call, read_gold
from pytest_modeleval.scorers.bfcl.rows import Row
from pytest_modeleval.scorers.bfcl.tools import tool_name
from tests.conftest import FaultyServer, send

# What changes the calls of a step, by the row and the turn.
Change = Callable[[list[Call]], list[Call]]


def call_of(gold: Mapping[str, Mapping[str, Sequence[Any]]], row: Row) -> Call:
    """The gold's first values."""
    ((name, values),) = gold.items()
    function = next(each for each in row.functions if len(row.functions) == 1 or each["name"] == name)
    properties, required = function["parameters"]["properties"], function["parameters"]["required"]
    arguments = {}
    for parameter, allowed in values.items():
        chosen = next((each for each in allowed if each != ""), "")
        if allowed and parameter in properties and (chosen != "" or parameter in required):
            arguments[parameter] = source(plain(chosen), properties[parameter], row.language)
    return function["name"], arguments


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        chosen = {name: next((each for each in allowed if each != ""), "") for name, allowed in value.items()}
        return {name: each for name, each in chosen.items() if each != ""}
    return [plain(each) if isinstance(each, dict) else each for each in value] if isinstance(value, list) else value


def source(value: Any, schema: Mapping[str, Any], language: str) -> Any:
    """The value as a Java or JavaScript source in a text."""
    kind = schema["type"]
    if language == "python" or isinstance(value, str):
        return value
    inner = schema.get("items", {}).get("type", "")
    if kind == "ArrayList":
        quoted = [literal(each, inner) if inner != "any" else str(each) for each in value]
        return f"new ArrayList<>(Arrays.asList({', '.join(quoted)}))"
    if kind == "Array":
        return f"new X[]{{{', '.join(map(str, value))}}}"
    if kind == "HashMap":
        return f"new HashMap<>() {{{{ {' '.join(f'put({literal(k)}, {literal(v)});' for k, v in value.items())} }}}}"
    return f"{literal(value)}L" if kind == "long" else literal(value)


def literal(value: Any, inner: str = "") -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) else f"{value}{'L' if inner == 'long' else ''}"


def named(text: str, row: Row) -> Call:
    name, arguments, given = read_gold(text)
    functions = [*row.functions, *(function for held in row.held_back.values() for function in held)]
    properties = next(each for each in functions if each["name"] == name)["parameters"]["properties"]
    return name, dict(zip(properties, arguments, strict=False)) | dict(given)


def steps(row: Row, change: Change) -> list[list[Call] | str]:
    """Each answer of a model that does what the gold does: calls, and what ends a turn."""
    if row.before or row.category.startswith("memory"):
        return [f"{{'answer': {row.gold[0]!r}, 'context': 'told'}}"] if row.gold else ["Noted."]
    if row.classes:
        return [
            step
            for gold in row.gold
            for step in ([change([named(text, row) for text in gold])] * bool(gold) + ["Done."])
        ]
    if not row.gold:
        return ["Nothing fits."] if "irrelevance" in row.category else [[(row.functions[0]["name"], {})]]
    return [change([call_of(gold, row) for gold in row.gold])]


def asked(row: Row) -> str:
    """The text by which a row's conversation is known."""
    return next(str(each["content"]) for each in row.turns[0] if each["role"] == "user")


def replaying(server: FaultyServer, rows: Iterable[Row], *, mode: str, change: Change = list) -> None:
    """Have a server answer as the gold of these rows."""
    known_rows, known = list(rows), dict[str, list[list[Call] | str]]()
    for row in known_rows:
        known |= {asked(each): ["Noted."] * len(each.turns) for each in row.before}
        known[asked(row)] = steps(row, change)
    sources = {asked(row): row for row in known_rows if row.language != "python"}

    def answers(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        messages = body["messages"]
        first = next(each["content"] for each in messages if each["role"] == "user")
        place = sum(each["role"] == "assistant" for each in messages)
        said = known[first][place]
        message: dict[str, Any] = {"role": "assistant", "content": said if isinstance(said, str) else None}
        if isinstance(said, list) and mode == "native":
            message["tool_calls"] = [
                {
                    "id": f"c{at}",
                    "type": "function",
                    "function": {"name": tool_name(name), "arguments": json.dumps(arguments)},
                }
                for at, (name, arguments) in enumerate(said)
            ]
        elif isinstance(said, list):
            message["content"] = f"[{', '.join(text_of(call, sources.get(first)) for call in said)}]"
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        send(handler, 200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    server.fault = answers


def text_of(call: Call, row: Row | None) -> str:
    """A call as a model writes it that has no tools: in Java and JavaScript arguments are source."""
    if row is None:
        return modes.written(call)
    name, arguments = call
    properties = row.functions[0]["parameters"]["properties"]
    texts = {key for key in arguments if properties[key]["type"] in ("String", "char")}
    return f"{name}({', '.join(f'{key}={json.dumps(value) if key in texts else value}' for key, value in arguments.items())})"
