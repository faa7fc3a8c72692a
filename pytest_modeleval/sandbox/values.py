"""Python's plain values as JSON, which a program in the sandbox writes and this process reads.

What is told apart in Python is told apart here: ``(1, 2.0)`` comes back as it was. Only values of exactly these types
are written, so that no ``==`` of a program's own decides anything.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

# What `read` raises for what was not `written`, and what whoever reads it out of JSON meets besides.
UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, RecursionError)
# Beyond these digits the decimal form takes time that grows with their square.
_LONG = 10**4000


class Foreign:
    """What a program gave that is no plain value: it equals nothing."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


_SEQUENCES: Mapping[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}
# Of so many values of a set, half are to have hashes of their own: a program may choose them to be all the same.
_MANY = 1000


def _spread(values: list[Any]) -> list[Any]:
    """The values, of which a set takes no time that grows with their square; ValueError where it would."""
    if len(values) > _MANY and 2 * len(set(map(hash, values))) < len(values):
        raise ValueError("values that were chosen to have the same hash")
    return values


_READ: Mapping[str, Callable[[Any], Any]] = {
    "tuple": lambda of: tuple(map(read, of)),
    "set": lambda of: set(_spread([read(each) for each in of])),
    "frozenset": lambda of: frozenset(_spread([read(each) for each in of])),
    "dict": lambda of: dict(zip(_spread([read(key) for key, _ in of]), (read(each) for _, each in of), strict=True)),
    "int": lambda of: int(of, 16),
    "float": float,
    "complex": lambda of: complex(*map(read, of)),
    "bytes": bytes.fromhex,
    "foreign": Foreign,
}


_EXACT = (type(None), bool, int, float, complex, str, bytes)


def refuse_foreign(values: Any, what: str) -> None:
    """ValueError, in one line, where something in the values would not come back as it is."""
    try:
        if kind := _foreign(values):
            raise ValueError(
                f"{what} are Python's plain values, of exactly these types: None, bool, int, float, complex, str, "
                f"bytes, list, tuple, set, frozenset and dict; make one of what is a {kind}"
            )
        written(values)
    except RecursionError:
        raise ValueError(f"{what} are nested too deep to be handed over, or one holds itself") from None


def _foreign(value: Any) -> str:
    """The class of the first thing in a value that is not plain; empty where all is."""
    kind = type(value)
    if kind is dict:
        return _foreign([*value, *value.values()])
    if kind is list or kind in _SEQUENCES:
        return next(filter(None, map(_foreign, value)), "")
    return "" if kind in _EXACT else f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def written(value: Any) -> Any:
    """What `json.dumps` takes; RecursionError where it is nested too deep."""
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        return value if -_LONG < value < _LONG else {"int": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is list:
        return [written(each) for each in value]
    if kind is dict:
        return {"dict": [[written(key), written(each)] for key, each in value.items()]}
    if kind in _SEQUENCES:
        return {_SEQUENCES[kind]: [written(each) for each in value]}
    if kind is complex:
        return {"complex": [written(value.real), written(value.imag)]}
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == ():
        return written(value.item())
    return {"foreign": value.type_name if kind is Foreign else str(kind.__name__)[:80]}


def read(value: Any) -> Any:
    """The value that was `written`; ValueError or TypeError for what was not."""
    if isinstance(value, list):
        return [read(each) for each in value]
    if isinstance(value, dict):
        if len(value) != 1:
            raise ValueError("a value has one kind")
        ((kind, of),) = value.items()
        return _READ[kind](of) if kind in _READ else Foreign(str(kind))
    return value
