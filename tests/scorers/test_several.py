"""Which of several right options does an answer settle on?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.several import chosen_letters, same_choices

CITIES = ["Paris", "London", "Rome", "Berlin"]


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("ANSWER: AC", "AC"),
        ("ANSWER: A, C", "AC"),
        ("ANSWER: C, A", "AC"),
        ("ANSWER: A and C", "AC"),
        ("**ANSWER:** A, B, and D.", "ABD"),
        ("Reasons.\nANSWER: (A) (C)", "AC"),
        ("ANSWER: A/C", "AC"),
        ("The answers: A & C", "AC"),
        ("The correct answers are A and C.", "AC"),
        ("The right options are **A** and **C**.", "AC"),
        ("The correct answers are A and B. Wait, no.\nANSWER: AC", "AC"),
        ("ANSWER: AB. Wait, no.\nSo the correct answers are A and C.", "AC"),
        ("Two answers are correct. ANSWER: AC", "AC"),
        ("故选\uff1aA、C", "AC"),
        ("所以选AC。", "AC"),
        ("不选A", ""),
        ("ANSWER: a, c", "AC"),
        ("ANSWER: a city", ""),
        ("ANSWER: Paris, Rome", "AC"),
        ("ANSWER: Paris and Rome", "AC"),
        ("ANSWER: Paris, Madrid", ""),
        ("A. Paris\nC. Rome", "AC"),
        ("C. Paris\nA. Rome", ""),
        ("A. Paris\nB. London\nC. Rome\nD. Berlin", ""),
        ("The answer is A, C because both are in the EU.", "AC"),
        ("The answer is AB. Wait, no. The answer is AC.", "AC"),
        ("The correct answer is options A and C", "AC"),
        ("ANSWER: A. Paris, C. Rome", "AC"),
        ("ANSWER: A) Paris and C) Rome", "AC"),
        ("ANSWER: B", "B"),
        ("ANSWER: London", "B"),
        (r"\boxed{A, C}", "AC"),
        (r"\boxed{\text{AC}}", "AC"),
        ("AC", "AC"),
        ("A, C", "AC"),
        ("Both are capitals\n\nA C", "AC"),
        ("答案\uff1aA、C", "AC"),
        ("答案是 A和C。", "AC"),
        ("正确答案\uff1aＡＣ", "AC"),
        ("ANSWER: ABCD", "ABCD"),
        ("ANSWER: A capital city", ""),
        ("ANSWER: AZ", ""),
        ("ANSWER: none", ""),
        ("Paris and London are", ""),
        ("", ""),
    ],
)
def test_these_letters_are_chosen(answer: str, letters: str) -> None:
    assert "".join(sorted(chosen_letters(answer, CITIES))) == letters


@pytest.mark.parametrize(
    ("answer", "target", "right"),
    [
        ("ANSWER: C, A", "AC", True),
        ("ANSWER: A", "AC", False),
        ("ANSWER: ABC", "AC", False),
        ("ANSWER: B, D", "AC", False),
        ("ANSWER: A", "A", True),
        ("", "AC", False),
    ],
)
def test_all_right_options_and_no_other(answer: str, target: str, right: bool) -> None:
    assert same_choices(answer, target, CITIES).passed == right


@pytest.mark.parametrize("target", ["", "E", "AE", "1"])
def test_targets_beyond_the_options_are_the_benchmarks_mistake(target: str) -> None:
    with pytest.raises(ValueError, match="not of the 4 options"):
        same_choices("A", target, CITIES)


@given(
    st.sets(st.sampled_from("ABCD"), min_size=1),
    st.sampled_from(["", ", ", " and ", "、", " "]),
    st.sampled_from(["ANSWER: {}", "The answer is {}.", r"\boxed{{{}}}", "{}"]),
)
def test_every_form_chooses_every_set(letters: set[str], joint: str, form: str) -> None:
    target = "".join(sorted(letters))

    assert same_choices(form.format(joint.join(target)), target, CITIES)


@given(st.text(st.characters(), max_size=200))
def test_no_text_breaks_the_choice_of_several(text: str) -> None:
    assert chosen_letters(text, CITIES) == chosen_letters(text, CITIES) <= set("ABCD")


@pytest.mark.parametrize("text", ["A " * 50_000, "ANSWER: " * 20_000, "A." * 50_000, "(" * 50_000])
def test_long_answers_are_read(text: str) -> None:
    assert chosen_letters(text, CITIES) <= set("ABCD")
