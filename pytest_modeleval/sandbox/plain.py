"""What a program's functions give to tests that are code: values whose ``==`` is Python's own, not the program's."""

import builtins
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

# What is defined from here on has Python's own names, whatever a program makes of them.
globals()["__builtins__"] = dict(vars(builtins))

# Of <object.h>: a class that Python code made, which may compare as it likes; one of C's that nobody can change.
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
# Asked of `type`, not of a class whose own class says something else.
_flags, _name, _mro = (type.__dict__[name].__get__ for name in ("__flags__", "__name__", "__mro__"))
_FRACTION = Fraction.__eq__
_EXACT = (type(None), bool, int, float, complex, str, bytes)
# They compare as what they stand for does.
_STANDING_FOR = (weakref.ProxyType, weakref.CallableProxyType, MappingProxyType)
# What a class of the program's may have and still not decide what its objects come to in a comparison.
_TAME = frozenset(
    """
    __init__ __repr__ __str__ __len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__ __call__
    __module__ __qualname__ __doc__ __dict__ __weakref__ __slots__ __annotations__ __annotate_func__ __firstlineno__
    __annotations_cache__ __static_attributes__ __enter__ __exit__
    """.split()  # noqa: SIM905 - as it is read
)
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
    if _is_any(kind, _EXACT):
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
    if _is_of_c(kind) and not _is_any(kind, _STANDING_FOR):
        return _items(value) if "__next__" in vars(kind) else value
    if kind is Fraction and Fraction.__eq__ is _FRACTION:
        parts = (value._numerator, value._denominator)
        return value if all(type(part) is int for part in parts) else _Unequal("Fraction")
    return _Unequal(_name(kind))


def _items(values: Iterator[Any]) -> Iterator[Any]:
    yield from map(plain, values)


def _is_of_c(kind: type) -> bool:
    """Whether no program made the class, or changed it."""
    flags = _flags(kind)
    return not flags & _HEAP_TYPE or bool(flags & _IMMUTABLE_TYPE)


def _is(one: object, other: object) -> bool:
    return one is other


def _is_any(one: object, others: Sequence[object]) -> bool:
    return any(one is other for other in others)


def _is_tame(kind: type) -> bool:
    """Whether objects of a class of the program's are equal to themselves alone, and less than nothing."""
    if type(kind) is not type:
        return False
    names = [name for each in _mro(kind)[:-1] for name in (vars(each) if _flags(each) & _HEAP_TYPE else ["__eq__"])]
    return all(name in _TAME or not (name.startswith("__") and name.endswith("__")) for name in names)


def giving_plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, or whatever else is called, whose values are `plain`; a class may give its objects as they are.

    Not `functools.wraps`, which a program may change.
    """
    is_class = issubclass(type(function), type)

    def given(*arguments: Any, **named: Any) -> Any:
        value = function(*arguments, **named)
        return value if is_class and type(value) is function and _is_tame(type(value)) else plain(value)

    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        if issubclass(type(found := getattr(function, name, None)), str):
            setattr(given, name, str.__str__(found))
    given.__dict__.update(getattr(function, "__dict__", {}), __wrapped__=function)
    return given
