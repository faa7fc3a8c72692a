"""Whether calls are those of a row's gold, by the rules of BFCL's AST checker, and what is wrong with them if not.

bfcl-eval 2026.3.23, ``eval_checker/ast_eval/ast_checker.py``.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_modeleval.scorers.bfcl.calls import Call
from pytest_modeleval.scorers.bfcl.sources import java_value, javascript_value
from pytest_modeleval.scorers.programs import short

# What a call may be wrong in: the kinds of `Wrong`.
COUNT, FUNCTION, MISSING, UNKNOWN, TYPE, VALUE, NO_CALL, A_CALL = (
    "wrong number of calls",
    "wrong function",
    "missing parameter",
    "unknown parameter",
    "wrong type",
    "wrong value",
    "no call",
    "needless call",
)
_PYTHON: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
_JAVA: Mapping[str, type] = {
    **dict.fromkeys(("byte", "short", "integer", "long"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("Array", "ArrayList", "Queue", "Stack"), list),
    **dict.fromkeys(("HashMap", "Hashtable"), dict),
    **dict.fromkeys(("char", "String", "any"), str),
    "boolean": bool,
    "Set": set,
}
_JAVASCRIPT: Mapping[str, type] = {
    "String": str,
    "integer": int,
    "float": float,
    "Bigint": int,
    "Boolean": bool,
    "dict": dict,
    "array": list,
    "any": str,
}
_TYPES = {"python": _PYTHON, "java": _JAVA, "javascript": _JAVASCRIPT}
_SOURCES = {"java": java_value, "javascript": javascript_value}
# Whose elements have a type too.
_NESTED = ("array", "tuple", "Array", "ArrayList")
_IGNORED = re.compile(r"[ ,./\-_*^]")


@dataclass(frozen=True)
class Wrong:
    """What is wrong with calls: its ``kind``, which is counted, and one line that says where."""

    kind: str
    why: str


@dataclass(frozen=True)
class Expected:
    """A row's gold: ``gold`` has a function's name with the values of each parameter, for every call.

    A value of "" means that the parameter may be left out. ``language`` is python, java or javascript. With
    ``underscores`` a function goes by its name with ``_`` for every dot, as APIs of OpenAI's kind have it.
    """

    functions: Sequence[Mapping[str, Any]]
    gold: Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]
    language: str = "python"
    underscores: bool = False


def wrong_calls(calls: Sequence[Call], expected: Expected, *, any_order: bool = False) -> Wrong | None:
    """What is wrong with calls, None where nothing is.

    In ``any_order``, for "parallel" categories: each call of the gold takes the first one left that matches it.
    """
    if len(calls) != len(expected.gold):
        return Wrong(COUNT, f"{len(calls)} calls, not {len(expected.gold)}")
    left = list(calls)
    for number, gold in enumerate(expected.gold):
        first: Wrong | None = None
        for place, call in enumerate(left if any_order else left[:1]):
            wrong = _wrong_call(call, gold, expected)
            if wrong is None:
                del left[place]
                break
            # Of several calls the one that calls the right function tells most.
            if first is None or (first.kind == FUNCTION and wrong.kind != FUNCTION):
                first = wrong
        else:
            assert first is not None
            where = f"call {number + 1}, {next(iter(gold))}: " if len(expected.gold) > 1 else ""
            return Wrong(first.kind, where + first.why)
    return None


def wrong_relevance(calls: Sequence[Call], *, relevant: bool) -> Wrong | None:
    """What is wrong where a row has no gold: that something is called, or, where it is ``relevant``, nothing."""
    if relevant and not calls:
        return Wrong(NO_CALL, "no call, where a function can answer")
    if not relevant and calls:
        return Wrong(A_CALL, f"{calls[0][0]} was called, where no function can answer")
    return None


def _wrong_call(call: Call, gold: Mapping[str, Mapping[str, Sequence[Any]]], expected: Expected) -> Wrong | None:
    (function, values), *_ = gold.items()
    description = _described(expected.functions, function)
    named = description["name"]
    named = named.replace(".", "_") if expected.underscores else named
    name, given = call
    if name != named:
        return Wrong(FUNCTION, f"{short(name)} was called, not {named}")
    for parameter in description["parameters"]["required"]:
        if parameter not in given:
            return Wrong(MISSING, f"{parameter} is required")
    properties = description["parameters"]["properties"]
    for parameter, value in given.items():
        if parameter not in properties or parameter not in values:
            return Wrong(UNKNOWN, f"{short(parameter)} is no parameter here")
        if wrong := _wrong_value(parameter, value, properties[parameter], values[parameter], expected.language):
            return wrong
    for parameter, allowed in values.items():
        if parameter not in given and "" not in allowed:
            return Wrong(MISSING, f"{parameter} was left out")
    return None


def _described(functions: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """The function of that name; the only one is it whatever its name."""
    if len(functions) == 1:
        return functions[0]
    found = next((each for each in functions if each["name"] == name), None)
    if found is None:
        raise ValueError(f"the gold calls {name}, which is no function of the row")
    return found


def _wrong_value(
    parameter: str, value: Any, schema: Mapping[str, Any], allowed: Sequence[Any], language: str
) -> Wrong | None:
    kind, types = schema["type"], _TYPES[language]
    inner = schema["items"]["type"] if kind in _NESTED else ""
    if language != "python":
        if not isinstance(value, str):
            return Wrong(TYPE, f"{parameter} is to be {language.title()} source in a string, not {short(value)}")
        value = _SOURCES[language](value, kind, inner)
    elif kind == "tuple" and isinstance(value, tuple):
        value = list(value)
    elif kind == "float" and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return Wrong(TYPE, f"{parameter} is beyond every float")
    wanted, element = types[kind], types[inner] if inner else None
    if not _is_of(value, allowed, wanted, element):
        elements = f" of {inner}" if inner else ""
        return Wrong(TYPE, f"{parameter} is to be {kind}{elements}, not {short(value)}")
    if not _is_among(value, allowed, wanted, element):
        return Wrong(VALUE, f"{parameter} is {short(value)}, not {' or '.join(map(short, allowed))}")
    return None


def _type_of(allowed: Sequence[Any]) -> type | None:
    """The type of the values; None where the parameter may only be left out."""
    return next((type(each) for each in allowed if each != ""), None)


def _is_of(value: Any, allowed: Sequence[Any], wanted: type[Any], element: type[Any] | None) -> bool:
    """Whether a value is of the type that is wanted, or of the gold's own, which may be a variable's name."""
    if type(value) is not wanted:
        return type(value) is _type_of(allowed)
    if element is None:
        return True
    return any(
        not isinstance(each, list) or all(_is_of(item, each, element, None) for item in value) for each in allowed
    )


def _is_among(value: Any, allowed: Sequence[Any], wanted: type[Any], element: type[Any] | None) -> bool:
    """Whether a value is one that is allowed; a variable's name is compared as it is."""
    is_variable = type(value) is not wanted or _type_of(allowed) not in (None, wanted)
    if is_variable or wanted not in (dict, list, str):
        return value in allowed
    if wanted is dict:
        return any(_same_members(value, each) for each in allowed if each != "")
    if wanted is str:
        return _plain(value) in [_plain(each) for each in allowed if isinstance(each, str)]
    if element is dict:
        return any(len(value) == len(each) and all(map(_same_members, value, each)) for each in allowed)
    # An empty list is one that is left out.
    return list(map(_plain, value)) in [list(map(_plain, each)) for each in allowed]


def _plain(value: Any) -> Any:
    """A text without case, spaces and ``,./-_*^``, with one kind of quotes; any other value as it is."""
    return _IGNORED.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value


def _same_members(value: Any, gold: Mapping[str, Sequence[Any]]) -> bool:
    """Whether each member has a value of its list, and those that lack may be left out."""
    if not isinstance(value, dict):
        return False
    has_members = all(
        key in gold and _plain(member) in [_plain(each) for each in gold[key]] for key, member in value.items()
    )
    return has_members and all(key in value or "" in each for key, each in gold.items())
