"""Pictures of samples: where they stand, what of them is sent, and what is refused."""

import base64
import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from pytest_modeleval import Sample
from pytest_modeleval.items.pictures import address_of, content_of, joined
from pytest_modeleval.items.prompts import composed
from pytest_modeleval.sample import SampleError
from pytest_modeleval.store.addresses import DataAddress
from tests.conftest import FaultyServer, run


def picture(
    kind: str = "PNG", size: tuple[int, int] = (3, 2), mode: str = "RGB", color: Any = "red", **options: Any
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, color if mode == "RGB" else None).save(written, kind, **options)
    return written.getvalue()


def sent(address: str) -> tuple[str, bytes]:
    head, _, data = address.partition(";base64,")
    return head, base64.b64decode(data)


def shape(content: Any) -> list[str]:
    """The parts: a text as it is, a picture as its first letters."""
    return [part["text"] if part["type"] == "text" else part["image_url"]["url"][:15] for part in content]


PNG, GIF = picture(), picture("GIF")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what is it?", ["data:image/png;", "data:image/gif;", "what is it?"]),
        ("is <image 2> in <image 1>?", ["is ", "data:image/gif;", " in ", "data:image/png;", "?"]),
        ("<image1><image_2> which?", ["data:image/png;", "data:image/gif;", " which?"]),
        ("look at <image 2>", ["data:image/png;", "look at ", "data:image/gif;"]),
        ("<image 1> <image 2>\n<image 1>", ["data:image/png;", "data:image/gif;", "data:image/png;"]),
    ],
)
def test_they_stand_where_the_text_says(text: str, expected: Sequence[str]) -> None:
    assert shape(content_of(text, [PNG, GIF])) == expected


def test_a_text_without_pictures_stays_as_it_is() -> None:
    assert content_of("the tag <image 1> of HTML", []) == "the tag <image 1> of HTML"


def test_a_place_without_a_picture_is_an_error() -> None:
    with pytest.raises(SampleError, match="a place for <image 3>, and the sample has 2 pictures"):
        content_of("<image 3>", [PNG, GIF])
    with pytest.raises(SampleError, match="a place for <image 0>, and the sample has one picture"):
        content_of("<image 0>", [PNG])


