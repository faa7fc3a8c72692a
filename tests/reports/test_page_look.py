"""The page for a browser: windows of any width, dark and light, and paper."""

import re

import pytest

from pytest_modeleval.sample import Completion, Sample, Score
from tests.reports.conftest import Open, Stored, cells, right, wrong


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 800, 1600])
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
