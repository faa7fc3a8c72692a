"""What stands in a row's columns, by the names that users give them."""

from collections.abc import Collection, Sequence
from math import isnan
from typing import Any

from pytest_modeleval.datasets import Row
from pytest_modeleval.sample import SampleError

ASKED = ("question", "query")
ANSWERED = ("answer", "response")
# What the formats add to a row; not a user's.
SEVERAL = "several_right"


def is_blank(value: Any) -> bool:
    """Whether a column says nothing: it is missing, null, NaN, an empty list, or only space."""
    if isinstance(value, float):
        return isnan(value)
    return value is None or value in ([], ()) or (isinstance(value, str) and not value.strip())


def filled(row: Row, names: Sequence[str]) -> list[str]:
    """Those of the columns that say something in this row."""
    return [name for name in names if not is_blank(row.get(name))]


def the_one(row: Row, names: Sequence[str]) -> str:
    """The name of the one column among these that is filled; `SampleError` for none or two."""
    there = filled(row, names)
    if len(there) > 1:
        raise SampleError(f"columns {' and '.join(map(repr, there))} are both filled; keep one")
    if not there:
        named = [name for name in names if name in row] or names[:1]
        state = "empty" if named[0] in row else "missing"
        raise SampleError(f"column {named[0]!r} is {state}")
    return there[0]


def text_of(value: Any, name: str) -> str:
    """A cell as text; numbers as they are written."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise SampleError(f"column {name!r} holds {value!r}; write it as text")


def system_of(row: Row) -> str | None:
    """The row's own system prompt."""
    return text_of(row["system"], "system") if filled(row, ["system"]) else None


def lists(values: Any) -> bool:
    """Whether a cell holds a list."""
    return isinstance(values, Collection) and not isinstance(values, str | dict)
