"""What a program's calls are handed: Python's plain values, as they are, or a line before anything runs."""

import enum
import math
from collections import Counter, OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from pytest_modeleval.sandbox.program import Program
from tests.sandbox.conftest import Run


class Level(enum.IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")


class Text(str):
    __slots__ = ()


ITSELF: list[Any] = []
ITSELF.append(ITSELF)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (Level.LOW, "test_calls.Level"),
        (Point(1, 2), "test_calls.Point"),
        (Text("a"), "test_calls.Text"),
        (Counter("a"), "collections.Counter"),
        (OrderedDict(a=1), "collections.OrderedDict"),
        (Decimal(1), "decimal.Decimal"),
        (Fraction(1, 2), "fractions.Fraction"),
        (range(3), "range"),
        (bytearray(b"a"), "bytearray"),
        (len, "builtin_function_or_method"),
        ({1: {"a": [Level.LOW]}}, "test_calls.Level"),
        ({Level.LOW: 1}, "test_calls.Level"),
        ({Level.LOW}, "test_calls.Level"),
    ],
)
def test_what_is_not_plain_is_refused(value: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=rf"^the arguments of a program's calls are [^\n]* a [\w.]*{kind}$"):
        Program("", function="f", calls=[[1], [2, value]])


def test_numpys_numbers_are_refused() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (numpy.int64(1), numpy.float64(1), numpy.array([1]), numpy.bool_(True)):
        with pytest.raises(ValueError, match=r"make one of what is a numpy\.\w+$"):
            Program("", function="f", calls=[[value]])


@pytest.mark.parametrize("value", [ITSELF, {"a": ITSELF}, DEEP], ids=range(3))
def test_what_holds_itself_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^the arguments of a program's calls are nested too deep"):
        Program("", function="f", calls=[[value]])


@pytest.mark.parametrize("call", [1, "ab", {"a": 1}, 10**5000, {1}], ids=range(5))
def test_what_is_no_list_of_arguments_is_refused(call: Any) -> None:
    with pytest.raises(ValueError, match=r"^each of a program's calls is a list of its arguments.* not a \w+$"):
        Program("", function="f", calls=[call])


def test_plain_values_come_as_they_are(run: Run) -> None:
    values: list[Any] = [
        None,
        True,
        10**5000,
        -(10**5000),
        1.5,
        -0.0,
        math.inf,
        1 + 2j,
        b"\x00a",
        "\ud800",
        (1, [2]),
        {1, "a"},
    ]
    values += [frozenset({1}), {(1, 2): {b"k": [None]}, 3: 4}, [[]], {}]

    given = run(Program("def f(x): return x, type(x).__name__", function="f", calls=[[value] for value in values]))

    assert given.values == tuple((value, type(value).__name__) for value in values)
    (nan,) = run(Program("def f(x): return x", function="f", calls=[[math.nan]])).values
    assert math.isnan(nan)
