"""Files made ready, once, so that a row is found by its number: converted, indexed, regrouped."""

import atexit
import csv
import gzip
import io
import json
import re
import shutil
import tempfile
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import pytest

from pytest_modeleval.datasets.files import RowFiles, open_parquet, open_prepared
from pytest_modeleval.datasets.media import METADATA, is_image, samples, with_images
from pytest_modeleval.datasets.solved import solved
from pytest_modeleval.inputs import LINE, lines_of, open_input, open_unpacked
from pytest_modeleval.sample import SampleError

if TYPE_CHECKING:
    from _csv import Reader

# A row group is read whole for one of its rows: one beyond this (32 MiB, uncompressed) is cut into groups of an eighth.
_GROUP = 32 << 20
# How many of a table's wrong lines are told.
_TOLD = 20
# Columns of pictures, sounds and films (EvalScope's own files).
_MEDIA = re.compile(r"(image|audio|video)_?\d{1,3}")


def prepare(paths: Sequence[Path], by: str | None, folder: Path) -> dict[str, int]:
    """Make the folder with what reading the files by row number needs; the number of rows, by value with ``by``.

    It is written aside and renamed, so that there is never half of one. `pytest.UsageError` for a file that is broken.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for number, path in enumerate(paths):
            _refuse_page(path)
            if not is_image(path.name):
                _prepare_file(path, aside / str(number), paths)
        rows = open_prepared(paths, aside)
        sizes = _number(rows.column(by), aside / "numbers") if by else {"all": len(rows)}
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    except SampleError as error:
        raise pytest.UsageError(str(error)) from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sizes


def open_file(path: Path) -> RowFiles:
    """The rows of a file that belongs to no dataset, made ready for this process alone."""
    folder = Path(tempfile.mkdtemp(prefix="modeleval-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    prepare([path], None, folder / "rows")
    return open_prepared([path], folder / "rows")


def _refuse_page(path: Path) -> None:
    """What a proxy or a clone without Git LFS leaves in a file's place."""
    with open_input(path) as file:
        start = file.read(512).lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        raise pytest.UsageError(f"{path} is a Git LFS pointer, not the file: run `git lfs pull` in that repository")
    if start.startswith((b"<!doctype html", b"<html")):
        raise pytest.UsageError(
            f"{path} is an HTML page, not data: what was downloaded is an error page; remove it and fetch it again"
        )


def _prepare_file(path: Path, stem: Path, paths: Sequence[Path]) -> None:
    if path.suffix == ".parquet":
        _regroup(path, stem.with_suffix(".parquet"))
        return
    lines, converted = path, stem.with_suffix(".jsonl")
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    images = [other for other in paths if is_image(other.name)] if path.name == METADATA else []
    if kind != "jsonl" or path.suffix == ".gz" or images:
        try:
            with open_unpacked(path) as source, converted.open("wb") as target:
                _convert(source, target, kind, path, images)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise pytest.UsageError(f"{path} is no whole gzip file ({error}); remove it and fetch it again") from None
        except UnicodeDecodeError as error:
            raise pytest.UsageError(f"{path} is not UTF-8: {error}") from None
        except RecursionError:
            raise pytest.UsageError(f"{path} is nested too deep to be data") from None
        lines = converted
    _index(lines, stem.with_suffix(".index"), path)


def _convert(source: BinaryIO, target: BinaryIO, kind: str, path: Path, images: Sequence[Path]) -> None:
    """The rows of a file as lines of JSON."""
    if kind == "tar" or images:
        rows = with_images(source, path, images) if images else samples(source, path)
        target.writelines(json.dumps(row).encode() + b"\n" for row in rows)
        return
    if kind == "txt":
        target.writelines(json.dumps(row).encode() + b"\n" for row in solved(path))
        return
    if kind == "jsonl":
        shutil.copyfileobj(source, target)
        return
    with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as text:
        for row in _values(text, path) if kind == "json" else _records(text, path, kind):
            target.write(json.dumps(row).encode() + b"\n")


def reader_of(lines: Iterable[str], kind: str) -> "Reader":
    """A reader of a csv or tsv file's records.

    A csv whose first line has semicolons and no comma is separated by these, as spreadsheets write one in half of the
    world.
    """
    # Passages of a benchmark are longer than its own 128 KiB.
    csv.field_size_limit(LINE)
    lines = iter(lines)
    first = next(lines, "")
    delimiter = "\t" if kind == "tsv" else ";" if ";" in first and "," not in first else ","
    return csv.reader(chain([first] if first else [], lines), delimiter=delimiter, strict=True)


