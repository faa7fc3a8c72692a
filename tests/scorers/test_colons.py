"""Times of day and ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.colons import same_with_colons


@pytest.mark.parametrize(
    ("gold", "answer", "same"),
    [
        ("12:00", "12:00", True),
        ("12:00", "1:00", False),
        ("12:00 a.m.", "0:00", True),
        ("12:00 pm", "12:00", True),
        ("5:00 pm", "5:00 PM", True),
        ("5:00 p.m.", "5:00 a.m.", False),
        ("5:00 p.m.", "17:00", True),
        ("5:00 a.m.", "17:00", False),
        ("1:03:20", "01:03:20", True),
        ("2", "2:00 pm", True),
        ("2:00", "2", True),
        ("2", "2:30", False),
        ("1:15", "2:30", False),
        ("1:15", "1/15", True),
        ("1/15", "1:15", False),
        ("3:2", "3 : 2", True),
        ("3:2", r"\frac{6}{4}", True),
        ("1:2:3", "2:4:6", True),
        ("1:2:3", "1:2", False),
        ("3:1", "3", False),
        ("3", "3:1", False),
        ("3/2", "1.5", None),
        ("x+1", "5", None),
    ],
)
def test_times_and_ratios(gold: str, answer: str, same: bool | None) -> None:
    assert same_with_colons(gold, answer) is same


CLOCK = st.builds("{}:{:02}{}".format, st.integers(0, 12), st.integers(0, 59), st.sampled_from(["", "am", " p.m."]))


@given(CLOCK, CLOCK)
def test_two_times_are_the_same_whichever_comes_first(one: str, other: str) -> None:
    assert same_with_colons(one, one)
    assert same_with_colons(one, other) is same_with_colons(other, one)
