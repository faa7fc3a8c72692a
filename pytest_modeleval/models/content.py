"""What is in a model's files, as one hash: small files whole, of large weights some of every tensor."""

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pytest

from pytest_modeleval.atomic import aside
from pytest_modeleval.inputs import from_json

# What shapes the answers of a folder; a README, logs and the checkpoints of a training inside it do not.
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
_WHOLE = (".json", ".jinja", ".model", ".txt", ".py", ".tiktoken")
# Weights of up to so many bytes are read whole: that takes a tenth of a second.
_SMALL = 64 << 20
# Of every tensor so many blocks of so many bytes, evenly spread. A training moves most of a tensor's values, and of
# bfloat16, in which a short one rounds 99 of 100 back, one of the 16,384 sampled stays with a chance of 10⁻⁷².
_BLOCKS, _BLOCK = 8, 4096
# Of weights without a list of tensors, a block in so many bytes.
_STRIDE = 4 << 20
# The longest header that the safetensors library itself reads.
_LONGEST_HEADER = 100_000_000
# A file may be written again within the tick of its file system's clock.
_TICK = 2e9
# Files that are read at once: a disk answers many reads in the time of one.
_AT_ONCE = 16
# The way that hashes are made; those of another are made anew.
_SCHEME = 1


class Digests:
    """Hashes of files, kept in ``path`` by each file's path, size and times; a broken file of them is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, list[object]] = {}
        self._new = False
        try:
            found = from_json(path.read_text("utf-8"))
            if found["scheme"] == _SCHEME:
                self._kept = {str(name): list(entry) for name, entry in found["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # It is there to save time alone.
            return

    def of(self, path: Path, files: Sequence[Path] | None = None) -> str:
        """The hash of what is in a file or a model's folder, or in these ``files`` of the folder.

        `pytest.UsageError` when it cannot be read.
        """
        paths = (files if files is not None else _files(path)) if path.is_dir() else [path]
        try:
            with ThreadPoolExecutor(_AT_ONCE) as threads:
                digests = list(threads.map(self._digest, paths))
        except OSError as error:
            raise pytest.UsageError(f"cannot read the model in {path}: {error}") from None
        self._save()
        if not path.is_dir():
            return digests[0]
        named = [(str(each.relative_to(path)), digest) for each, digest in zip(paths, digests, strict=True)]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()

    def _digest(self, path: Path) -> str:
        name, status = str(path.resolve()), path.stat()
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        kept = self._kept.get(name, [])
        if kept[:3] == stamp and len(kept) == 4 and isinstance(kept[3], str):
            return kept[3]
        digest = _read(path, status.st_size)
        if time.time_ns() - max(stamp[1:]) > _TICK:
            self._kept[name] = [*stamp, digest]
            self._new = True
        return digest

    def _save(self) -> None:
        if self._new:
            files = {name: entry for name, entry in self._kept.items() if Path(name).exists()}
            with suppress(OSError), aside(self._path) as written:
                written.write_text(json.dumps({"scheme": _SCHEME, "files": files}), "utf-8")
            self._new = False


def _files(folder: Path) -> Sequence[Path]:
    """The files of a model's folder that shape its answers, in the order of their names."""
    places = [folder, folder / "additional_chat_templates"]
    found = (path for place in places if place.is_dir() for path in place.iterdir())
    return sorted(path for path in found if path.suffix in (*_WEIGHTS, *_WHOLE) and path.is_file())


def _read(path: Path, size: int) -> str:
    with path.open("rb", buffering=0) as file:
        if path.suffix not in _WEIGHTS or size <= _SMALL:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256()
        for begin, length in _sample(path, file, size):
            file.seek(begin)
            digest.update(file.read(length))
        digest.update(repr(_checksums(path)).encode())
        return digest.hexdigest()


def _sample(path: Path, file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """Where to read large weights: (begin, length)."""
    spans = _tensors(file, size) if path.suffix == ".safetensors" else None
    if spans is None:
        yield from ((begin, _BLOCK) for begin in range(0, size, _STRIDE))
        return
    yield 0, spans[0][0]
    for begin, end in spans:
        if end - begin <= _BLOCKS * _BLOCK:
            yield begin, end - begin
        else:
            yield from ((begin + n * (end - begin - _BLOCK) // (_BLOCKS - 1), _BLOCK) for n in range(_BLOCKS))


def _tensors(file: BinaryIO, size: int) -> list[tuple[int, int]] | None:
    """Where each tensor of a safetensors file lies; None where its header does not tell."""
    length = int.from_bytes(file.read(8), "little")
    if length > min(size, _LONGEST_HEADER):
        return None
    try:
        header = from_json(file.read(length))
        offsets = [entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"]
        spans = sorted((8 + length + int(begin), 8 + length + int(end)) for begin, end in offsets)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return spans if spans and all(8 + length <= begin <= end <= size for begin, end in spans) else None


def _checksums(path: Path) -> list[tuple[str, int]]:
    """The CRC-32 of each part of a zip file, as which torch saves weights, each tensor a part."""
    if path.suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as parts:
            return [(part.filename, part.CRC) for part in parts.infolist()]
    except (zipfile.BadZipFile, NotImplementedError):
        return []
