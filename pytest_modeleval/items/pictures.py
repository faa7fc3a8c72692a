"""Pictures as requests carry them: checked, upright, in an address that holds them, where the text has their place."""

import base64
import binascii
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.requests import Json, Message
from pytest_modeleval.sample import SampleError
from pytest_modeleval.store.addresses import DataAddress

if TYPE_CHECKING:
    from PIL.Image import Image

Content = str | list[Json]

# As datasets write it: MMMU `<image 1>`, MATH-Vision `<image1>`, EvalScope's own files also `<image_1>`.
_PLACE = re.compile(r"<image[ _]?(\d{1,3})>")
# What every server takes; a picture of another kind is sent as PNG.
_SENT = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}
# How the last bytes of a file that was cut are told: what must be in them.
_ENDS = {"jpeg": b"\xff\xd9", "png": b"IEND"}
# What says which side of a PNG is up may also stand behind the picture, where opening it does not look.
_EXIF, _BEHIND = b"eXIf", 1 << 16
_ORIENTATION = 0x0112
# Pillow's own bound, from which on it warns of a decompression bomb: 2.5 times OCRBench's largest, 4961 x 7016.
_PIXELS = 89_478_485


def content_of(text: str, pictures: Sequence[object]) -> Content:
    """A message's content: the text with its pictures where it says ``<image 1>``, one that it does not name before it.

    A picture is its bytes, ``{"bytes": …}`` as parquet files have it, base64, or a ``data:`` address. Raises
    `SampleError` for a place without a picture, and for a picture that cannot be sent (`address_of`).
    """
    return _placed([text], pictures)[0]


def in_messages(messages: Sequence[Message], pictures: Sequence[object]) -> Sequence[Message]:
    """Chat messages with pictures where their texts say, and those that none names before the last one; as above."""
    texts = [message.get("content") for message in messages]
    if not pictures:
        return messages
    if not all(isinstance(text, str) for text in texts):
        raise SampleError("messages of parts have their pictures among these, and no column of pictures beside them")
    contents = _placed(list(map(str, texts)), pictures)
    return [{**message, "content": content} for message, content in zip(messages, contents, strict=True)]


def _placed(texts: Sequence[str], pictures: Sequence[object]) -> list[Content]:
    """The texts with pictures where they say so, and those that none names before the last text."""
    if not pictures:
        return list(texts)
    parts: list[Json] = [
        {"type": "image_url", "image_url": {"url": _numbered(*each)}} for each in enumerate(pictures, 1)
    ]
    split = [_PLACE.split(text) for text in texts]
    named = {int(number) for pieces in split for number in pieces[1::2]}
    for number in sorted(named):
        if not 1 <= number <= len(parts):
            has = f"{len(parts)} pictures" if len(parts) > 1 else "one picture"
            raise SampleError(f"the text has a place for <image {number}>, and the sample has {has}")
    rest = [part for number, part in enumerate(parts, 1) if number not in named]
    contents: list[Content] = []
    for place, pieces in enumerate(split):
        found = rest if place == len(split) - 1 else []
        for index, piece in enumerate(pieces):
            if index % 2:
                found = [*found, parts[int(piece) - 1]]
            elif piece.strip():
                found = [*found, {"type": "text", "text": piece}]
        has_pictures = len(pieces) > 1 or (rest and place == len(split) - 1)
        contents.append(found if has_pictures else texts[place])
    return contents


def joined(contents: Sequence[Content], between: str) -> Content:
    """Several contents as one, with a text between them."""
    if all(isinstance(each, str) for each in contents):
        return between.join(map(str, contents))
    parts: list[Json] = []
    for number, content in enumerate(contents):
        pieces = [{"type": "text", "text": content}] if isinstance(content, str) else content
        for piece in [{"type": "text", "text": between}, *pieces] if number else pieces:
            last = parts[-1] if parts else {}
            if last.get("type") == piece["type"] == "text":
                parts[-1] = {"type": "text", "text": f"{last['text']}{piece['text']}"}
            else:
                parts.append(piece)
    return parts


def _numbered(number: int, picture: object) -> DataAddress:
    try:
        return address_of(picture)
    except SampleError as error:
        raise SampleError(f"picture {number} {error}") from None


def address_of(picture: object) -> DataAddress:
    """The ``data:`` address that holds a picture, whose kind its bytes tell; turned upright where its EXIF says so.

    Nothing is fetched. Raises `SampleError` for what is no picture, was cut, is SVG or has more than 89 million pixels.
    """
    content = _bytes_of(picture)
    image = opened(content)
    kind = _SENT.get(image.format or "")
    if image.width * image.height > _PIXELS:
        raise SampleError(f"has {image.width:,} x {image.height:,} pixels, of at most {_PIXELS:,}")
    if kind in _ENDS and _ENDS[kind] not in content[-4096:]:
        raise SampleError(f"was cut: its last bytes ({len(content):,} in all) are no end of a {kind.upper()} file")
    told = "exif" in image.info or (kind == "png" and content.find(_EXIF, -_BEHIND) >= 0)
    if kind is None or (told and image.getexif().get(_ORIENTATION, 1) != 1):
        kind, content = _written(image, kind or "png")
    return DataAddress.of(f"image/{kind}", content)


def _written(image: "Image", kind: str) -> tuple[str, bytes]:
    """The picture upright, written anew."""
    from PIL import ImageOps

    written = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(image)
        if kind == "png" and upright.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            upright = upright.convert("RGB")
        upright.save(written, kind, **({"quality": 95} if kind == "jpeg" else {}))
    except (OSError, ValueError, SyntaxError) as error:
        raise SampleError(f"cannot be read: {error}") from None
    return kind, written.getvalue()


def opened(content: bytes) -> "Image":
    """The picture, of which no more is read than its head; `SampleError` for what is none."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise pytest.UsageError("pictures need Pillow: pip install 'pytest-modeleval[images]'") from None
    try:
        return Image.open(io.BytesIO(content))
    except Image.DecompressionBombError:
        raise SampleError(f"has more than {_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        start = content[:1024].lstrip()
        if start.startswith(b"<") and b"<svg" in content[:4096]:
            raise SampleError("is SVG, which no model reads: convert it to PNG") from None
        raise SampleError(f"is no picture that can be read; it begins with {content[:16]!r}") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise SampleError(f"cannot be read: {error}") from None


def _bytes_of(picture: object) -> bytes:
    if isinstance(picture, Mapping):
        held: Any = picture.get("bytes")
        if not isinstance(held, bytes | str) or not held:
            raise SampleError(f"has no bytes in its row: {picture!r:.100}")
        picture = held
    if isinstance(picture, bytes):
        return picture
    if not isinstance(picture, str):
        raise SampleError(f"is {picture!r:.60}: give its bytes, base64 or a data: address")
    head, comma, data = picture.partition(",") if picture.startswith("data:") else ("", ",", picture)
    if picture.lower().startswith(("http:", "https:", "file:", "ftp:")):
        raise SampleError(f"is at {picture:.80}, which is not fetched: give its bytes, base64 or a data: address")
    try:
        if not comma or (head and not head.endswith(";base64")):
            raise ValueError("no base64")
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SampleError(f"is the text {picture[:60]!r}: give its bytes, base64 or a data: address") from None
