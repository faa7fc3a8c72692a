"""The page for a browser: what is seen stands in its address."""

from pathlib import Path

import pytest

from pytest_modeleval.sample import Sample
from tests.reports.conftest import Open, Stored, cells, right, wait_until, wrong


@pytest.fixture
def page_of_five(stored: Stored) -> Path:
    return stored([(Sample(f"question {n}", "42"), *(right() if n % 2 else wrong())) for n in range(5)])


@pytest.mark.browser
def test_view_filters_search_and_order_are_in_the_address(page_of_five: Path, open_page: Open) -> None:
    page = open_page(page_of_five)
    page.get_by_role("button", name="Samples", exact=True).click()
    page.get_by_label("Outcome").select_option("wrong")
    page.get_by_label("Search").fill("question")
    page.locator("#table thead").get_by_role("button", name="sample").click(click_count=2)
    wait_until(page, "location.hash === '#view=samples&outcome=wrong&text=question&sort=-sample'")

    again = open_page(page_of_five, "#" + page.url.partition("#")[2])

    assert cells(again, "sample") == ["main-00004", "main-00002", "main-00000"]
    assert again.get_by_label("Search").input_value() == "question"
    assert again.get_by_label("Outcome").input_value() == "wrong"
    again.get_by_role("button", name="Overview").click()
    wait_until(again, "location.hash === ''")


@pytest.mark.browser
def test_an_open_sample_is_in_the_address_among_those_that_were_filtered(page_of_five: Path, open_page: Open) -> None:
    page = open_page(page_of_five, "#view=samples&outcome=wrong")
    page.locator("#row-1").click()
    wait_until(page, "location.hash.includes('sample=0%2Fm%2Fquiz%5Bmain-00002%5D')")

    again = open_page(page_of_five, "#" + page.url.partition("#")[2])

    assert again.locator("#sample-name").inner_text() == "quiz[main-00002]"
    again.keyboard.press("j")
    assert again.locator("#sample-name").inner_text() == "quiz[main-00004]"


@pytest.mark.browser
def test_another_address_typed_into_the_open_page_is_followed(page_of_five: Path, open_page: Open) -> None:
    page = open_page(page_of_five, "#view=samples&text=question+3")
    assert cells(page, "sample") == ["main-00003"]

    page.evaluate("location.hash = '#view=samples&outcome=right'")

    wait_until(page, "document.getElementById('count').textContent.startsWith('2 of 5')")
    assert page.get_by_label("Search").input_value() == ""


@pytest.mark.browser
@pytest.mark.parametrize(
    "link",
    ["#view=samples&outcome=nonsense&sort=nothing&sample=9/x/y[z]&pair=7,8", "#%E0%A4%A&view=samples", "#view=samples"],
)
def test_what_an_address_names_that_is_not_here_is_left_out(page_of_five: Path, open_page: Open, link: str) -> None:
    page = open_page(page_of_five, link)

    assert page.locator("#count").inner_text() == "5 of 5 samples"
    assert not page.locator("dialog").is_visible()


@pytest.mark.browser
def test_a_link_to_one_list_of_two_runs_shows_one_list(stored: Stored, open_page: Open) -> None:
    asked = [Sample(f"question {n}", "42") for n in range(3)]
    path = stored([(a, *right()) for a in asked], [(a, *wrong()) for a in asked])
    page = open_page(path, "#view=samples")
    assert page.locator("#count").inner_text() == "3 of 3 samples"
    page.get_by_label("Compare").select_option("")
    wait_until(page, "location.hash === '#view=samples&pair='")

    again = open_page(path, "#view=samples&pair=")

    assert again.locator("#count").inner_text() == "6 of 6 samples"
