"""Rows out of one file, found by number without holding the file's rows in memory."""

import gzip
import json
import os
import threading
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from pytest_modeleval.datasets import Row
from pytest_modeleval.sample import SampleError


class JsonLines:
    """A jsonl file, gzipped or not; blank lines are no rows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # A gzipped file cannot be read from the middle: its text is kept. A plain one stays on disk.
        self._text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else None
        self._file = os.open(path, os.O_RDONLY) if self._text is None else None
        self._starts, self._ends = array("Q"), array("Q")
        position = 0
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                if line.strip():
                    self._starts.append(position)
                    self._ends.append(position + len(line))
                position += len(line)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Row:
        start, end = self._starts[index], self._ends[index]
        where = f"row {index} of {self.path}"
        if self._file is None:
            assert self._text is not None
            line = self._text[start:end]
        else:
            # pread has no position of its own, so that threads can share the file.
            line = os.pread(self._file, end - start, start)
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise SampleError(f"{where} is not JSON ({error}): {line[:60]!r}") from None
        if not isinstance(fields, Mapping):
            raise SampleError(f"{where} is not a JSON object: {line[:60]!r}")
        return Row(fields, where)


class Parquet:
    """A parquet file; one row group is in memory at a time."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow.parquet
        except ImportError:
            raise SampleError(f"{path} needs pyarrow: pip install 'pytest-modeleval[parquet]'") from None
        self.path = path
        self._file = pyarrow.parquet.ParquetFile(path)
        self._group: tuple[int, list[dict[str, Any]]] = (-1, [])
        # An open ParquetFile read by two threads at once hangs or crashes.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __getitem__(self, index: int) -> Row:
        start = 0
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            if index < start + size:
                with self._lock:
                    if self._group[0] != group:
                        self._group = group, self._file.read_row_group(group).to_pylist()
                    return Row(self._group[1][index - start], f"row {index} of {self.path}")
            start += size
        raise IndexError(index)


class RowFiles(Sequence[Row]):
    """Several files of one split (``test-00000-of-00002.parquet`` …) as one sequence of rows."""

    def __init__(self, paths: list[Path]) -> None:
        self._files = [Parquet(path) if path.suffix == ".parquet" else JsonLines(path) for path in paths]

    def __len__(self) -> int:
        return sum(len(file) for file in self._files)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        for file in self._files:
            if index < len(file):
                return file[index]
            index -= len(file)
        raise IndexError(index)


class Some(Sequence[Row]):
    """Those rows of a sequence whose numbers are given."""

    def __init__(self, rows: Sequence[Row], numbers: Sequence[int]) -> None:
        self._rows, self._numbers = rows, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self._rows[number] for number in self._numbers[index]]
        return self._rows[self._numbers[index]]
