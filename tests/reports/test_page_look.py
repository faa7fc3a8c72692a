"""The page for a browser: windows of any width, dark and light, and paper."""

import base64
import importlib.util
import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageColor

from pytest_modeleval.reports import plots
from pytest_modeleval.reports.page import COLUMNS, write
from pytest_modeleval.reports.svg import DARK, LIGHT
from pytest_modeleval.sample import Completion, Sample, Score
from tests.reports.conftest import Open, Stored, cells, right, wait_until, wrong


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 390, 1600])
def test_nothing_is_wider_than_the_window(stored: Stored, open_page: Open, width: int) -> None:
    long = "a-very-long-word-without-a-break-" * 20
    side = [
        (Sample(f"{long} {n}", long), Completion(long, long), Score(0.0, False, long, long, long)) for n in range(30)
    ]
    page = open_page(stored(side, side), viewport={"width": width, "height": 700})

    def too_wide() -> int:
        return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    assert too_wide() == 0
    page.get_by_role("button", name="Samples").click()
    assert too_wide() == 0
    page.get_by_label("Compare").select_option("")
    assert too_wide() == 0
    page.locator("#row-0").click()
    body = "document.getElementById('sample-body')"
    assert page.evaluate(f"{body}.scrollWidth - {body}.clientWidth") == 0


@pytest.mark.browser
def test_dark_and_light_are_the_reader_s_choice_and_texts_stand_out_in_both(stored: Stored, open_page: Open) -> None:
    path = stored([(Sample("q", "42"), *wrong())])

    grounds = {}
    for scheme in ("light", "dark"):
        page = open_page(path, color_scheme=scheme)
        page.get_by_role("button", name="Samples").click()
        ground = _luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for element in ("body", "#count", "#table td.outcome .badge", "#to-overview"):
            ink = _luminance(page.evaluate(f"getComputedStyle(document.querySelector('{element}')).color"))
            # WCAG 2.1, 1.4.3: at least 4.5 to 1.
            assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5, (scheme, element)
        grounds[scheme] = ground

    assert grounds["light"] > 0.9 > 0.1 > grounds["dark"]


def _luminance(colour: str) -> float:
    """WCAG's relative luminance of a colour as a browser gives it."""
    linear = [
        ((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92
        for c in map(int, re.findall(r"\d+", colour)[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# What is opened: the overview, the samples, and one of them.
VIEWS = ("", "#view=samples", "#view=samples&sample=1%2Fm%2Fquiz%5Bmain-00000%5D")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(stored: Stored, open_page: Open, scheme: str) -> None:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe: pip install axe-playwright-python")
    axe = Path(found.origin).with_name("axe.min.js").read_text()
    asked = [
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "6 * 7?"},
    ]
    path = stored(*[[(Sample(asked, f"{n}"), *side) for n in range(12)] for side in (right(), wrong())])

    for link in VIEWS:
        for width in (390, 1280):
            page = open_page(path, link, color_scheme=scheme, viewport={"width": width, "height": 800})
            page.evaluate(axe)
            said = page.evaluate("axe.run().then(({ violations }) => violations.map(({ id, impact }) => [id, impact]))")
            assert said == [], (link, width)


@pytest.mark.browser
def test_plots_follow_the_reader_s_choice_of_dark_or_light(open_page: Open, tmp_path: Path) -> None:
    svg = base64.b64encode(plots.lines("Latency", "in flight", "ms", {"": [(1, 1.0)]}).encode()).decode()
    screen = {**EMPTY, "tables": [{"title": "Loads", "cells": [["load"]]}], "plots": [{"title": "latency", "svg": svg}]}
    write(tmp_path / "page.html", screen, [])

    for scheme in ("light", "dark"):
        page = open_page(tmp_path / "page.html", color_scheme=scheme)
        wait_until(page, "document.querySelector('figure img').naturalWidth === 400")
        image = Image.open(io.BytesIO(page.locator("figure img").screenshot()))
        ground = f"#{image.convert('RGB').crop((2, 30, 3, 31)).tobytes().hex()}"
        assert ground == {"light": LIGHT, "dark": DARK}[scheme]["ground"]
        assert f"rgb{ImageColor.getrgb(ground)}" == page.evaluate("getComputedStyle(document.body).backgroundColor")


EMPTY = {
    **dict.fromkeys(("scores", "gate", "regressed", "comparisons", "notes"), ()),
    "title": "a run",
    "exit_status": 0,
    "columns": COLUMNS,
}


@pytest.mark.browser
def test_on_paper_there_are_the_rows_and_no_controls(stored: Stored, open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(600)]))
    page.get_by_role("button", name="Samples").click()

    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert len(cells(page, "sample")) == 500
    assert page.locator("#rest").inner_text() == "… and 100 more samples"
    assert not page.locator("#filters").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(cells(page, "sample")) < 80
