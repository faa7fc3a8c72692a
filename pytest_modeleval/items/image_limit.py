"""Pictures scaled down to what the user lets be sent, ``--eval-image-limit``."""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_modeleval.items.pictures import opened
from pytest_modeleval.options.images import ImageLimit
from pytest_modeleval.requests import Message, NotChat
from pytest_modeleval.sample import Sample, SampleError
from pytest_modeleval.store.addresses import DataAddress

if TYPE_CHECKING:
    from PIL.Image import Image

# Qualities of JPEG from the best that is tried, as EvalScope's `max_image_bytes`; then sides that shrink.
_QUALITIES, _SHRINK = range(85, 34, -10), 0.9
_LEAST_SIDE = 8
_BASE64 = ";base64,"


def limited(sample: Sample, limit: ImageLimit) -> Sample:
    """The sample with each picture in its messages that is larger than the limit scaled down."""
    if isinstance(sample.prompt, NotChat | str):
        return sample
    return replace(sample, prompt=[_message(message, limit) for message in sample.messages])


def _message(message: Message, limit: ImageLimit) -> Message:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part(part, limit) for part in content]}


def _part(part: Any, limit: ImageLimit) -> Any:
    held: Any = part.get("image_url") if isinstance(part, Mapping) else None
    url = held.get("url") if isinstance(held, Mapping) else None
    if not isinstance(url, str) or not url.startswith("data:image/"):
        return part
    try:
        found = shrunk(_held(url), limit)
    except (SampleError, binascii.Error, ValueError) as error:
        raise SampleError(f"a picture {error}") from None
    if found is None:
        return part
    kind, content = found
    return {**part, "image_url": {**held, "url": DataAddress.of(f"image/{kind}", content)}}


def _held(url: str) -> bytes:
    return url.content if isinstance(url, DataAddress) else base64.b64decode(url.partition(_BASE64)[2])


def shrunk(content: bytes, limit: ImageLimit) -> tuple[str, bytes] | None:
    """The picture within the limit and its kind, which stays where it can, else is JPEG; None where it is within.

    Raises `SampleError` for one that cannot be read, or be made as small.
    """
    image = opened(content)
    is_long = limit.side is not None and max(image.size) > limit.side
    is_large = limit.size is not None and len(content) > limit.size
    if not (is_long or is_large):
        return None
    try:
        return _within(image, limit, is_long=is_long)
    except (OSError, ValueError, SyntaxError) as error:
        raise SampleError(f"cannot be scaled down: {error}") from None


def _within(image: "Image", limit: ImageLimit, *, is_long: bool) -> tuple[str, bytes]:
    kind = (image.format or "PNG").lower()
    if is_long:
        assert limit.side is not None
        image = _scaled(image, limit.side / max(image.size))
        kept = "jpeg" if kind == "mpo" else kind if kind in ("jpeg", "webp") else "png"
        content = _written(image, kept, 95)
        if limit.size is None or len(content) <= limit.size:
            return kept, content
    assert limit.size is not None
    image = _on_white(image)
    for quality in _QUALITIES:
        if len(content := _written(image, "jpeg", quality)) <= limit.size:
            return "jpeg", content
    while min(image.size) * _SHRINK >= _LEAST_SIDE:
        image = _scaled(image, _SHRINK)
        if len(content := _written(image, "jpeg", _QUALITIES[-1])) <= limit.size:
            return "jpeg", content
    raise SampleError(f"cannot be made as small as {limit}")


def _scaled(image: "Image", factor: float) -> "Image":
    from PIL.Image import Resampling

    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        is_clear = image.mode in ("P", "PA", "La", "RGBa") and (image.mode != "P" or "transparency" in image.info)
        image = image.convert("RGBA" if is_clear else "RGB")
    width, height = (max(1, round(side * factor)) for side in image.size)
    return image.resize((width, height), Resampling.LANCZOS)


def _on_white(image: "Image") -> "Image":
    """What JPEG can hold: no transparency."""
    from PIL.Image import alpha_composite, new

    if image.mode in ("L", "RGB"):
        return image
    clear = image.convert("RGBA")
    white = new("RGBA", image.size, "white")
    return alpha_composite(white, clear).convert("RGB")


def _written(image: "Image", kind: str, quality: int) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **({} if kind == "png" else {"quality": quality}))
    return written.getvalue()