def _records(text: TextIO, path: Path, kind: str) -> Iterator[dict[str, str]]:
    """The records of a csv or tsv file by its first line's names; every value is a text."""
    reader = reader_of(lines_of(text, path), kind)
    try:
        names = next(reader, [])
        if len(set(names)) < len(names):
            raise pytest.UsageError(f"{path}: line 1 names a column twice: {', '.join(names)}")
        wrong: list[str] = []
        for record in reader:
            # A question with fewer pictures than another's may end where they do.
            if record and len(record) < len(names) and all(map(_MEDIA.fullmatch, names[len(record) :])):
                record += [""] * (len(names) - len(record))
            if record and len(record) != len(names):
                has = f"{path}: line {reader.line_num} has {len(record)} columns, the first line names {len(names)}"
                wrong += [has] if len(wrong) < _TOLD else []
            elif record:
                yield dict(zip(names, record, strict=True))
        if wrong:
            raise pytest.UsageError("\n".join(wrong))
    except csv.Error as error:
        raise pytest.UsageError(f"{path}: line {reader.line_num}: {error}") from None


def _values(text: TextIO, path: Path) -> Iterator[Any]:
    """The values of a JSON array, or of one value after another, without the whole file in memory."""
    decode = json.JSONDecoder().raw_decode
    buffer, more = text.read(1 << 20), True
    is_array = buffer.lstrip()[:1] == "["
    position = buffer.find("[") + 1 if is_array else 0
    while True:
        while position < len(buffer) and buffer[position] in " \t\r\n,":
            position += 1
        if is_array and buffer[position : position + 1] == "]":
            return
        try:
            value, end = decode(buffer, position)
            # A number may go on beyond the buffer; an object ends where it ends.
            if not more or end < len(buffer):
                yield value
                position = end
                continue
        except ValueError as error:
            if len(buffer) - position > LINE:
                raise pytest.UsageError(
                    f"{path} is not JSON, or has a value longer than {LINE >> 20} MiB: {error}"
                ) from None
            if not more and (position < len(buffer) or is_array):
                raise pytest.UsageError(f"{path} is not JSON: {error}") from None
            if not more:
                return
        # Doubled each time, so that a long value is not parsed from its start too often.
        read = text.read(max(1 << 20, len(buffer) - position))
        buffer, position, more = buffer[position:] + read, 0, bool(read)


def _index(lines: Path, index: Path, path: Path) -> None:
    """Write where each row begins, and the end; blank lines are no rows."""
    starts, position = array("Q"), 0
    with lines.open("rb") as source, index.open("wb") as target:
        for line in lines_of(source, path):
            if line.strip():
                starts.append(position)
            position += len(line)
            if len(starts) > 1 << 16:
                starts.tofile(target)
                del starts[:]
        starts.append(position)
        starts.tofile(target)


def _number(values: Iterator[Any], target: Path) -> dict[str, int]:
    """Write the rows' numbers value by value, in the values' order; the number of rows of each."""
    numbers: dict[str, array[int]] = {}
    for number, value in enumerate(values):
        numbers.setdefault(str(value), array("Q")).append(number)
    with target.open("wb") as file:
        for value in sorted(numbers):
            numbers[value].tofile(file)
    return {value: len(numbers[value]) for value in sorted(numbers)}


def _regroup(path: Path, target: Path) -> None:
    """Write a file with huge row groups anew with small ones, a few rows in memory at a time."""
    source = open_parquet(path, path)
    import pyarrow
    import pyarrow.parquet

    groups = [source.metadata.row_group(number) for number in range(source.num_row_groups)]
    huge = [group for group in groups if group.total_byte_size > _GROUP]
    if not huge:
        return
    rows = min(max(1, group.num_rows * (_GROUP // 8) // group.total_byte_size) for group in huge)
    try:
        # By pages: with pre_buffer, and mapped, the whole group would be in memory (1,140 MB of a 1 GB file; so 160).
        streamed = pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
        with pyarrow.parquet.ParquetWriter(target, streamed.schema_arrow) as writer:
            for batch in streamed.iter_batches(batch_size=rows):
                writer.write_batch(batch)
    except (OSError, pyarrow.ArrowException) as error:
        raise pytest.UsageError(f"{path} is no whole parquet file ({error}); remove it and fetch it again") from None
