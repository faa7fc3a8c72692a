"""Where rows come from: hubs and their local copies, files, generators."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from pytest_modeleval.sample import SampleError


class MissingField(SampleError):
    """A row lacks a ``field``; its own are ``fields``."""

    def __init__(self, where: str, field: str, fields: Iterable[str]) -> None:
        self.field, self.fields = field, tuple(fields)
        super().__init__(f"{where} has no field {field!r}; its fields are: {', '.join(self.fields) or 'none'}")


class Row(dict[str, Any]):
    """One record of a dataset; a field that is missing is an error that names the row and its fields."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        super().__init__(fields)
        self.where = where

    def having(self, *fields: str) -> "Row":
        """The row itself; `MissingField` for the first that it lacks, so that what nobody can judge is not asked."""
        for field in fields:
            self[field]
        return self

    def __missing__(self, field: str) -> NoReturn:
        raise MissingField(self.where, field, self)


class Rows(Protocol):
    """An opened dataset."""

    def count(self, subset: str) -> int:
        """How many rows a subset has; known without reading them where a lock tells."""

    def row(self, subset: str, index: int) -> Row:
        """One row, or a `SampleError` that says why it cannot be read."""

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """The subset's rows of the split it was opened with, each read when it is taken, for few-shot prompts."""


@dataclass(frozen=True)
class Place:
    """Where a benchmark's data may come from.

    ``folder`` is its local copy (None: no ``--eval-data``), ``lock`` the lock's file, with prepared files beside it.
    ``hub`` is asked for what is not there, unless ``offline`` or when the user did not choose this benchmark.
    """

    benchmark: str
    folder: Path | None
    lock: Path
    hub: str = "modelscope"
    offline: bool = False
    chosen: bool = True


class Dataset(Protocol):
    """A declaration of rows, opened only when a benchmark is selected."""

    @property
    def subsets(self) -> Mapping[str, str]:
        """Every subset's name with the group it is reported under ("" for none)."""

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> Rows:
        """The rows of these subsets, also in the split ``examples``, ready to be read.

        `pytest.UsageError` when they are not there or not what was locked.
        """
