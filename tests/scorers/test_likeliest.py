"""Choices by log-likelihood: the likeliest option, and the probability on the right answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.choices import likeliest, probability_mass


@pytest.mark.parametrize(
    ("logprobs", "letter"),
    [
        ([-1.0, -2.0], "A"),
        ([-3.0, -2.5, -2.6], "B"),
        ([-2.0, -1.0, -1.0], "B"),
        ([-math.inf, -900.0], "B"),
        ([-math.inf, -math.inf], "A"),
        ([-30.0 + place for place in range(26)], "Z"),
    ],
    ids=["first", "middle", "equals", "impossible", "all-impossible", "many"],
)
def test_the_likeliest_option(logprobs: list[float], letter: str) -> None:
    assert likeliest(logprobs) == letter


@pytest.mark.parametrize(
    ("logprobs", "right", "value"),
    [
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [0], 0.6),
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [0, 2], 0.8),
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [1], 0.2),
        ([-10.0, -10.0], [1], 0.5),
        # exp(-1000) is 0 as a float.
        ([-1000.0, -1000.0 - math.log(3)], [0], 0.75),
        ([0.0, -math.inf], [1], 0.0),
        ([-math.inf, -5.0], [1], 1.0),
        ([-5.0, -6.0], [0, 1], 1.0),
    ],
    ids=["best", "two", "wrong", "equal", "tiny", "impossible", "certain", "all"],
)
def test_the_mass_on_the_right_answers(logprobs: list[float], right: list[int], value: float) -> None:
    score = probability_mass(logprobs, right, name="mc2")

    assert score.value == pytest.approx(value)
    assert (score.name, score.passed) == ("mc2", value > 0.5)


LOGPROBS = st.lists(st.floats(-1e6, 0), min_size=2, max_size=26)


@given(LOGPROBS, st.data())
def test_masses_of_right_and_wrong_answers_add_up(logprobs: list[float], data: st.DataObject) -> None:
    right = data.draw(st.sets(st.integers(0, len(logprobs) - 1)))
    wrong = set(range(len(logprobs))) - right

    masses = [probability_mass(logprobs, sorted(places)).value for places in (right, wrong)]

    assert sum(masses) == pytest.approx(1)
    assert likeliest(logprobs) == likeliest(logprobs)
    assert logprobs["ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(likeliest(logprobs))] == max(logprobs)
