"""The three things that `--eval-collection` may name: a schema, an index, a published collection."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from pytest_modeleval.collection.drawn import Drawn, Opened
from pytest_modeleval.collection.from_index import FromIndex
from pytest_modeleval.collection.from_schema import FromSchema
from pytest_modeleval.collection.index import read_entries
from pytest_modeleval.collection.published import read_published
from pytest_modeleval.collection.schema import read_schema
from pytest_modeleval.datasets.files import RowFiles
from pytest_modeleval.datasets.prepare import open_file
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.sample import SampleError


class Collection(Protocol):
    """What a collection's file holds, before anything is drawn; ``files`` is where a benchmark is no shipped one."""

    @property
    def name(self) -> str: ...
    @property
    def files(self) -> Mapping[str, Path | None]: ...
    @property
    def tables(self) -> Mapping[str, Table]: ...
    def draw(self, opened: Opened, options: Options) -> Drawn: ...


def read_collection(path: Path, options: Options, shipped: frozenset[str]) -> Collection:
    """The collection in a file; `pytest.UsageError` for one that cannot be read or drawn from."""
    if path.suffix in (".toml", ".json"):
        schema = read_schema(path)
        _refuse_unknown(((leaf.where, leaf.benchmark) for leaf in schema.leaves if leaf.file is None), shipped)
        return FromSchema(schema)
    if path.suffix != ".jsonl":
        raise pytest.UsageError(f"--eval-collection takes a .toml or .json schema or a .jsonl index, not {path.name!r}")
    if not path.is_file():
        raise pytest.UsageError(f"--eval-collection: there is no file {str(path)!r}")
    if options.sampler:
        raise pytest.UsageError(f"sampler of [run] draws from a schema; {path.name} is drawn already")
    try:
        return _from_lines(path, open_file(path), options, shipped)
    except SampleError as error:
        raise pytest.UsageError(str(error)) from None


def _from_lines(path: Path, lines: RowFiles, options: Options, shipped: frozenset[str]) -> Collection:
    if not len(lines):
        raise pytest.UsageError(f"{path} is empty")
    if "prompt" in lines[0]:
        return read_published(path, lines, options, shipped)
    entries = list(read_entries(path, (lines[number] for number in range(len(lines)))))
    _refuse_unknown(((entry.where, entry.benchmark) for entry in entries if entry.file is None), shipped)
    return FromIndex(path.stem, entries)


def _refuse_unknown(named: Iterable[tuple[str, str]], shipped: frozenset[str]) -> None:
    for where, name in named:
        if name not in shipped:
            raise unknown(f"benchmark in {where}:", name, shipped, "One of your own needs file = …")
