"""Calls that a text writes as Python does, ``[f(a=1), g(b="x")]``, read without running anything.

BFCL's prompt mode: ``default_decode_ast_prompting`` of bfcl-eval 2026.3.23 (``model_handler/utils.py``).
"""

import ast
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pytest_modeleval.calls import ToolCall

# A name, and what it is called with.
Call = tuple[str, dict[str, Any]]

# What Python's parser takes some tenths of a second for; a longer text calls nothing.
LONGEST = 100_000
# Brackets within brackets. Python's own limit is 200.
DEEPEST = 100
_UNREADABLE = (SyntaxError, ValueError, TypeError, ArithmeticError, MemoryError, RecursionError)
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
# Beyond this an integer is no argument of anybody's, and a sum of two of them takes time.
_LARGEST = 10**100


def read_calls(text: str) -> list[Call]:
    """The calls that a text consists of; ValueError where it is anything else.

    Without its brackets it is read too, and within backticks. Arguments are literals and sums of numbers; a name is its
    text, and so is a call without named arguments, ``date(2024, 1, 1)``; one with them is ``{name: arguments}``.
    Arguments without a name are dropped, as there.
    """
    text = text.strip("`\n ")
    text = f"{'' if text.startswith('[') else '['}{text}{'' if text.endswith(']') else ']'}"
    try:
        body = _parsed(text)
        if not isinstance(body, ast.List):
            raise ValueError("no list")
        return [_call(each) for each in body.elts]
    except _UNREADABLE as error:
        raise ValueError(f"no calls: {type(error).__name__}") from None


def read_tool_calls(calls: Iterable[ToolCall]) -> list[Call]:
    """The calls that an API gave; ValueError where the arguments of one are no JSON object (`ToolCall.values`).

    Such an answer calls nothing, as there: it is wrong where a call is wanted, and right where none is.
    """
    read = []
    for call in calls:
        try:
            read.append((call.name, call.values))
        except ValueError:
            raise ValueError(f"no calls: the arguments of {call.name} are no JSON object") from None
    return read


def read_gold(text: str) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    """The one call that a row writes, ``mv('a', destination='b')``: its name, and arguments without and with names.

    ValueError where it is none.
    """
    try:
        body = _parsed(text)
        name, named = _call(body)
        return name, [_value(each) for each in body.args], named  # type: ignore[attr-defined]
    except _UNREADABLE:
        raise ValueError(f"no call: {text[:100]!r}") from None


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST or _depth(text) > DEEPEST:
        raise ValueError("too long, or too deep")
    with warnings.catch_warnings():
        # Of "\d", which is no escape.
        warnings.simplefilter("ignore")
        return ast.parse(text.strip(), mode="eval").body


def _depth(text: str) -> int:
    depth = deepest = 0
    for char in text:
        if char in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in ")]}":
            depth -= 1
    return deepest


def _call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call):
        raise ValueError("no call")
    parts, function = [], node.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if isinstance(function, ast.Name):
        parts.append(function.id)
    # ``**values`` has no name, and no function has a parameter without one.
    return ".".join(reversed(parts)), {each.arg or "": _value(each.value) for each in node.keywords}


def _value(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant():
            return "..." if node.value is Ellipsis else node.value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() | complex() as number)):
            return -number if isinstance(node.op, ast.USub) else number
        case ast.List():
            return [_value(each) for each in node.elts]
        case ast.Tuple():
            return tuple(_value(each) for each in node.elts)
        case ast.Dict():
            return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
        case ast.BinOp():
            return _computed(node)
        case ast.Name():
            return node.id
        case ast.Call(keywords=[]):
            return ast.unparse(node)
        case ast.Call():
            name, arguments = _call(node)
            return {name: arguments}
        case ast.Subscript():
            return f"{ast.unparse(node.value)}[{ast.unparse(node.slice)}]"
    raise ValueError("no value")


def _computed(node: ast.BinOp) -> Any:
    """A sum of numbers or of texts, a power of small numbers; ValueError for anything else."""
    left, right = _operand(node.left), _operand(node.right)
    if isinstance(left, str) and isinstance(right, str) and isinstance(node.op, ast.Add):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        raise ValueError("no sum")
    if isinstance(node.op, ast.Pow):
        if abs(left) > 10**6 or abs(right) > 100:
            raise ValueError("too large")
        return left**right
    if type(node.op) not in _OPERATORS or abs(left) > _LARGEST or abs(right) > _LARGEST:
        raise ValueError("no sum of numbers, or too large")
    return _OPERATORS[type(node.op)](left, right)


def _operand(node: ast.expr) -> Any:
    value = _value(node)
    # A name is a text to `_value`, and no part of a sum.
    if isinstance(node, ast.Constant | ast.UnaryOp | ast.BinOp) and isinstance(value, int | float | complex | str):
        return value
    raise ValueError("no number")
