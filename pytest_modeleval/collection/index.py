"""A collection's index: one line of JSON for each drawn row, written to be drawn no more."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.datasets import Row
from pytest_modeleval.options.config import Table
from pytest_modeleval.record import Labels

# The key of a first line that says how benchmarks are asked, where the schema did.
HOW = "benchmarks"
_LINE: dict[str, tuple[type, ...]] = {
    "benchmark": (str,),
    "subset": (str,),
    "row": (int,),
    "sha256": (str,),
    "task_type": (str,),
    "tags": (list,),
    "categories": (list,),
    "weight": (int, float),
    "file": (str,),
}


@dataclass(frozen=True)
class Entry:
    """A line of an index: a row of a benchmark, the hash of what it held when it was drawn, and its labels."""

    where: str
    benchmark: str
    subset: str
    row: int
    sha256: str
    labels: Labels
    file: Path | None

    def to_line(self, folder: Path) -> str:
        """The entry as JSON, its file as seen from the index's folder."""
        fields = {
            "benchmark": self.benchmark,
            "subset": self.subset,
            "row": self.row,
            "sha256": self.sha256,
            **self.labels._asdict(),
        }
        if self.file is not None:
            fields["file"] = os.path.relpath(self.file, folder)
        return json.dumps(fields, ensure_ascii=False)


def content_hash(row: Row) -> str:
    """The sha256 of a row's fields, whatever their order."""
    content = json.dumps(row, sort_keys=True, default=repr)
    return hashlib.sha256(content.encode()).hexdigest()


def read_entries(path: Path, lines: Iterator[Row]) -> Iterator[Entry]:
    """The entries of an index; `pytest.UsageError` for a line that is none."""
    for line in lines:
        fields = _fields(line)
        file = fields.get("file")
        labels = Labels(fields["task_type"], tuple(fields["tags"]), tuple(fields["categories"]), fields["weight"])
        yield Entry(
            line.where,
            fields["benchmark"],
            fields["subset"],
            fields["row"],
            fields["sha256"],
            labels,
            path.parent / file if file else None,
        )


def _fields(line: Row) -> Mapping[str, Any]:
    """A line's fields, each of them there and of its type."""
    fields = Table(line.where, line).checked(_LINE)
    if missing := [key for key in _LINE if key not in fields and key != "file"]:
        raise pytest.UsageError(f"{line.where} has no {missing[0]!r}: it is no line of a collection's index")
    return fields
