"""Generated images: shapes on a ground, no two alike, so that no cache of a server helps."""

import base64
import io
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.datasets.media import data_url
from pytest_modeleval.sample import Json

FORMATS = ("png", "jpeg", "webp")
MODES = ("RGB", "L", "RGBA")
_SHAPES = 12


@dataclass(frozen=True)
class Images:
    """So many images a prompt, of one size, file format and colour mode."""

    width: int
    height: int
    count: int = 1
    format: str = "png"
    mode: str = "RGB"

    def __post_init__(self) -> None:
        try:
            import PIL  # noqa: F401
        except ImportError:
            raise pytest.UsageError("images need Pillow: pip install 'pytest-modeleval[images]'") from None

    def beside(self, text: str, draw: random.Random) -> list[Json]:
        """The content of a message with the images, then the text."""
        return [*(self._part(draw) for _ in range(self.count)), {"type": "text", "text": text}]

    def _part(self, draw: random.Random) -> Json:
        content = base64.b64encode(self.image(draw)).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/{self.format};base64,{content}"}}

    def image(self, draw: random.Random) -> bytes:
        """One image's file."""
        from PIL import Image, ImageDraw

        def colour() -> tuple[int, int, int]:
            return draw.randrange(256), draw.randrange(256), draw.randrange(256)

        picture = Image.new("RGB", (self.width, self.height), colour())
        pen = ImageDraw.Draw(picture)
        for _ in range(_SHAPES):
            left, right = sorted(draw.choices(range(self.width), k=2))
            top, bottom = sorted(draw.choices(range(self.height), k=2))
            shape = draw.choice((pen.rectangle, pen.ellipse))
            shape((left, top, right, bottom), fill=colour())
        file = io.BytesIO()
        picture.convert(self.mode).save(file, self.format)
        return file.getvalue()


def given(image: Any, text: str, where: str) -> list[Json]:
    """The content of a message: an image as a dataset has it (bytes, parquet's struct, a data URL), then the text."""
    content = image.get("bytes") if isinstance(image, Mapping) else image
    url = data_url(content) if isinstance(content, bytes) else content
    if not isinstance(url, str) or not url.startswith("data:image/"):
        raise pytest.UsageError(f"{where} has no image: {str(image)[:60]!r}")
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]


def read_size(flag: str, text: str) -> tuple[int, int]:
    """Width and height of ``512x512``."""
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()) or not all(1 <= int(side) <= 16384 for side in (width, height)):
        raise pytest.UsageError(f"{flag} takes WIDTHxHEIGHT in pixels, such as 512x512, not {text!r}")
    return int(width), int(height)


def read_format(flag: str, text: str) -> tuple[str, str]:
    """File format and colour mode of ``png`` or ``png:L``."""
    form, _, mode = text.partition(":")
    form, mode = form.lower().replace("jpg", "jpeg"), mode or "RGB"
    if form not in FORMATS or mode not in MODES or (form == "jpeg" and mode == "RGBA"):
        raise pytest.UsageError(
            f"{flag} takes one of {', '.join(FORMATS)}, with a colour mode after a colon if not RGB (L, or RGBA but in "
            f"jpeg), such as png:L; not {text!r}"
        )
    return form, mode
