"""Options chosen in answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.choices import chosen_letter, same_choice

CITIES = ["Paris", "London", "Rome", "Berlin"]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("B. London", "B"),
        ("**B**", "B"),
        ("ANSWER: B", "B"),
        ("Reasons.\nANSWER: B", "B"),
        ("Answer: **B**", "B"),
        ("**Answer:** B", "B"),
        ("The answer is B.", "B"),
        ("The correct answer is (B) London.", "B"),
        ("The correct option is: B", "B"),
        ("The answer is A. Wait, no. The answer is B.", "B"),
        (r"\boxed{B}", "B"),
        (r"\boxed{\text{B}}", "B"),
        (r"The answer is $\boxed{\text{(B)}}$", "B"),
        ("It must be London\n\nB", "B"),
        ("It must be London\n\n(B)", "B"),
        ("London", "B"),
        ("London.", "B"),
        ("The answer is London", "B"),
        ("答案\uff1aB", "B"),
        ("答案是 B。", "B"),
        ("正确答案\uff1aB", "B"),
        ("\uff22", "B"),
        ("Ответ: В", "B"),
        ("الإجابة: ب", "B"),
        ("A capital city is asked for, so: ANSWER: B", "B"),
        ("Option B", "B"),
    ],
)
def test_these_choose(answer: str, letter: str) -> None:
    assert chosen_letter(answer, CITIES) == letter


@pytest.mark.parametrize(
    "answer",
    ["", "I do not know.", "A city is needed here.", "Paris or London, who knows", "Z", "The answer is E", "Bern"],
)
def test_these_choose_nothing(answer: str) -> None:
    assert chosen_letter(answer, CITIES) is None


def test_a_letter_beyond_the_options_is_none() -> None:
    assert chosen_letter("ANSWER: D", CITIES[:3]) is None


def test_a_text_that_two_options_share_is_none() -> None:
    assert chosen_letter("same", ["same", "Same."]) is None


def test_a_missing_choice_is_said() -> None:
    score = same_choice("Who knows?", "A", CITIES)

    assert (score.passed, score.why) == (False, "no option in the answer")


@pytest.mark.parametrize("target", ["E", "", "AB", "1"])
def test_a_target_beyond_the_options_is_the_benchmarks_mistake(target: str) -> None:
    with pytest.raises(ValueError, match="not one of the 4 options"):
        same_choice("A", target, CITIES)


@given(st.sampled_from("ABCD"), st.sampled_from(["ANSWER: {}", "The answer is {}.", r"\boxed{{{}}}", "({})", "{}"]))
def test_every_form_chooses_every_letter(letter: str, form: str) -> None:
    assert same_choice(form.format(letter), letter, CITIES)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert chosen_letter(text, CITIES) in (None, "A", "B", "C", "D")
