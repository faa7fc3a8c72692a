"""Long contents of messages, kept once each however many messages hold them: pictures, files, documents."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Json
from pytest_modeleval.store.kept import messages_in
from pytest_modeleval.store.rows import BlobRow

# What stands for a content in a message, before its hash. A text that begins so itself is put aside too.
_REFERENCE = "blob:"
_DATA = "data:"
# Characters from which on a text is long: a page of SQLite's.
_LONG = 4096


def blob_of(text: str) -> BlobRow:
    """A text by its hash."""
    return BlobRow(hashlib.sha256(text.encode()).hexdigest(), text)


def put_aside(messages: str) -> tuple[str, list[BlobRow]]:
    """Messages as JSON with references in place of what is long or a data URL, and what they refer to."""
    if len(messages) <= _LONG and f'"{_DATA}' not in messages and f'"{_REFERENCE}' not in messages:
        return messages, []
    found: dict[str, BlobRow] = {}

    def aside(text: str) -> str:
        if len(text) <= _LONG and not text.startswith((_DATA, _REFERENCE)):
            return text
        row = blob_of(text)
        found[row.hash] = row
        return _REFERENCE + row.hash

    try:
        return json.dumps(_changed(from_json(messages), aside), ensure_ascii=False), list(found.values())
    except (ValueError, RecursionError):
        # Nested too deep: kept as they are.
        return messages, []


def put_back(text: str, content_of: Callable[[str], str | None]) -> list[Json]:
    """The messages of a row of the store with the contents in place of references; one to what is not there stays.

    None where it holds none that can be read.
    """
    messages = messages_in(text)
    if f'"{_REFERENCE}' not in text:
        return messages

    def back(text: str) -> str:
        content = content_of(text.removeprefix(_REFERENCE)) if text.startswith(_REFERENCE) else None
        return text if content is None else content

    try:
        return [_changed(message, back) for message in messages]
    except RecursionError:
        return messages


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """A value of JSON with each of its texts changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _changed(part, change) for name, part in value.items()}
    return [_changed(part, change) for part in value] if isinstance(value, list) else value
