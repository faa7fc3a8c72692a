"""The plot of how models think."""

import re
import xml.etree.ElementTree as ET

from pytest_modeleval.thinking.measures import Level, Thought
from pytest_modeleval.thinking.plot import small_multiples

SVG = "{http://www.w3.org/2000/svg}"


def levels(model: str, *names: str, tokens: float = 100) -> list[Level]:
    return [
        Level(model, "math", name, [Thought(str(n), tokens + n, 40.0 + n, 50.0, n, n > 1) for n in range(5)])
        for name in names
    ]


def drawn(*found: Level, models: tuple[str, ...] = ("a", "b")) -> ET.Element:
    return ET.fromstring(small_multiples("Thinking <on> math", found, models))


def test_there_are_six_fields_with_a_line_and_a_band_for_each_model() -> None:
    picture = drawn(*levels("a", "1", "2", "3"), *levels("b", "1", "3"))

    texts = [text.text for text in picture.iter(f"{SVG}text")]
    for title in ("Reasoning tokens", "First correct tokens", "Reflection tokens", "Token efficiency", "Thought num"):
        assert title in texts
    assert texts.count("Accuracy") == 1
    assert [texts.count(name) for name in ("1", "2", "3")] >= [6, 6, 6]
    kinds = [path.get("class", "") for path in picture.iter(f"{SVG}path")]
    assert [kinds.count(f"band s{number}") for number in (0, 1)] == [6, 6]
    assert [kinds.count(f"curve s{number}") for number in (0, 1)] == [6, 6]


def test_axes_are_as_wide_as_what_is_drawn() -> None:
    few, many = (drawn(*levels("a", "1", "2", tokens=tokens)) for tokens in (3, 90_000))

    assert "90k" in "".join(text.text or "" for text in many.iter(f"{SVG}text"))
    assert "90k" not in "".join(text.text or "" for text in few.iter(f"{SVG}text"))
    for picture in (few, many):
        height = float(picture.get("height", "0"))
        for path in picture.iter(f"{SVG}path"):
            if path.get("class", "").startswith(("band", "curve")):
                numbers = [float(number) for number in re.findall(r"-?[0-9.]+", path.get("d", ""))]
                assert all(0 <= number <= height for number in numbers)


def test_a_model_keeps_its_colour_where_another_did_not_think() -> None:
    kinds = [path.get("class", "") for path in drawn(*levels("b", "1", "2")).iter(f"{SVG}path")]

    assert "curve s1" in kinds
    assert "curve s0" not in kinds


def test_a_measure_that_nobody_knows_says_so() -> None:
    unknown = Level("a", "code", "1", [Thought("x", 10, None, None, 0, True, is_in_tokens=False)])

    texts = [text.text for text in drawn(unknown).iter(f"{SVG}text")]

    assert texts.count("not known") == 4
