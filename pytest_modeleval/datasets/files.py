"""Rows out of prepared files, each found by its number; nothing is in memory but what was asked for last."""

import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from json import JSONDecodeError
from pathlib import Path
from typing import Any, overload

import pytest

from pytest_modeleval.datasets import Row
from pytest_modeleval.datasets.media import is_image
from pytest_modeleval.foreign import reason
from pytest_modeleval.inputs import from_json, open_input, refuse_explosion
from pytest_modeleval.sample import SampleError

# Rows that a byte of parquet may stand for: a column of one value takes some bytes for 20,000 rows, but is no dataset.
_ROWS = 100


class Numbers:
    """Whole numbers in a file, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size // 8

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> int:
        return struct.unpack("=Q", _read(self._path, index * 8, 8))[0]  # type: ignore[no-any-return]


def _read(path: Path, start: int, size: int) -> bytes:
    # Opened anew each time, 20 µs: files that stay open, or mapped, run out where benchmarks have hundreds of subsets.
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)


class Lines:
    """A jsonl file with the index of where its rows begin."""

    def __init__(self, path: Path, index: Path, source: Path) -> None:
        self.source = source
        self._path = path
        # Of n rows the index has n + 1 numbers: the last one is the file's end.
        self._starts = Numbers(index)
        if not len(self._starts) or self._starts[len(self._starts) - 1] != path.stat().st_size:
            raise SampleError(f"{index} does not fit {source}: remove the folder {index.parent}, it is made anew")

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> Row:
        start, end = self._starts[index], self._starts[index + 1]
        line = _read(self._path, start, end - start).rstrip(b"\r\n")
        where, begun = f"row {index} of {self.source}", line[:60].decode(errors="replace")
        try:
            fields = from_json(line)
        except ValueError as error:
            why = f"{error.msg} at column {error.colno}" if isinstance(error, JSONDecodeError) else error
            raise SampleError(f"{where} is not JSON ({why}): {begun!r}") from None
        if not isinstance(fields, Mapping):
            raise SampleError(f"{where} is not a JSON object: {begun!r}")
        return Row(fields, where)

    def column(self, name: str) -> Iterator[Any]:
        """One field of every row."""
        return (self[index][name] for index in range(len(self)))


def open_parquet(path: Path, source: Path) -> Any:
    """The file as pyarrow opens it: mapped, with nothing but its footer read, whose numbers must be possible."""
    open_input(path).close()
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise pytest.UsageError(f"{source} needs pyarrow: pip install 'pytest-modeleval[parquet]'") from None
    try:
        file = pyarrow.parquet.ParquetFile(path, memory_map=True, pre_buffer=False)
    except (OSError, pyarrow.ArrowException) as error:
        raise pytest.UsageError(
            f"{source} is no whole parquet file ({reason(error)}); remove it and fetch it again"
        ) from None
    _refuse_claims(file.metadata, path, source)
    return file


def _refuse_claims(footer: Any, path: Path, source: Path) -> None:
    """`pytest.UsageError` where the footer claims more than the file can hold."""
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    rows, size = sum(group.num_rows for group in groups), path.stat().st_size
    if rows != footer.num_rows or not 0 <= rows <= _ROWS * size:
        raise pytest.UsageError(
            f"{source} claims {footer.num_rows:,} rows, {rows:,} in its groups, and has {size:,} bytes; remove it and "
            "fetch it again"
        )
    refuse_explosion(source, sum(group.total_byte_size for group in groups), size)


class Parquet:
    """A parquet file; one row group is in memory at a time."""

    def __init__(self, path: Path, source: Path) -> None:
        self.source = source
        self._file = open_parquet(path, source)
        self._group: tuple[int, Any] = (-1, None)
        # An open ParquetFile read by two threads at once hangs or crashes.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __getitem__(self, index: int) -> Row:
        where = f"row {index} of {self.source}"
        start = 0
        for group in range(self._file.num_row_groups):
            size = self._file.metadata.row_group(group).num_rows
            if index < start + size:
                with self._lock:
                    if self._group[0] != group:
                        self._group = group, self._read(group, where)
                    # The slice first: turning a whole group into Python's objects for one row is slow.
                    return self._row(index - start, where)
            start += size
        raise IndexError(index)

    def column(self, name: str) -> Iterator[Any]:
        """One field of every row, without reading the others."""
        fields = self._file.schema_arrow.names
        if name not in fields:
            raise SampleError(f"{self.source} has no field {name!r}; its fields are: {', '.join(fields)}")
        import pyarrow

        try:
            for batch in self._file.iter_batches(columns=[name]):
                yield from batch.column(0).to_pylist()
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            raise SampleError(f"{self.source}: the field {name!r} cannot be read ({reason(error)})") from None

    def _row(self, index: int, where: str) -> Row:
        try:
            return Row(self._group[1].slice(index, 1).to_pylist()[0], where)
        # A text that is no UTF-8, a time out of Python's range, a group with fewer rows than the footer says.
        except (ValueError, OverflowError, IndexError) as error:
            raise SampleError(f"{where} cannot be read ({reason(error)})") from None

    def _read(self, group: int, where: str) -> Any:
        import pyarrow

        try:
            return self._file.read_row_group(group)
        except (OSError, pyarrow.ArrowException) as error:
            raise SampleError(f"{where} cannot be read ({reason(error)}); remove the file and fetch it again") from None


class RowFiles(Sequence[Row]):
    """Several files of one split (``test-00000-of-00002.parquet`` …) as one sequence of rows."""

    def __init__(self, files: Sequence[Lines | Parquet]) -> None:
        self._files = files

    @property
    def source(self) -> Path:
        """The first file, as the user knows it."""
        return self._files[0].source

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

    def column(self, name: str) -> Iterator[Any]:
        """One field of every row."""
        return (value for file in self._files for value in file.column(name))


class Some(Sequence[Row]):
    """Those rows of a sequence whose numbers stand in a file from ``start`` on."""

    def __init__(self, rows: Sequence[Row], numbers: Numbers, start: int, size: int) -> None:
        self._rows, self._numbers, self._start, self._size = rows, numbers, start, size

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._size))]
        if not 0 <= index < self._size:
            raise IndexError(index)
        return self._rows[self._numbers[self._start + index]]


def open_prepared(paths: Sequence[Path], folder: Path) -> RowFiles:
    """The rows of files that were prepared in ``folder``, each opened now."""
    return RowFiles([_open(path, folder, number) for number, path in enumerate(paths) if not is_image(path.name)])


def _open(source: Path, folder: Path, number: int) -> Lines | Parquet:
    if source.suffix == ".parquet":
        regrouped = folder / f"{number}.parquet"
        return Parquet(regrouped if regrouped.exists() else source, source)
    converted = folder / f"{number}.jsonl"
    return Lines(converted if converted.exists() else source, folder / f"{number}.index", source)


@dataclass(frozen=True)
class Split:
    """A split's files, prepared in ``folder``, and its number of rows: of all, or of each value of a column."""

    paths: Sequence[Path]
    folder: Path
    sizes: Mapping[str, int]

    def count(self, value: str | None = None) -> int:
        """The number of rows, without opening a file."""
        return sum(self.sizes.values()) if value is None else self.sizes.get(value, 0)

    def rows(self, value: str | None) -> Sequence[Row]:
        """All rows, or those of one value."""
        if value is None:
            return self._all
        before = sum(size for other, size in self.sizes.items() if other < value)
        return Some(self._all, self._numbers, before, self.count(value))

    def numbers(self, keeps: Callable[[str], bool]) -> list[int]:
        """The numbers of the rows whose value of the column is kept, in the rows' order."""
        found, before = [], 0
        for value, size in sorted(self.sizes.items()):
            found += [self._numbers[place] for place in range(before, before + size)] if keeps(value) else []
            before += size
        return sorted(found)

    @cached_property
    def _all(self) -> RowFiles:
        return open_prepared(self.paths, self.folder)

    @cached_property
    def _numbers(self) -> Numbers:
        return Numbers(self.folder / "numbers")
