"""Where a final answer stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.answers import boxed
from pytest_modeleval.scorers.texts import final_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"\boxed{3}", "3"),
        (r"\boxed{1}, no: \fbox {2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{a \boxed{b} c}", "b"),
        (r"{\boxed{3}", "3"),
        (r"} \boxed{3} }", "3"),
        (r"\boxed{1} and \boxed{2", "1"),
        (r"\boxed{{3}", None),
        (r"\boxed 3", None),
        ("3", None),
    ],
)
def test_the_last_complete_box_is_taken(text: str, content: str | None) -> None:
    assert boxed(text) == content


def test_boxes_that_stay_open_take_no_long_time() -> None:
    """Looking for the end of each box anew would take hours for this."""
    assert boxed(r"\boxed{" * 100_000) is None
    assert boxed(r"\boxed{" * 100_000 + "}" * 100_000) == ""


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Paris", "Paris"),
        ("It is the capital.\nANSWER: Paris", "Paris"),
        ("**Answer:** Paris", "Paris"),
        ("**ANSWER: Paris**", "Paris"),
        ("Final answer: Paris\nThe answer is based on line 2.", "Paris"),
        ("ANSWER: London\nNo.\nANSWER: Paris", "Paris"),
        ("ANSWER:\nParis", "Paris"),
        ("ANSWER: Paris\nANSWER:", "Paris"),
        (r"So the answer is \boxed{\text{Paris}}.", "Paris"),
        (r"Answer: $\boxed{7}$", "7"),
        ("Therefore, the answer is Paris", "Paris"),
        ("The answer is Rome? No, the answer is Paris.", "Paris."),
        ("", ""),
        ("ANSWER:", "ANSWER:"),
    ],
)
def test_the_final_text(text: str, answer: str) -> None:
    assert final_text(text) == answer


@given(ANY_TEXT)
def test_no_text_breaks_it(text: str) -> None:
    assert final_text(text) == final_text(text)
    assert final_text(f"{text}\nANSWER: Paris") == "Paris"


@pytest.mark.parametrize("piece", ["\n", " ", "*", "answer", "answer ", "ANSWER:\n", "ANSWER: \n", r"\text{", "final "])
def test_a_long_answer_takes_no_long_time(piece: str) -> None:
    """A pattern that backtracks would need minutes for these."""
    assert len(final_text(piece * 20_000)) <= 20_000 * len(piece)
