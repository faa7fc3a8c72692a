"""The page for a browser: two runs or two models side by side."""

import pytest

from pytest_modeleval.sample import Sample
from tests.conftest import run
from tests.reports.conftest import Open, Say, Stored, cells, right, wrong


@pytest.mark.browser
def test_two_runs_stand_side_by_side_differences_first(stored: Stored, open_page: Open) -> None:
    asked = [Sample(f"question {n}", "42") for n in range(6)]
    before = [right(), right(), wrong(), wrong("41", "41"), (None, None), right()]
    after = [right(), wrong("It is 43.", "43"), right(), wrong("44", "44"), right(), right()]
    page = open_page(stored(*([(a, *b) for a, b in zip(asked, side, strict=True)] for side in (before, after))))

    overview = page.locator("#overview").inner_text()
    assert "Regressed (1)" in overview
    assert "0ababab" in overview
    page.get_by_role("button", name="Samples").click()
    changes = ["regressed", "fixed", "in error", "other answer", "same", "same"]
    assert cells(page, "outcome") == changes
    assert [name[-1] for name in cells(page, "sample")] == ["1", "2", "4", "3", "0", "5"]
    page.get_by_label("Change").select_option("regressed")
    page.locator("#row-0").click()
    sides = page.locator("#sample-body article").all_inner_texts()
    assert len(sides) == 2
    assert "0abababa m" in sides[0]
    assert "It is 43." in sides[1]
    # The prompt is the same for both: it is there once.
    assert page.locator("#sample-body").inner_text().count("question 1") == 1


@pytest.mark.browser
def test_two_models_of_a_run_stand_side_by_side(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "--model", "other", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")

    assert "Models compared" in page.locator("#overview").inner_text()
    page.set_viewport_size({"width": 390, "height": 800})
    table = page.locator("#overview .scroll", has_text="Difference of the second")
    assert table.get_by_text("difference", exact=True).bounding_box()["x"] < 300  # type: ignore[index]
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="side by side").click()

    assert page.get_by_label("Compare").input_value() == "0,1"
    assert page.locator("#count").inner_text() == "10 of 10 samples"
    kinds = cells(page, "outcome")
    assert kinds == sorted(kinds, key=["regressed", "fixed", "in error", "other answer", "same"].index)
    assert kinds.count("regressed") == 9
    page.get_by_label("Compare").select_option("")
    assert page.locator("#count").inner_text() == "20 of 20 samples"
    page.get_by_label("Model").select_option("other")
    assert page.locator("#count").inner_text() == "10 of 20 samples"
