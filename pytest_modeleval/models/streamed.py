"""What arrives in pieces in a streamed answer beside its text: calls of tools, and thoughts that go back."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.models.replies import Broken, shape
from pytest_modeleval.sample import Json

# Where an object in a text of JSON begins or ends, or a text in it; what stands behind a backslash is none of these.
_STRUCTURE = re.compile(r'\\.|["{}]', re.DOTALL)
# Pieces of a function's name are put together so far: 64 letters are what APIs take.
_LONGEST_NAME = 1000
# What of a detail of thoughts arrives in pieces (OpenRouter, docs "Reasoning Tokens").
_IN_PIECES = ("text", "summary", "data")


def whole_calls(deltas: Sequence[Json]) -> Sequence[Json]:
    """The tool calls that the deltas of a stream make; a call's arguments arrive in pieces.

    Servers number calls, name them by ids, or neither. Some number all of them 0 (Ollama, Dynamo), the pieces of one
    anew (Cerebras), give each piece an id of its own (older vLLM), or repeat the function's name in each.
    """
    calls: list[_Call] = []
    named: dict[str, _Call] = {}
    for delta in deltas:
        function = delta.get("function") or {}
        if not isinstance(function, dict):
            raise Broken(f"a call's function is {shape(function)}")
        name, arguments = map(_piece, (function.get("name"), function.get("arguments")))
        place = delta["index"] if delta.get("index") is not None else delta.get("id") or ""
        call = named.get(str(place))
        if call is None and calls and not name and (place == "" or not delta.get("id")):
            call = calls[-1]
        if call is None or (name and call.is_before(delta.get("id"), name, arguments)):
            call = _Call()
            calls.append(call)
        named[str(place)] = call
        call.add(delta, name, arguments)
    return [call.made() for call in calls]


@dataclass(slots=True)
class _Call:
    """A call whose arguments arrive in pieces; each of their letters is looked at once."""

    name: str = ""
    pieces: list[str] = field(default_factory=list)
    # What else was said of it: what was said first holds.
    beside: dict[str, Any] = field(default_factory=dict)
    # How far the pieces were read, a backslash at the end of that, and where that stands in JSON.
    read: int = 0
    held: str = ""
    depth: int = 0
    is_quoted: bool = False
    # Whether the object that began has ended and is one; None: it has not ended.
    is_object: bool | None = None

    def add(self, delta: Json, name: str, arguments: str) -> None:
        for key, value in delta.items():
            if value and key not in ("index", "function"):
                self.beside.setdefault(key, value)
        if name != self.name and len(self.name) < _LONGEST_NAME:
            self.name += name
        if arguments:
            self.pieces.append(arguments)

    def made(self) -> Json:
        return {"function": {"name": self.name, "arguments": "".join(self.pieces)}, **self.beside}

    def is_before(self, id_: object, name: str, arguments: str) -> bool:
        """Whether a delta with a function's name begins another call than this, which is numbered or named like it."""
        if id_ and self.beside.get("id") and id_ != self.beside["id"]:
            return True
        if name != self.name:
            # A name may come in pieces, before the arguments.
            return bool(self.name and (arguments or self.pieces))
        return bool(arguments and self.pieces and self._is_whole())

    def _is_whole(self) -> bool:
        text, self.read = self.held + "".join(self.pieces[self.read :]), len(self.pieces)
        end = 0
        for mark in _STRUCTURE.finditer(text) if self.is_object is None else ():
            end = mark.end()
            if mark[0] == '"':
                self.is_quoted = not self.is_quoted
            elif mark[0] in "{}" and not self.is_quoted:
                self.depth += 1 if mark[0] == "{" else -1
                if self.depth <= 0:
                    self.is_object = _is_object("".join(self.pieces))
                    break
        self.held = "\\" if text.endswith("\\") and end < len(text) else ""
        return bool(self.is_object)


def whole_details(deltas: Sequence[Json]) -> Sequence[Json]:
    """The ``reasoning_details`` that the deltas of a stream make, by their places and types.

    Texts arrive in pieces; of all else what was said last holds, as the signature comes with the last piece.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for delta in deltas:
        detail = found.setdefault((str(delta.get("index") or 0), str(delta.get("type"))), {})
        for name, value in delta.items():
            if name in _IN_PIECES and isinstance(value, str):
                detail.setdefault(name, []).append(value)
            elif value is not None and name not in _IN_PIECES:
                detail[name] = value
    return [
        {name: "".join(value) if name in _IN_PIECES else value for name, value in of.items()} for of in found.values()
    ]


def _is_object(text: str) -> bool:
    try:
        return isinstance(from_json(text), dict)
    except ValueError:
        return False


def _piece(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
