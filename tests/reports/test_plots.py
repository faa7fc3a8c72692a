"""Plots as SVG texts: what is in them, that they are the same each time, and that no name breaks them."""

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

import pytest

from pytest_modeleval.reports import plots
from pytest_modeleval.reports.plots import Interval
from pytest_modeleval.reports.svg import DARK, LIGHT, WIDE, Scale, amount, length, short

HOSTILE = "<script>alert(1)</script> $x^{ \x00\x1b[31m\ud800 & 汉"


def texts(svg: str) -> list[str]:
    """The texts of a plot, once it is read as XML."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


DRAWN: dict[str, Callable[[str], str]] = {
    "intervals": lambda name: plots.intervals(name, [Interval(name, 0.5, 0.4, 0.6, name), Interval(name, 0.6)]),
    "against_length": lambda name: plots.against_length({name: [1, 2, 9], "b": [2]}, {name: [1.0, 0, 1], "b": [1]}),
    "distribution": lambda name: plots.distribution(name, "seconds", {name: [0.1, 0.2, 9.0]}),
    "lines": lambda name: plots.lines(name, "in flight", name, {name: [(1, 10.0), (8, 60.0)]}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_the_same_text_each_time(name: str) -> None:
    assert DRAWN[name]("gsm8k") == DRAWN[name]("gsm8k")


@pytest.mark.parametrize("name", DRAWN)
def test_a_hostile_name_is_text_in_it(name: str) -> None:
    svg = DRAWN[name](HOSTILE)

    assert "<script" not in svg
    assert any("<script>alert(1)</script> $x^{" in text for text in texts(svg))


@pytest.mark.parametrize("name", DRAWN)
def test_it_loads_nothing_from_elsewhere(name: str) -> None:
    tree = ET.fromstring(DRAWN[name]("gsm8k"))

    assert not [key for one in tree.iter() for key in one.attrib if key.endswith(("href", "src"))]
    assert "url(" not in DRAWN[name]("gsm8k")


@pytest.mark.parametrize(
    "svg",
    [
        pytest.param(lambda: plots.intervals("none", []), id="intervals"),
        pytest.param(lambda: plots.against_length({"m": []}, {"m": []}), id="against_length"),
        pytest.param(lambda: plots.distribution("none", "s", {}), id="distribution"),
        pytest.param(lambda: plots.lines("none", "x", "y", {}), id="lines"),
    ],
)
def test_nothing_to_draw_is_an_empty_plot(svg: Callable[[], str]) -> None:
    assert ET.fromstring(svg()).tag.endswith("svg")


def test_a_value_is_marked_only_where_it_is_given() -> None:
    def marks(line: float | None) -> int:
        return plots.intervals("gsm8k", [Interval("a", 0.5, 0.4, 0.6)], line=line).count('class="axis"')

    assert (marks(0.45), marks(None)) == (1, 0)


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_is_wider_than_the_picture_or_small(name: str) -> None:
    """As wide as a phone, so that it is not made smaller there."""
    svg = DRAWN[name]("a model's very long name, of an owner with another long name/and-a-version-of-it-too" * 3)

    assert WIDE <= 400
    assert all(length(text) <= WIDE for text in texts(svg))
    assert set(re.findall(r"(\d+)px system-ui|font-size:(\d+)px", svg)) == {("13", ""), ("", "12")}


@pytest.mark.parametrize(("low", "high"), [(-0.2, 0.15), (-0.15, 0.2), (-12345.0, 0.0), (0.0, 98765432.0)])
def test_no_text_is_cut_at_the_picture_s_edge(low: float, high: float) -> None:
    """A change of -0.2 whose sign is cut off reads as its opposite."""
    drawn = [
        plots.intervals("change", [Interval("a", (low + high) / 2, low, high)]),
        plots.lines("a", "in flight", "tokens/s", {"m": [(low, low), (high, high)]}),
    ]
    for text in (text for svg in drawn for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")):
        wide = length("".join(text.itertext()))
        left = float(text.attrib["x"]) - {"start": 0, "middle": wide / 2, "end": wide}[text.attrib["text-anchor"]]
        assert left >= -0.1, "".join(text.itertext())
        assert left + wide <= WIDE + 0.1, "".join(text.itertext())


def test_the_end_of_a_name_is_kept_where_it_is_cut() -> None:
    assert short("gsm8k[main-00042]", 400) == "gsm8k[main-00042]"
    assert short("x" * 500 + "-v2", 100).endswith("x-v2")
    assert length(short("汉" * 500, 100)) <= 100


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_stands_out_from_its_ground(scheme: Mapping[str, str]) -> None:
    for name, colour in scheme.items():
        # WCAG 2.1: 1.4.3 for texts, 1.4.11 for what is drawn.
        least = 0.0 if name in ("ground", "raised", "line", "mark") else 3.0 if name[1:].isdigit() else 4.5
        assert _contrast(colour, scheme["ground"]) >= least, name
        if least == 4.5:
            assert _contrast(colour, scheme["raised"]) >= least, name


def _contrast(one: str, two: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]), ((0, 2100), [0, 500, 1000, 1500, 2000]), ((-0.07, 0.06), [-0.05, 0, 0.05])],
)
def test_an_axis_has_round_numbers(ends: tuple[float, float], expected: list[float]) -> None:
    assert Scale(*ends, 0, 400).ticks(5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (0.25, "0.25"), (0.1 + 0.2, "0.3"), (1500, "1,500"), (20_000, "20k"), (3e6, "3M")]
)
def test_a_number_at_an_axis_is_short(number: float, said: str) -> None:
    assert amount(number) == said


def test_what_is_infinite_is_not_drawn() -> None:
    svg = plots.lines("Latency", "in flight", "ms", {"": [(1, 5.0), (2, math.inf), (3, math.nan)]})

    assert not re.search(r"\b(inf|nan)\b", svg)
    assert svg.count("translate(") == 1


def test_the_largest_value_is_in_the_last_bar() -> None:
    """Thirty steps of 0.14 from 1.1 end a little before 5.3."""
    values = [1.1, *[5.3] * 40]

    heights = [
        float(text) for text in texts(plots.distribution("Latency", "seconds", {"m": values})) if text.isdecimal()
    ]

    assert max(heights) >= 30


def test_answers_of_one_length_are_one_group() -> None:
    groups = plots._by_length([5] * 30 + [7, 8], [1.0] * 32)

    assert [len(group) for group in groups] == [30, 2]
