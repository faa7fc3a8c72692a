"""Pictures of a user's rows: in columns, or in the parts of messages; beside the file, or in the row itself."""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.custom.columns import is_blank, lists
from pytest_modeleval.datasets import Row
from pytest_modeleval.inputs import LINE, from_json, read_bytes
from pytest_modeleval.items.pictures import address_of
from pytest_modeleval.sample import Json, SampleError
from pytest_modeleval.store.addresses import DATA, DataAddress

_COLUMN = re.compile(r"image(?:[ _]?(\d{1,3}))?")
# What EvalScope has in columns too; in messages they are parts like any other.
_OTHER = re.compile(r"(audio|video)[ _]?\d{0,3}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|file:", re.IGNORECASE)
# Characters of a path; what is longer is base64.
_PATH = 1024


def pictures_of(row: Row) -> Sequence[object]:
    """The row's pictures in the columns ``image`` or ``image_1``, ``image_2``, … in their order."""
    numbered = {int(found[1] or 1): name for name in row if (found := _column(row, name))}
    missing = [number for number in range(1, max(numbered, default=0)) if number not in numbered]
    if missing:
        raise SampleError(f"column 'image_{missing[0]}' is empty, and {numbered[max(numbered)]!r} is not")
    return [row[numbered[number]] for number in sorted(numbered)]


def with_pictures(row: Row, folder: Path) -> Row:
    """The row with what stands in files beside it: of each path in a picture's column, or in messages, the content.

    A path is relative to the ``folder`` and leads to nothing outside of it. Nothing is fetched. Raises `SampleError`.
    """
    changed: dict[str, Any] = {}
    for name, value in row.items():
        if _column(row, name) and isinstance(value, str):
            changed[name] = _in_column(value, folder, name)
        elif isinstance(name, str) and _OTHER.fullmatch(name) and not is_blank(value):
            kind = name[:5]
            raise SampleError(f"column {name!r}: {kind} stands in messages alone, as a part of the type {_PARTS[kind]}")
    if (messages := _read(row.get("messages"))) is not None:
        changed["messages"] = [_with_parts(each, folder) for each in messages]
    return Row({**row, **changed}, row.where) if changed else row


_PARTS = {"audio": "input_audio", "video": "video_url"}


def _column(row: Row, name: object) -> "re.Match[str] | None":
    return None if not isinstance(name, str) or is_blank(row[name]) else _COLUMN.fullmatch(name)


def _read(messages: Any) -> Sequence[Any] | None:
    """Messages of which one has parts; those in a cell of a table are JSON."""
    if isinstance(messages, str) and '"content"' in messages:
        try:
            messages = from_json(messages)
        except ValueError:
            # Whoever reads the messages says so.
            return None
    has_parts = lists(messages) and any(isinstance(each, Mapping) and lists(each.get("content")) for each in messages)
    return messages if has_parts else None


def _with_parts(message: Any, folder: Path) -> Any:
    if not isinstance(message, Mapping) or not lists(message.get("content")):
        return message
    return {**message, "content": [_part(part, folder) for part in message["content"]]}


def _part(part: Any, folder: Path) -> Any:
    """A part of a message with a picture, or a film from a file, as a server takes it; any other as it is."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in ("image_url", "video_url"):
        return part
    held: Any = part.get(kind)
    said: Json = held if isinstance(held, Mapping) else {"url": held}
    if not isinstance(url := said.get("url"), str):
        raise SampleError(f"column 'messages': a part of the type {kind} has a url, which {str(part)[:60]!r} has not")
    if kind == "image_url":
        sent = _address(_in_column(url, folder, "messages"))
    elif url.startswith((DATA, "http://", "https://")):
        # The server's to look at.
        return part
    else:
        sent = DataAddress.of(mimetypes.guess_type(url)[0] or "video/mp4", _content(url, folder, "messages"))
    return {"type": kind, kind: {**said, "url": sent}}


def _address(picture: object) -> DataAddress:
    try:
        return address_of(picture)
    except SampleError as error:
        raise SampleError(f"column 'messages': a picture {error}") from None


def _in_column(value: str, folder: Path, name: str) -> str | bytes:
    """The content of a file that a text leads to; the text itself where it is a picture."""
    if value.startswith(DATA):
        return value
    if _ADDRESS.match(value):
        raise SampleError(f"column {name!r} is at {value:.80}, which is not fetched: give a path beside the file")
    is_path = len(value) <= _PATH and ("." in value or (folder / value).is_file())
    return _content(value, folder, name) if is_path else value


def _content(path: str, folder: Path, name: str) -> bytes:
    try:
        found = (folder / path).resolve()
        if not found.is_relative_to(folder.resolve()):
            raise SampleError(f"column {name!r} leads out of {folder}, the file's folder: {path:.80}")
        return read_bytes(found, LINE // 2)
    except FileNotFoundError:
        raise SampleError(f"column {name!r}: there is no {path:.80} in {folder}, the file's folder") from None
    except (OSError, ValueError, pytest.UsageError) as error:
        raise SampleError(f"column {name!r}: {path:.80} cannot be read: {error}") from None
