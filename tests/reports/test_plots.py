"""Plots as SVG texts: what is in them, that they are the same each time, and that no name breaks them."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from pytest_modeleval.reports import plots
from pytest_modeleval.reports.plots import Interval

pytest.importorskip("matplotlib")

HOSTILE = "<script>alert(1)</script> $x^{ \x00\x1b[31m\ud800 & 汉"


def texts(svg: str) -> list[str]:
    """The texts of a plot, once it is read as XML."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


DRAWN: dict[str, Callable[[str], str]] = {
    "intervals": lambda name: plots.intervals(name, [Interval(name, 0.5, 0.4, 0.6, name), Interval(name, 0.6)]),
    "against_length": lambda name: plots.against_length({name: [1, 2, 9], "b": [2]}, {name: [1.0, 0, 1], "b": [1]}),
    "distribution": lambda name: plots.distribution(name, "seconds", {name: [0.1, 0.2, 9.0]}),
    "regressed": lambda name: plots.regressed([(name, 1.0, 0.0)]),
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
    linked = [value for one in tree.iter() for key, value in one.attrib.items() if key.endswith(("href", "src"))]

    assert linked
    assert all(value.startswith("#") for value in linked)
    assert "DOCTYPE" not in DRAWN[name]("gsm8k")


@pytest.mark.parametrize(
    "svg",
    [
        pytest.param(lambda: plots.intervals("none", []), id="intervals"),
        pytest.param(lambda: plots.against_length({"m": []}, {"m": []}), id="against_length"),
        pytest.param(lambda: plots.distribution("none", "s", {}), id="distribution"),
        pytest.param(lambda: plots.regressed([]), id="regressed"),
        pytest.param(lambda: plots.lines("none", "x", "y", {}), id="lines"),
    ],
)
def test_nothing_to_draw_is_an_empty_plot(svg: Callable[[], str]) -> None:
    assert ET.fromstring(svg()).tag.endswith("svg")


def test_a_value_is_marked_only_where_it_is_given() -> None:
    def shapes(line: float | None) -> int:
        return plots.intervals("gsm8k", [Interval("a", 0.5, 0.4, 0.6)], line=line).count("<path")

    assert shapes(0.45) == shapes(None) + 1


def test_only_the_first_regressed_samples_are_drawn_and_counted() -> None:
    shown = texts(plots.regressed([(f"main-{n:05}", 1.0, 0.0) for n in range(100)]))

    assert "Regressed samples, 40 of 100" in shown
    assert "main-00039" in shown
    assert "main-00040" not in shown


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


def test_the_library_is_imported_by_the_first_plot_only() -> None:
    code = "import sys, pytest_modeleval.reports.plots; print('matplotlib' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_with_the_library_there_is_nothing_to_tell() -> None:
    assert plots.lacking() == []
