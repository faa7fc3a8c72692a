"""The lock: where each split's files came from, what they held when they were first seen, and how many rows."""

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.inputs import from_json, open_input, read_text

# What the lock has of a source, and `renamed` where the hub calls configs or splits otherwise.
_SOURCE = {"hub", "id", "asked", "revision", "files"}


@dataclass(frozen=True)
class Entry:
    """What the lock has of one split.

    ``rows`` are the numbers of rows ("all", or by value of a column), ``stamp`` is path, size and time of each file,
    ``source`` the hub, id, asked and resolved revision, and the files' names there (None for a local copy).
    """

    rows: Mapping[str, int]
    sha256: str
    stamp: Sequence[Sequence[Any]]
    source: Mapping[str, Any] | None = None


class Lock:
    """The lock's file, by benchmark and split."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries = self._read()

    def entry(self, benchmark: str, split: str) -> Entry | None:
        """What is locked of a split."""
        return self.entries(benchmark).get(split)

    def entries(self, benchmark: str) -> dict[str, Entry]:
        """What is locked of a benchmark, by split."""
        return {split: Entry(**entry) for split, entry in self._entries.get(benchmark, {}).items()}

    def sources(self, benchmark: str) -> list[Mapping[str, Any]]:
        """Where the benchmark's locked splits came from."""
        return [entry.source for entry in self.entries(benchmark).values() if entry.source]

    def refuse_change(self, benchmark: str, split: str, path: Path, digest: str) -> None:
        """Raise `pytest.UsageError` when a split's content is not what was locked."""
        entry = self.entry(benchmark, split)
        if entry is not None and entry.sha256 != digest:
            raise pytest.UsageError(
                f"{benchmark}: the data of {split} changed: {self.path} has sha256 {entry.sha256[:16]}…, "
                f"{path} has {digest[:16]}…. Restore the file, or remove {benchmark!r} from the lock to accept it"
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """For one process at a time, which sees what the last one wrote; a holder that dies lets go."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._entries = self._read()
            yield

    def write(self, benchmark: str, entries: Mapping[str, Entry]) -> None:
        """Keep these entries; only while it is held."""
        self._entries.setdefault(benchmark, {}).update({split: asdict(entry) for split, entry in entries.items()})
        write_whole(self.path, json.dumps(self._entries, indent=1, sort_keys=True))

    def _read(self) -> dict[str, Any]:
        try:
            entries = from_json(read_text(self.path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"{self.path} is not JSON ({error}); remove it to make it anew") from None
        if not isinstance(entries, dict):
            raise pytest.UsageError(f"{self.path} is not a JSON object; remove it to make it anew")
        for benchmark, splits in entries.items():
            for split, entry in splits.items() if isinstance(splits, dict) else [("?", splits)]:
                if not _is_entry(entry):
                    raise pytest.UsageError(
                        f"{self.path} does not say what it should of {benchmark} {split}: remove it to make it anew"
                    )
        return entries


def _is_entry(entry: Any) -> bool:
    """Whether a value is an `Entry` as it is written."""
    if not isinstance(entry, dict) or entry.keys() != {field.name for field in fields(Entry)}:
        return False
    rows, stamp, source = entry["rows"], entry["stamp"], entry["source"]
    return (
        isinstance(rows, dict)
        and all(type(size) is int and size >= 0 for size in rows.values())
        and isinstance(entry["sha256"], str)
        and isinstance(stamp, list)
        and all(isinstance(one, list) and [*map(type, one)] == [str, int, int] for one in stamp)
        and (source is None or (isinstance(source, dict) and source.keys() - {"renamed"} == _SOURCE))
    )


def stamp_of(paths: Sequence[Path]) -> list[list[Any]]:
    """What changes when a file does, without reading it; empty when one is gone."""
    try:
        stats = [path.stat() for path in paths]
    except FileNotFoundError:
        return []
    return [[str(path), stat.st_size, stat.st_mtime_ns] for path, stat in zip(paths, stats, strict=True)]


def sha256_of(paths: Sequence[Path]) -> str:
    """The hash of the files' content, one after another."""
    digest = hashlib.sha256()
    for path in paths:
        with open_input(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
