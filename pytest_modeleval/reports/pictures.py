"""Pictures of prompts in reports: what they are in a line, and so many as a page can hold."""

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_modeleval.sample import Json, Message
from pytest_modeleval.store.rows import StoredSample

_DATA, _BASE64 = "data:", ";base64,"


def address_in(part: Any) -> str:
    """The address of a part's picture; empty where it has none."""
    held: Any = part.get("image_url") if isinstance(part, Mapping) else None
    url = held.get("url") if isinstance(held, Mapping) else held
    return url if isinstance(url, str) else ""


def described_part(part: Json) -> str:
    """A picture as ``[image: PNG 640 x 480, 34 kB]``, any other part of a message as its type."""
    url = address_in(part)
    return described(url) if url.startswith(_DATA) else f"[{part.get('type')}]"


def described(url: str, *, digest: bool = False) -> str:
    """A picture in a ``data:`` address in a line, with the beginning of its bytes' SHA-256 where that is wanted."""
    head, base, data = url.removeprefix(_DATA).partition(_BASE64)
    try:
        content = base64.b64decode(data) if base else b""
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        return f"[image: {head[:40]}, which cannot be read]"
    size = f"{len(content) / 1e6:.1f} MB" if len(content) >= 1e6 else f"{max(1, round(len(content) / 1e3))} kB"
    told = f", sha256 {hashlib.sha256(content).hexdigest()[:16]}" if digest else ""
    kind = head.rpartition("/")[2][:20].upper()
    return f"[image: {kind}{_sides(content)}, {size}{told}]"


def told(messages: Sequence[Message]) -> Iterator[str]:
    """The pictures in the messages, a line each."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if (url := address_in(part)).startswith(_DATA):
                yield described(url, digest=True)


def _sides(content: bytes) -> str:
    """Width and height; empty where nobody can tell."""
    try:
        from PIL import Image

        with Image.open(io.BytesIO(content)) as image:
            return f" {image.width} x {image.height}"
    # A bomb, what is no picture, or no Pillow here.
    except Exception:  # noqa: BLE001 - what was kept may be anything, and a report is written whatever it is
        return ""


class Album:
    """So many characters of pictures as a page can hold; those beyond are said in a line."""

    def __init__(self, most: int) -> None:
        self._left = most

    def within(self, sample: StoredSample) -> StoredSample:
        """The sample with what still has room."""
        prompt = None if sample.prompt is None else self._messages(sample.prompt)
        exchanges = [replace(each, asked=self._messages(each.asked)) for each in sample.exchanges]
        return replace(sample, prompt=prompt, exchanges=exchanges)

    def _messages(self, messages: Sequence[Message]) -> Sequence[Message]:
        return [
            {**message, "content": [self._part(part) for part in message["content"]]}
            if isinstance(message.get("content"), list)
            else message
            for message in messages
        ]

    def _part(self, part: Any) -> Any:
        if not (url := address_in(part)).startswith(_DATA):
            return part
        if len(url) > self._left:
            return {"type": "text", "text": f"{described(url)} (left out: the page has too many)"}
        self._left -= len(url)
        return part
