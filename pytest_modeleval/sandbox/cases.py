"""Tests that are a class of `unittest`, run in the program's own module as BigCodeBench's harness runs them.

A program has not passed where `unittest` or Python's own names are no longer what they were, where a test of the class
is another one than before, or where what its function gave says itself what it equals.
"""

import builtins
import contextlib
import functools
import linecache
import os
import sys
import types
import unittest
import unittest.mock
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import wraps
from typing import Any

from pytest_modeleval.sandbox.driver import names_given, names_in

# What is defined from here on has Python's own names, whatever a program makes of them.
globals()["__builtins__"] = dict(vars(builtins))

# As the official harness (`bigcodebench.eval.unsafe_execute`) calls the module: not "__main__".
_NAME = "__test__"
_FILE = f"{_NAME}.py"
_COMPARE = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__")
# What unittest itself writes to a class of tests.
_WRITTEN = {"_classSetupFailed", "_class_cleanups", "tearDown_exceptions"}
_OF_TESTS = {*dir(unittest.TestCase)} - _WRITTEN
_OF_MODULES = {*vars(types.ModuleType(_NAME))}
_CONTAINERS: Sequence[Any] = (list, tuple, set, frozenset)
_SLOT = type(object.__eq__)
# This keeps what it makes at its first call, which is no program's.
unittest.mock.mock_open()


def as_cases(asked: dict[str, Any], results: int) -> int:
    """The program, then the class's tests among its names; the secret where there were some, and all passed."""
    write, secret = os.write, asked.pop("secret").encode()
    sealed = [Sealed(owner, {*vars(owner)} - _WRITTEN) for owner in _owners()]
    values: list[object] = []
    own = names_given(asked["given"], asked["function"])
    scope = _module(asked["code"])
    exec(compile(asked["code"], _FILE, "exec"), scope)
    if callable(function := scope.get(asked["function"])):
        scope[asked["function"]] = _kept(function, values)
    _refuse_broken(sealed)
    tests = compile(asked.pop("tests"), "tests.py", "exec")
    named = sorted(names_in(tests) & scope.keys() & vars(builtins).keys() - _OF_MODULES)
    if named:
        raise AssertionError(f"the program has a {named[0]} of its own, which is Python's in its tests")
    for name in names_in(tests) & scope.keys() & own.keys():
        if _is_other(own[name], scope[name]):
            scope[name] = own[name]
    exec(tests, scope)
    cases = scope[asked["cases"]]
    # What tests set on their class is theirs; what they are, and what `unittest` calls, is not to change.
    sealed.append(Sealed(cases, {name for name, value in vars(cases).items() if _inner(value)} | _OF_TESTS))
    names = unittest.TestLoader().getTestCaseNames(cases)
    left_out = sum(getattr(getattr(cases, name), "__unittest_skip__", False) for name in names)
    result = unittest.TestResult()
    unittest.TestSuite(map(cases, names)).run(result)
    _refuse_broken(sealed)
    for value in values:
        if any(map(_compares_itself, _within(value))):
            raise AssertionError(f"{asked['function']} gave an object of the program's own that says what it equals")
    _refuse_failed(result, len(names), left_out)
    write(results, secret)
    return 0


def _module(code: str) -> dict[str, Any]:
    module = types.ModuleType(_NAME)
    sys.modules[_NAME] = module
    # Names that the official harness gives it.
    module.__dict__.update(__builtins__=builtins, __file__=_FILE, __package__=None, sys=sys, os=os, environ=os.environ)
    linecache.cache[_FILE] = (len(code), None, code.splitlines(True), _FILE)
    return module.__dict__


class Sealed:
    """What is found by some names in a module or class, as it is now."""

    def __init__(self, owner: Any, names: Set[str]) -> None:
        self.owner, self.names = owner, names
        self.was = self._facts()

    @property
    def is_broken(self) -> bool:
        """Whether it is another one now."""
        now = self._facts()
        return now.keys() != self.was.keys() or any(
            len(fact) != len(self.was[name]) or any(map(_is_not, fact, self.was[name])) for name, fact in now.items()
        )

    def _facts(self) -> dict[str, tuple[object, ...]]:
        return {name: (value, *_inner(value)) for name, value in vars(self.owner).items() if name in self.names}


def _is_not(one: object, other: object) -> bool:
    return one is not other


def _inner(value: object) -> tuple[object, ...]:
    """What can be changed of a function."""
    function = getattr(value, "__func__", value)
    if not isinstance(function, types.FunctionType):
        return ()
    wrapped = getattr(function, "__wrapped__", None)
    return (
        function.__code__,
        function.__defaults__,
        function.__kwdefaults__,
        wrapped,
        getattr(wrapped, "__code__", None),
    )


def _owners() -> Iterator[Any]:
    """All that decides what a test of `unittest` comes to."""
    names = [name for name in sys.modules if name.partition(".")[0] == "unittest"]
    for module in (builtins, contextlib, functools, types, *(sys.modules[name] for name in names)):
        yield module
        yield from (value for value in vars(module).values() if isinstance(value, type) and value.__flags__ & 1 << 9)


def _refuse_broken(sealed: Iterable[Sealed]) -> None:
    for each in sealed:
        if each.is_broken:
            raise AssertionError(f"the program changed {each.owner.__name__}, which the tests go by")


def _is_other(given: object, value: object) -> bool:
    """Whether a program's value is to be the benchmark's: what is called, a module, what is no constant any more."""
    return callable(given) or isinstance(given, types.ModuleType) or type(given) is not type(value)


def _kept(function: Callable[..., Any], values: list[object]) -> Callable[..., Any]:
    """The function, whose values are kept."""
    keep = values.append

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        value = function(*arguments, **named)
        keep(value)
        return value

    return called


def _within(value: object) -> Iterator[object]:
    """The value, and all that is in it where it is a container of Python's own."""
    seen: set[int] = set()
    left = [value]
    while left:
        each = left.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, dict):
            left += [*dict.keys(each), *dict.values(each)]
        for base in _CONTAINERS:
            if isinstance(each, base):
                left += base.__iter__(each)


def _compares_itself(value: object) -> bool:
    """Whether a comparison of the value is neither Python's nor a library's."""
    kinds = type.__dict__["__mro__"].__get__(type(value))
    # Mocks are the tests'.
    if unittest.mock.NonCallableMock in kinds:
        return False
    return any(name in vars(kind) and not _is_librarys(vars(kind)[name], name) for kind in kinds for name in _COMPARE)


def _is_librarys(method: Any, name: str) -> bool:
    if method is None:
        return True
    if isinstance(method, types.FunctionType):
        names = method.__globals__
        module = sys.modules.get(names.get("__name__", ""))
        return module is not None and module.__dict__ is names and names["__name__"] != _NAME
    if isinstance(method, _SLOT | types.MethodDescriptorType):
        return method.__name__ == name
    # Of Cython; another callable would be the program's.
    kind = type(method)
    return kind.__name__ == "cython_function_or_method" and isinstance(vars(kind).get("__call__"), _SLOT)


def _refuse_failed(result: unittest.TestResult, number: int, left_out: int) -> None:
    """`AssertionError` unless all tests ran but those that are ``left_out``, and passed."""
    failed = [*result.errors, *result.failures]
    if failed:
        test, trace = failed[0]
        raise AssertionError(f"{len(failed)} of {number} tests failed: {test.id()}\n{trace}")
    skipped = len(result.skipped) + len(result.expectedFailures) + len(result.unexpectedSuccesses)
    if not number or skipped != left_out or result.testsRun != number:
        raise AssertionError(f"{result.testsRun - skipped} of {number} tests ran to their end")
