"""Pictures of one coloured shape, and the questions that the tiny model which sees was taught to answer."""

import base64
import io
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

SEES = Path(__file__).with_name("tiny")
COLORS = {
    "red": (220, 30, 30),
    "green": (30, 160, 60),
    "blue": (40, 70, 220),
    "yellow": (240, 210, 40),
    "purple": (140, 40, 170),
    "orange": (245, 130, 30),
}
SHAPES = ("circle", "square")
QUESTIONS = {"color": "What color is it?", "shape": "What shape is it?"}
SIDE = 56


def drawn(color: str, shape: str, random: Random) -> Image.Image:
    """A shape of some size, at some place, of about this color, on a light ground."""
    image = Image.new("RGB", (SIDE, SIDE), tuple(random.randrange(215, 256) for _ in range(3)))
    size = random.randrange(30, 47)
    left, top = random.randrange(SIDE - size), random.randrange(SIDE - size)
    box = (left, top, left + size, top + size)
    fill = tuple(min(255, max(0, value + random.randrange(-25, 26))) for value in COLORS[color])
    draw = ImageDraw.Draw(image)
    (draw.ellipse if shape == "circle" else draw.rectangle)(box, fill=fill)
    return image


def asked(random: Random) -> tuple[Image.Image, str, str]:
    """A picture, a question about it, and the answer."""
    shown = {"color": random.choice(list(COLORS)), "shape": random.choice(SHAPES)}
    about = random.choices(list(QUESTIONS), (1, 3))[0]
    return drawn(shown["color"], shown["shape"], random), QUESTIONS[about], shown[about]


def png(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def address(image: Image.Image) -> str:
    """The picture as a ``data:`` address."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode()}"
