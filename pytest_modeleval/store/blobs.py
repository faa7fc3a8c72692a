"""Long contents of messages, kept once each however many messages hold them: pictures, files, documents."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any

from pytest_modeleval.sample import Json
from pytest_modeleval.store.addresses import DATA, REFERENCE, DataAddress, digest_of, with_texts
from pytest_modeleval.store.kept import messages_in
from pytest_modeleval.store.rows import BlobRow

_BASE64 = ";base64,"
# Characters from which on a text is long: a page of SQLite's.
_LONG = 4096


def storable(text: str) -> str:
    """The text without lone surrogates, which SQLite cannot hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def blob_of(text: str) -> BlobRow:
    """A text by its hash."""
    return BlobRow(digest_of(text), _packed(text))


def text_of(content: object) -> str:
    """The text that a blob's content is."""
    if not isinstance(content, bytes):
        return str(content)
    head, comma, held = content.partition(b",")
    return f"{(head + comma).decode(errors='replace')}{base64.b64encode(held).decode()}"


def _packed(text: str) -> str | bytes:
    """What of a text is kept: of base64 what it says, which takes a quarter less."""
    if isinstance(text, DataAddress):
        return f"{DATA}{text.kind}{_BASE64}".encode() + text.content
    head, base, data = text.partition(_BASE64)
    if not text.startswith(DATA) or not base or "," in head:
        return text
    try:
        packed = f"{head}{base}".encode() + base64.b64decode(data)
    except (binascii.Error, ValueError):
        return text
    # With line ends, or written otherwise than usual, it would be another text when it is read.
    return packed if text_of(packed) == text else text


def put_aside(messages: Sequence[Any]) -> tuple[Sequence[Any], list[BlobRow]]:
    """Messages with references in place of what is long or a data URL, and what they refer to."""
    found: dict[str, BlobRow] = {}

    def aside(text: str) -> str:
        if len(text) <= _LONG and not text.startswith((DATA, REFERENCE)):
            return text
        row = blob_of(storable(text))
        found[row.hash] = row
        return REFERENCE + row.hash

    try:
        return with_texts(messages, aside), list(found.values())
    except RecursionError:
        # Nested too deep: kept as they are.
        return messages, []


def put_back(text: str, content_of: Callable[[str], str | None]) -> list[Json]:
    """The messages of a row of the store with the contents in place of references; one to what is not there stays.

    None where it holds none that can be read.
    """
    messages = messages_in(text)
    if f'"{REFERENCE}' not in text:
        return messages

    def back(text: str) -> str:
        content = content_of(text.removeprefix(REFERENCE)) if text.startswith(REFERENCE) else None
        return text if content is None else content

    try:
        return [with_texts(message, back) for message in messages]
    except RecursionError:
        return messages