@pytest.mark.parametrize(
    "given",
    [
        PNG,
        {"bytes": PNG, "path": None},
        base64.b64encode(PNG).decode(),
        f"data:image/jpg;base64,{base64.b64encode(PNG).decode()}",
    ],
    ids=["bytes", "parquet", "base64", "address"],
)
def test_its_kind_is_told_by_its_bytes_which_are_sent_as_they_are(given: object) -> None:
    assert sent(address_of(given)) == ("data:image/png", PNG)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_what_servers_take_is_sent_as_it_is(kind: str) -> None:
    content = picture(kind)

    assert sent(address_of(content)) == (f"data:image/{kind.lower()}", content)


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L"])
@pytest.mark.parametrize("kind", ["TIFF", "BMP"])
def test_what_they_do_not_take_is_sent_as_png(kind: str, mode: str) -> None:
    if (kind, mode) == ("BMP", "CMYK"):
        pytest.skip("there is no such BMP")
    head, content = sent(address_of(picture(kind, mode=mode)))

    assert head == "data:image/png"
    with Image.open(io.BytesIO(content)) as read:
        assert (read.format, read.size) == ("PNG", (3, 2))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_turned_upright(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    head, content = sent(address_of(picture(kind, exif=exif)))

    assert head == f"data:image/{kind.lower()}"
    with Image.open(io.BytesIO(content)) as read:
        assert read.size == (2, 3)
        assert read.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"", "is no picture that can be read; it begins with b''"),
        (b"\x89PNG\r\n\x1a\n", "is no picture that can be read"),
        (PNG[:-20], "was cut: its last bytes (53 in all) are no end of a PNG file"),
        (picture("JPEG", (300, 300))[:-400], "was cut"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "is SVG, which no model reads"),
        ({"bytes": None, "path": "a.png"}, "has no bytes in its row: {'bytes': None, 'path': 'a.png'}"),
        ("https://example.com/a.png", "is at https://example.com/a.png, which is not fetched"),
        ("file:///etc/passwd", "is at file:///etc/passwd, which is not fetched"),
        ("data:image/png,abc", "is the text 'data:image/png,abc'"),
        ("a.png", "is the text 'a.png': give its bytes, base64 or a data: address"),
        (7, "is 7: give its bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_one_line(given: object, expected: str) -> None:
    with pytest.raises(SampleError, match=re.escape(f"picture 2 {expected}")):
        content_of("?", [PNG, given])


def test_a_bomb_is_not_unpacked() -> None:
    with (
        pytest.raises(SampleError, match="has 10,000 x 10,000 pixels, of at most 89,478,485"),
        pytest.warns(Image.DecompressionBombWarning),
    ):
        address_of(picture("PNG", (10_000, 10_000), "1"))
    with pytest.raises(SampleError, match="has more than 89,478,485 pixels"):
        address_of(picture("PNG", (20_000, 20_000), "1"))


def test_contents_are_joined() -> None:
    one = content_of("a <image 1>", [PNG])

    assert joined(["a", "b"], " - ") == "a - b"
    assert shape(joined([one, "b", one], " - ")) == ["a ", "data:image/png;", " - b - a ", "data:image/png;"]


@pytest.mark.parametrize("turns", [True, False])
def test_solved_examples_have_theirs(turns: bool) -> None:
    sample = Sample({"question": "what is <image 1>?"}, "a cat", pictures=[PNG])
    example = Sample({"question": "and this?"}, "a dog", pictures=[GIF])

    messages = composed(sample, [example], template="Say: {question}", turns=turns).messages

    asked = [message["content"] for message in messages]
    if turns:
        assert [shape(asked[0]), asked[1], shape(asked[2])] == [
            ["data:image/gif;", "Say: and this?"],
            "a dog",
            ["Say: what is ", "data:image/png;", "?"],
        ]
    else:
        assert [*map(shape, asked)] == [
            ["data:image/gif;", "Say: and this?\n\na dog\n\n\nSay: what is ", "data:image/png;", "?"]
        ]


def test_options_may_be_pictures() -> None:
    sample = Sample({"question": "which?"}, "B", ["<image 1>", "<image 2>"], pictures=[PNG, GIF])

    (message,) = composed(sample, [], template="{question}\n{options}").messages

    assert shape(message["content"]) == ["which?\nA. ", "data:image/png;", "\nB. ", "data:image/gif;"]
    assert composed(sample, [], template="{question}\n{options}").asked == "which?"


WAITING = """
import base64, io
from PIL import Image
from pytest_modeleval import Completion, Sample, benchmark, generated

def drawn(color):
    written = io.BytesIO()
    Image.new("RGB", (3, 2), color).save(written, "PNG")
    return written.getvalue()

made = []
ROWS = generated(lambda subset, index: {"n": index}, {"main": 3})

def to_sample(row):
    made.append(row)
    return Sample("what is it?", "42", pictures=[drawn((row["n"], CHANGED, 0))], metadata=row)

@benchmark(ROWS, to_sample)
def test_seen(sample: Sample, completion: Completion) -> None:
    assert sample.messages[0]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert sample.metadata and completion.text == sample.target
"""


def test_a_sample_that_waited_has_its_pictures_again(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_seen=WAITING.replace("CHANGED", "0"))

    run(project, "--model", "faulty", "test_seen.py").assert_outcomes(passed=3)

    again = run(project, "--model", "faulty", "test_seen.py")
    again.assert_outcomes(passed=3)
    assert len(faulty.asked) == 3
    assert {asked["messages"][0]["content"][0]["image_url"]["url"] for asked in faulty.asked} == {
        DataAddress.of("image/png", picture(color=(number, 0, 0))) for number in range(3)
    }


def test_a_row_that_gives_another_picture_each_time_is_an_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_seen=WAITING.replace("CHANGED", "len(made)"))

    result = run(project, "--model", "faulty", "test_seen.py")

    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["*its row gave another prompt when it was read again: to_sample is to give the same*"])
