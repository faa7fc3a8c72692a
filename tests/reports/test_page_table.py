"""The page for a browser: its table of samples, which sorts, filters and is moved in."""

import re

import pytest

from pytest_modeleval.reports.page import SEARCHED
from pytest_modeleval.sample import Sample
from tests.conftest import run, run_alone
from tests.reports.conftest import ERROR, Open, Say, Stored, cells, right, wait_until, wrong


@pytest.mark.browser
def test_a_real_model_s_run_is_clicked_through(pytester: pytest.Pytester, open_page: Open) -> None:
    run_alone(pytester, "--model", "tiny", "-k", "multiply", "--eval-repeats", "2", "--eval-write", "page.html")
    page = open_page(pytester.path / "page.html")

    page.get_by_role("button", name="Samples", exact=True).click()
    assert "150 of 150 samples" in page.locator("#count").inner_text()
    page.get_by_label("Outcome").select_option("wrong")
    names = cells(page, "sample")
    assert names[1] == f"{names[0]} #2"
    page.locator("#row-1").click()

    assert page.locator("#sample-name").inner_text() == f"arithmetic[{names[0]}] #2"
    got, expected = page.locator("#sample-body dd").all_inner_texts()[:2]
    assert int(got) != int(expected)
    assert page.locator("pre.answer").inner_text() == got
    assert re.search(r"\d+ tokens asked, \d+ answered · \d+\.\d\d s", page.locator(".facts").last.inner_text())


@pytest.mark.browser
def test_a_number_of_what_went_wrong_leads_to_its_samples(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say(
        {
            "easy 1": "41",
            "easy 2": "I do not know.",
            "hard 0": ERROR,
            "hard 1": "I'm sorry, but I can't help with that.",
        }
    )
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")

    kinds = page.locator("section", has_text="What went wrong").locator("tbody tr").all_inner_texts()
    assert kinds == ["no answer found\t1", "refused\t1", "request error\t1", "wrong answer\t1"]
    page.locator("tr", has_text="refused").get_by_role("button").click()
    assert cells(page, "sample") == ["hard-00001"]
    assert cells(page, "outcome") == ["✗ refused"]
    page.get_by_label("What went wrong").select_option("request error")
    assert cells(page, "outcome") == ["! request error"]


@pytest.mark.browser
def test_samples_are_filtered_by_outcome_subset_and_text(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": "41", "easy 2": "I guess 40", "hard 0": ERROR})
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")
    page.get_by_role("button", name="Samples").click()

    def shown() -> list[str]:
        return cells(page, "sample")

    assert len(shown()) == 10
    page.get_by_label("Outcome").select_option("wrong")
    assert shown() == ["easy-00001", "easy-00002"]
    assert page.locator("#count").inner_text() == "2 of 10 samples"
    page.get_by_label("Outcome").select_option("error")
    assert shown() == ["hard-00000"]
    page.get_by_role("button", name="Show all").click()
    assert len(shown()) == 10
    page.get_by_label("Subset").select_option("hard")
    assert shown() == [f"hard-0000{n}" for n in range(4)]
    page.get_by_label("Subset").select_option("")
    # In any case, in the answer, the error and the question.
    for text, found in {
        "GUESS": ["easy-00002"],
        "tired": ["hard-00000"],
        "hard 3:": ["hard-00003"],
        "nothing": [],
    }.items():
        page.get_by_label("Search").fill(text)
        assert shown() == found


@pytest.mark.browser
def test_arrow_keys_move_and_j_and_k_turn_the_pages(stored: Stored, open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(3000)]))
    page.get_by_role("button", name="Samples").click()
    table = page.locator("#table")

    table.focus()
    table.press("ArrowDown")
    table.press("Enter")
    page.keyboard.press("j")
    assert page.locator("#sample-name").inner_text() == "quiz[main-00002]"
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.locator("#sample-name").inner_text() == "quiz[main-00000]"
    page.keyboard.press("Escape")
    table.press("End")
    assert cells(page, "sample")[-1] == "main-02999"
    assert page.locator("tr.cursor").inner_text().split("\t")[1] == "main-02999"
    assert page.locator("tr.cursor").bounding_box()["y"] < page.viewport_size["height"]  # type: ignore[index]


@pytest.mark.browser
def test_of_many_samples_only_those_in_sight_are_in_the_document(stored: Stored, open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(15_000)]))
    page.get_by_role("button", name="Samples").click()

    assert 0 < page.locator("#table tbody tr").count() < 80
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight / 2)")
    wait_until(page, "document.querySelector('#table tbody tr:nth-child(2)').id > 'row-1'")
    names = cells(page, "sample")
    assert any("main-075" in name for name in names)
    assert len(names) < 80
    assert page.locator("#table").get_attribute("aria-rowcount") == "15001"


@pytest.mark.browser
def test_a_column_s_title_sorts_by_it_and_again_the_other_way(stored: Stored, open_page: Open) -> None:
    samples = [(Sample("a", "42"), *right()), (Sample("b", "42"), None, None), (Sample("c", "42"), *wrong())]
    page = open_page(stored(samples))
    page.get_by_role("button", name="Samples").click()

    def by(title: str) -> list[str]:
        page.locator("#table thead").get_by_role("button", name=title).click()
        return [name[-1] for name in cells(page, "sample")]

    # What has no score comes last, whichever way.
    assert by("score") == ["2", "0", "1"]
    assert page.locator("#table thead th[aria-sort=ascending]").inner_text() == "score ▲"
    assert by("score") == ["0", "2", "1"]
    assert by("question") == ["0", "1", "2"]
    assert by("question") == ["2", "1", "0"]


@pytest.mark.browser
def test_a_text_is_searched_as_far_as_the_table_has_it(stored: Stored, open_page: Open) -> None:
    text = "x" * (SEARCHED - 6) + "needle" + "behind"
    page = open_page(stored([(Sample("q", "42"), *wrong(text))]))
    page.get_by_role("button", name="Samples").click()

    page.get_by_label("Search").fill("needle")
    assert len(cells(page, "sample")) == 1
    page.get_by_label("Search").fill("behind")
    assert cells(page, "sample") == []
