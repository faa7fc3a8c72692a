"""A collection in a session: its files, its settings and its draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_modeleval.collection.drawn import Drawn, saved
from pytest_modeleval.collection.opened import OpenedBenchmarks
from pytest_modeleval.collection.published import Published
from pytest_modeleval.collection.sources import Collection, read_collection
from pytest_modeleval.datasets import Place
from pytest_modeleval.items.declare import Benchmark
from pytest_modeleval.items.settings import Settings
from pytest_modeleval.items.shipped import shipped_benchmarks, shipped_names
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options


@dataclass(frozen=True)
class CollectionRun:
    """What `--eval-collection` named, with the folder of the shipped benchmarks."""

    collection: Collection
    shipped: Path

    @classmethod
    def of(cls, path: Path, options: Options) -> "CollectionRun":
        """The collection in a file; `pytest.UsageError` for one that cannot be read."""
        return cls(read_collection(path, options, shipped_names()), shipped_benchmarks())

    @property
    def name(self) -> str:
        """What the tables call it."""
        return self.collection.name

    @property
    def has_lines(self) -> bool:
        """Whether it is a published one, whose lines hold their samples."""
        return isinstance(self.collection, Published)

    @property
    def files(self) -> dict[str, Path]:
        """Its benchmarks with their files."""
        return {name: file or self.shipped / f"test_{name}.py" for name, file in self.collection.files.items()}

    def over(self, tables: Mapping[str, Table]) -> dict[str, Table]:
        """The settings of benchmarks, the collection's above the config's."""
        merged = {}
        for name, table in self.collection.tables.items():
            below = tables.get(name, Table("", {}))
            merged[name] = Table(table.where, {**below.settings, **table.settings}, below.folder)
        return {**tables, **merged}

    def draw(
        self,
        session: pytest.Session,
        options: Options,
        place: Callable[[str], Place],
        settings: Callable[[Benchmark], Settings],
        *,
        save_to: Path | None,
    ) -> Drawn:
        """The rows to ask, written to an index where that is asked for."""
        opened = OpenedBenchmarks(session, self.files, place, settings)
        drawn = self.collection.draw(opened, options)
        if save_to is not None:
            saved(save_to, drawn.entries(opened.rows, self.collection.files), self.collection.tables)
        return drawn
