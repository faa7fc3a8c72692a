"""Images beside rows: in a WebDataset's tar files, or in files that a folder's ``metadata.jsonl`` names."""

import base64
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pytest_modeleval.inputs import LINE, from_json, lines_of, read_bytes

METADATA = "metadata.jsonl"
IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif")
# Most bytes of an image, and of all that belongs to one sample of a tar file; most files of it.
_IMAGE, _FILES = LINE // 2, 1000
_TEXTS = ("txt", "text", "caption", "cls")
_MAGIC = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n": "png", b"RIFF": "webp", b"GIF8": "gif"}


def data_url(content: bytes) -> str:
    """The content as a URL that holds it; its kind is told by its first bytes."""
    kind = next(
        (f"image/{kind}" for magic, kind in _MAGIC.items() if content.startswith(magic)), "application/octet-stream"
    )
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def images_of(names: Collection[str], found: Collection[str]) -> list[str]:
    """The images in the folders whose metadata is among the files found."""
    folders = tuple(name.removesuffix(METADATA) for name in found if name.rpartition("/")[2] == METADATA)
    return sorted(name for name in names if folders and name.startswith(folders) and is_image(name))


def is_image(name: str) -> bool:
    """Whether a file is an image, by its name."""
    return name.lower().endswith(IMAGES)


def with_images(lines: BinaryIO, path: Path, images: Collection[Path]) -> Iterator[Any]:
    """The rows of a folder's metadata, the image of each in the field ``image``.

    Only a file among ``images`` is read, whatever a row names.
    """
    there = {image.resolve() for image in images}
    for number, line in enumerate(lines_of(lines, path), 1):
        if not line.strip():
            continue
        try:
            row = from_json(line)
        except ValueError as error:
            raise pytest.UsageError(f"{path}: line {number} is not JSON: {error}") from None
        if isinstance(row, dict) and isinstance(name := row.get("file_name"), str):
            image = (path.parent / name).resolve()
            if image not in there:
                raise pytest.UsageError(f"{path}: line {number} names {name!r}, and there is no such image beside it")
            row["image"] = data_url(read_bytes(image, _IMAGE))
        yield row


def samples(source: BinaryIO, path: Path) -> Iterator[dict[str, Any]]:
    """The samples of a WebDataset: members with one name are one row, a field for each ending; nothing is unpacked."""
    key, row, size = "", dict[str, Any](), 0
    try:
        with tarfile.open(fileobj=_Bounded(source), mode="r:") as archive:  # type: ignore[call-overload]
            for member in archive:
                if not member.isfile():
                    continue
                folder, slash, name = member.name.rpartition("/")
                stem, _, ending = name.partition(".")
                if (named := f"{folder}{slash}{stem}") != key:
                    if row:
                        yield row
                    key, row, size = named, {"__key__": named}, 0
                if (size := size + member.size) > _IMAGE or len(row) > _FILES:
                    claimed = f"{len(row)} files of {size:,} bytes, of at most {_FILES} and {_IMAGE:,}"
                    raise tarfile.ReadError(f"the sample {named!r} claims {claimed}")
                file = archive.extractfile(member)
                assert file is not None
                row[ending.lower()] = _field(ending.lower(), file.read(), f"{path}: {member.name}")
    except (tarfile.TarError, EOFError, RecursionError) as error:
        raise pytest.UsageError(f"{path} is no whole tar file ({error}); remove it and fetch it again") from None
    if row:
        yield row


class _Bounded:
    """A file of which a header cannot have tarfile read, and so allocate, whatever it claims."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.seek, self.tell = source.seek, source.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= LINE:
            raise tarfile.ReadError(f"a header claims {size:,} bytes")
        return self._source.read(size)


def _field(ending: str, content: bytes, where: str) -> Any:
    try:
        if ending in _TEXTS:
            return content.decode()
        return from_json(content) if ending == "json" else data_url(content)
    except ValueError as error:
        raise pytest.UsageError(f"{where} cannot be read: {error}") from None
