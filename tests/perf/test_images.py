"""Images of random prompts."""

import base64
import io
import random
from itertools import islice

import pytest

from pytest_modeleval.perf.prompts.drawn import Drawn
from pytest_modeleval.perf.prompts.images import Images, read_format, read_size
from pytest_modeleval.perf.prompts.lengths import read_lengths
from pytest_modeleval.perf.prompts.words import Writer, learn
from tests.perf.prompting import Counter_


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "png:L", "png:RGBA"])
def test_images_are_as_asked_and_no_two_alike(form: str) -> None:
    from PIL import Image

    kind, mode = read_format("", form)
    drawn = Drawn(
        Writer(learn(Counter_(lambda word: 1))),
        read_lengths("", "50"),
        images=Images(64, 48, 2, format=kind, mode=mode),
    )
    (prompt,) = islice(drawn.prompts(random.Random(3)), 1)

    content = prompt.turns[0]
    assert not isinstance(content, str)
    *images, text = content
    assert text["type"] == "text"
    urls = [image["image_url"]["url"] for image in images]
    assert len(set(urls)) == 2
    for url in urls:
        head, _, data = url.partition(",")
        assert head == f"data:image/{kind};base64"
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        assert (picture.size, picture.format, picture.mode) == ((64, 48), kind.upper(), mode)


@pytest.mark.parametrize("text", ["", "512", "512x", "0x5", "-1x5", "99999x1", "axb", "1x2x3"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--perf-image takes WIDTHxHEIGHT in pixels"):
        read_size("--perf-image", text)


@pytest.mark.parametrize("text", ["", "bmp", "png:CMYK", "jpeg:RGBA"])
def test_formats_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--perf-image-format takes one of png, jpeg, webp"):
        read_format("--perf-image-format", text)
