"""What a program's functions give to tests that are code: values whose ``==`` is Python's own, not the program's."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import wraps
from typing import Any

# Of <object.h>: a class that Python code made, which may compare as it likes.
_HEAP_TYPE = 1 << 9
_FRACTION = Fraction.__eq__
# What makes a value of exactly this class of one that inherits from it, asking nothing of the latter's own methods.
_OF_BASE: Mapping[type, Callable[[Any], Any]] = {
    int: lambda value: int.__add__(value, 0),
    float: lambda value: float.__add__(value, 0.0),
    complex: lambda value: complex.__add__(value, 0),
    str: str.__str__,
    bytes: lambda value: bytes.__add__(b"", value),
}


class _Unequal:
    """What stands for an object of a class of the program's own: it equals nothing."""

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<an object of {self._name}>"


_SEQUENCES: Sequence[Any] = (list, tuple, set, frozenset)


def plain(value: Any) -> Any:
    """The value, with every object in it whose class is the program's replaced by what it inherits, or by nothing."""
    kind = type(value)
    if kind in (type(None), bool, int, float, complex, str, bytes):
        return value
    for base, made in _OF_BASE.items():
        if isinstance(value, base):
            return made(value)
    for base in _SEQUENCES:
        if isinstance(value, base):
            items = [plain(each) for each in base.__iter__(value)]
            return value if kind is base and all(map(_is, items, base.__iter__(value))) else base(items)
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in dict.items(value)}
    if not kind.__flags__ & _HEAP_TYPE:
        return value
    if kind is Fraction and Fraction.__eq__ is _FRACTION:
        return value
    return _Unequal(kind.__name__)


def _is(one: object, other: object) -> bool:
    return one is other


def giving_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose values are `plain`."""

    @wraps(function)
    def given(*arguments: Any, **named: Any) -> Any:
        return plain(function(*arguments, **named))

    return given
