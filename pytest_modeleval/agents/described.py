"""What a function is to a model: what it does, its parameters, and what decides what comes of it."""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import CellType, CodeType, FunctionType
from typing import Any, get_type_hints

import pytest

from pytest_modeleval.agents.schema import an_object, schema_of
from pytest_modeleval.models.code import code_of
from pytest_modeleval.requests import Json

# Where the part of a docstring begins that is not what the function does: in Google's style, and in Sphinx's.
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters|Returns|Yields|Raises|Examples?|Notes?):\s*$|^:\w+[^:]*:", re.M)
_OF_PARAMETER = re.compile(
    r"^[ \t]+\*{0,2}(\w+)[ \t]*(?:\([^)\n]*\))?:[ \t]+(.+)$|^[ \t]*:param[ \t]+(?:[^:\n]*[ \t])?(\w+):[ \t]*(.+)$", re.M
)
# The code that functions reach whatever they enclose, by their own: it takes half a millisecond of reading modules.
_REACHED: dict[tuple[CodeType, str], str] = {}


def purpose_of(function: Callable[..., Any]) -> str:
    """What a function's docstring says of it before its sections."""
    text = inspect.getdoc(function) or ""
    section = _SECTION.search(text)
    return text[: section.start() if section else None].strip()


def described_by(function: Callable[..., Any], name: str) -> tuple[Json, Mapping[str, Any]]:
    """The schema of a function's parameters, and their types by name."""
    try:
        types = get_type_hints(function, include_extras=True)
    except NameError as error:
        # What stands in a function, or below `if TYPE_CHECKING`, is no name where annotations are texts.
        raise _unusable(name, f"the types of its parameters cannot be read: {error}") from None
    texts = {one or two: first or second for one, first, two, second in _OF_PARAMETER.findall(function.__doc__ or "")}
    properties: dict[str, Json] = {}
    required: list[str] = []
    taken: dict[str, Any] = {}
    for each in inspect.signature(function).parameters.values():
        if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            raise _unusable(name, f"its parameter {str(each).partition(':')[0]!r} has no name for a model to give")
        if each.annotation is each.empty:
            raise _unusable(name, f"its parameter {each.name!r} has no type: write {each.name}: str")
        try:
            schema = schema_of(taken.setdefault(each.name, types[each.name]))
        except TypeError as error:
            raise _unusable(name, f"its parameter {each.name!r} cannot be described: {error}") from None
        except RecursionError:
            # In place of the type there is a dict, or a schema with a `$ref`.
            why = "cannot be described: it holds itself; write dict, or tool(parameters={…})"
            raise _unusable(name, f"its parameter {each.name!r} {why}") from None
        text = texts.get(each.name, "").strip()
        properties[each.name] = {**({"description": text} if text else {}), **schema}
        if each.default is each.empty:
            required.append(each.name)
    return an_object(properties, required), taken


def decides(function: Callable[..., Any]) -> tuple[str, str]:
    """The code that a function reaches, and what it encloses: a test may make the same one for each of its samples."""
    if not isinstance(function, FunctionType) or not function.__closure__:
        return code_of(function), ""
    cells = []
    for cell in function.__closure__:
        with suppress(ValueError):
            # Else it is filled later, or never.
            cells.append(cell.cell_contents)
    key = function.__code__, function.__module__
    if key not in _REACHED:
        empty = tuple(CellType() for _ in function.__closure__)
        alone = FunctionType(function.__code__, function.__globals__, closure=empty)
        alone.__module__ = function.__module__
        _REACHED[key] = code_of(alone)
    return _REACHED[key], code_of(*cells)


def version_of(*told: object) -> str:
    """The hash of all that decides what comes of a call."""
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=repr).encode()).hexdigest()[:32]


def _unusable(name: str, why: str) -> pytest.UsageError:
    return pytest.UsageError(f"{name} cannot be a tool: {why}")
