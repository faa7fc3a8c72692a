"""What a collection's run asks: rows of benchmarks, each under its labels."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.collection.index import HOW, Entry, content_hash
from pytest_modeleval.collection.lines import Lines, sample_of
from pytest_modeleval.datasets import Rows
from pytest_modeleval.datasets.files import RowFiles
from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.items.draw import choose
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import Labels

T = TypeVar("T")

# Benchmark → subset → row → labels.
Asked = Mapping[str, Mapping[str, Mapping[int, Labels]]]


class Opened(Protocol):
    """The benchmarks that a collection names, and their data where it is asked for."""

    def declared(self, benchmark: str) -> Benchmark:
        """What `@benchmark` said."""

    def rows(self, benchmark: str, subsets: Sequence[str]) -> Rows:
        """The rows of these subsets of a benchmark."""

    def numbers(self, benchmark: str, subsets: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """Which rows of these subsets the benchmark's own settings leave, by their numbers."""


@dataclass(frozen=True)
class Drawn:
    """The rows a run asks out of ``available``; where ``lines`` hold the samples, rows are their numbers.

    ``not_run`` counts the lines of benchmarks that are not here.
    """

    name: str
    rows: Asked
    available: int
    lines: RowFiles | None = None
    not_run: Mapping[str, int] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        """How many rows are asked."""
        return sum(len(rows) for subsets in self.rows.values() for rows in subsets.values())

    def asked_of(self, declared: Benchmark) -> Benchmark:
        """The benchmark as it is run: itself, or over the lines that hold its samples."""
        if self.lines is None:
            return declared
        groups = declared.dataset.subsets
        dataset = Lines(self.lines, {subset: groups.get(subset, "") for subset in self.rows[declared.name]})
        return replace(
            declared, dataset=dataset, to_sample=partial(sample_of, to_sample=declared.to_sample), shots=None
        )

    def entries(
        self, opened: Callable[[str, Sequence[str]], Rows], files: Mapping[str, Path | None]
    ) -> Iterator[Entry]:
        """The lines of an index of these rows, read for their hashes."""
        for name, subsets in self.rows.items():
            data = opened(name, list(subsets))
            for subset, rows in subsets.items():
                for row, labels in rows.items():
                    hashed = content_hash(data.row(subset, row))
                    yield Entry("", name, subset, row, hashed, labels, files.get(name))


def saved(path: Path, entries: Iterator[Entry], tables: Mapping[str, Table]) -> None:
    """Write an index, with how it is asked above it, making its folder; `pytest.UsageError` when that cannot be."""
    how = {name: table.settings for name, table in tables.items()}
    # TOML has days, which JSON has as texts.
    above = [json.dumps({HOW: how}, ensure_ascii=False, default=str)] if how else []
    try:
        write_whole(path, "".join(f"{line}\n" for line in (*above, *(entry.to_line(path.parent) for entry in entries))))
    except OSError as error:
        raise pytest.UsageError(f"cannot write {path}: {error.strerror}") from None


def limited(places: Sequence[tuple[str, str, T]], options: Options, name: str) -> list[T]:
    """What the limits leave of things that belong to a subset of a benchmark, in their order."""
    by_subset: dict[tuple[str, str], list[T]] = {}
    for benchmark, subset, thing in places:
        by_subset.setdefault((benchmark, subset), []).append(thing)
    chosen = choose(
        {key: range(len(things)) for key, things in by_subset.items()},
        limit=options.limit,
        limit_per_subset=options.limit_per_subset,
        seed=options.seed,
        name=name,
    )
    return [by_subset[key][index] for key, indexes in chosen.items() for index in indexes]
