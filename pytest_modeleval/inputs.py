"""Files that others wrote: opened without waiting, read within bounds, parsed with one line about what is wrong."""

import gzip
import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, AnyStr, BinaryIO

import pytest

# Most bytes of a file that is read whole, of one with settings (TOML takes a second a megabyte), and of one line.
WHOLE, SETTINGS, LINE = 256 << 20, 4 << 20, 64 << 20
# What is packed may unpack to so many bytes, or to so many times its own: text packs to a fourth, repetitive text to
# a fiftieth; gzip's most is a thousandth.
_UNPACKED, _TIMES = 256 << 20, 100


def open_input(path: Path) -> BinaryIO:
    """The file, to read bytes from; raises `OSError`, and `pytest.UsageError` for what may never end."""
    # Without O_NONBLOCK a pipe that nobody writes to is waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        # Of a folder this raises what `open` would.
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    kind = "a pipe" if stat.S_ISFIFO(mode) else "a device"
    raise pytest.UsageError(f"{path} is {kind}, no file: write what comes out of it to a file, and name that one")


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file, to read bytes from, unpacked where its name ends in .gz; `pytest.UsageError` for one that explodes."""
    with open_input(path) as file:
        if path.suffix != ".gz":
            yield file
            return
        with gzip.open(file) as unpacked, io.BufferedReader(_Counted(unpacked, file, path)) as counted:
            yield counted


class _Counted(io.RawIOBase):
    """What a file unpacks to, until that is too much."""

    def __init__(self, unpacked: gzip.GzipFile, packed: BinaryIO, path: Path) -> None:
        self._unpacked, self._packed, self._path, self._total = unpacked, packed, path, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._unpacked.readinto(buffer)
        self._total += size
        refuse_explosion(self._path, self._total, self._packed.tell())
        return size


def refuse_explosion(path: Path, unpacked: int, packed: int) -> None:
    """`pytest.UsageError` where a file unpacks to so much more than it has that it was made for that."""
    if unpacked > _UNPACKED and unpacked > _TIMES * packed:
        raise pytest.UsageError(
            f"{path} unpacks to more than {_TIMES} times its size ({packed:,} bytes to {unpacked:,} and more): if that "
            "is meant, unpack it yourself"
        )


def read_bytes(path: Path, most: int) -> bytes:
    """The bytes of a file; raises `OSError`, and `pytest.UsageError` for more than ``most``."""
    with open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise pytest.UsageError(f"{path} has {size:,} bytes, and no more than {most:,} are read of such a file")
        return file.read()


def read_text(path: Path, most: int = WHOLE) -> str:
    """The text of a file in UTF-8, without a byte order mark; raises ValueError too, for other bytes."""
    return read_bytes(path, most).decode("utf-8-sig").replace("\r\n", "\n")


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file in UTF-8, counted from 1, without their ends and a byte order mark; raises as `read_text`.

    A line feed alone ends a line: U+2028 and the like, at which `str.splitlines` cuts, may stand in a text of JSON.
    Blank lines are left out.
    """
    with open_input(path) as file:
        for number, line in enumerate(lines_of(file, path), start=1):
            if line.strip():
                yield number, line.decode("utf-8" if number > 1 else "utf-8-sig").rstrip("\r\n")


def lines_of(file: IO[AnyStr], path: Path) -> Iterator[AnyStr]:
    """The lines of an open file, with their ends; `pytest.UsageError` for one that is too long to be one."""
    number = 0
    while line := file.readline(LINE + 1):
        number += 1
        if len(line) > LINE:
            raise pytest.UsageError(f"{path}: line {number} is longer than {LINE >> 20} MiB, so none of data")
        yield line


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text; ValueError for one that is none, or nested too deep."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def json_or_text(text: str) -> Any:
    """What is typed behind a setting's ``=``: JSON, or else the text as it is."""
    try:
        return from_json(text)
    except ValueError:
        return text


def from_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text; ValueError for one that is none, or nested too deep."""
    # Every start of pytest loads this module, and few read a TOML file: 4 ms.
    import tomllib

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
