"""The page on which people label: two answers in a random order, numbers, texts that stay texts."""

import json
from pathlib import Path

import pytest

from pytest_modeleval.judging.labels import PAIR, Choices, read_labels
from pytest_modeleval.reports.labelling import ToLabel, write_labelling
from tests.reports.conftest import Open

ABOUT = {"benchmark": "arena", "run": "0" * 32, "seed": 0, "of": 9}


def to_label(number: int, *texts: str) -> ToLabel:
    return ToLabel(f"{number:016x}", f"main-{number:05}", "main", f"question {number}", "", texts)


@pytest.mark.browser
def test_of_two_answers_the_better_one_is_told_whichever_stands_first(tmp_path: Path, open_page: Open) -> None:
    drawn = [to_label(number, "good", "bad") for number in range(6)]
    assert {each.swapped for each in drawn} == {True, False}
    write_labelling(tmp_path / "pairs.html", drawn, Choices(PAIR), about=ABOUT)
    page = open_page(tmp_path / "pairs.html")

    page.locator("h1").click()
    for number in range(6):
        first, second = page.locator("#answer .answer").all_inner_texts()
        assert {first, second} == {"good", "bad"}
        page.keyboard.press("t" if number == 5 else "a" if first == "good" else "b")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download").click()
    found.value.save_as(tmp_path / "pairs.jsonl")

    labels = read_labels(tmp_path / "pairs.jsonl").labels
    assert [label.label for label in labels] == ["first"] * 5 + ["tie"]
    assert [label.about for label in labels] == [each.about for each in drawn]


@pytest.mark.browser
def test_a_key_that_is_held_labels_one_answer(tmp_path: Path, open_page: Open) -> None:
    write_labelling(
        tmp_path / "held.html", [to_label(n, "x") for n in range(4)], Choices({"no": 0, "yes": 1}), about=ABOUT
    )
    page = open_page(tmp_path / "held.html")

    page.locator("h1").click()
    for _ in range(3):
        page.keyboard.down("y")
    page.keyboard.up("y")

    assert "2 of 4, 1 labelled" in page.locator("#progress").inner_text()


@pytest.mark.browser
def test_a_number_is_typed_and_none_beyond_the_ends_is_taken(tmp_path: Path, open_page: Open) -> None:
    write_labelling(tmp_path / "numbers.html", [to_label(1, "x"), to_label(2, "y")], Choices({}, (1, 10)), about=ABOUT)
    page = open_page(tmp_path / "numbers.html")

    field = page.get_by_label("a number from 1 to 10")
    field.fill("11")
    field.press("Enter")
    assert "1 of 2, 0 labelled" in page.locator("#progress").inner_text()
    field.fill("7.5")
    field.press("Enter")
    assert "2 of 2, 1 labelled" in page.locator("#progress").inner_text()
    with page.expect_download() as found:
        page.get_by_role("button", name="Download").click()
    found.value.save_as(tmp_path / "numbers.jsonl")

    (label,) = read_labels(tmp_path / "numbers.jsonl").labels
    assert (label.label, label.sample, label.policy) == (7.5, "main-00001", "")


def test_a_label_s_key_is_its_first_letter_where_no_other_has_that(tmp_path: Path) -> None:
    labels = {"CORRECT": 1.0, "CLOSE": 0.5, "INCORRECT": 0.0, "对": 1.0}
    write_labelling(tmp_path / "keys.html", [to_label(1, "x")], Choices(labels), about=ABOUT)

    text = (tmp_path / "keys.html").read_text()
    data = json.loads(text.partition('id="labels">')[2].partition("</script>")[0])
    assert [choice["key"] for choice in data["choices"]] == ["1", "2", "I", "4"]
