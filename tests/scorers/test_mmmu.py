"""MMMU's and MMMU-Pro's official rules: check values of the official functions."""

from collections.abc import Sequence

import pytest

from pytest_modeleval.scorers.mmmu import mmmu_choice, mmmu_letter, mmmu_open, mmmu_pro_choice, mmmu_pro_letter

ANIMALS = ["a cat", "a dog", "a fish", "a bird"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A or (C)", "C"),
        ("The answer is B.", "B"),
        ("I think a fish would be the right thing here", "C"),
        ("A B", "B"),
        ("none of these are good", None),
        ("(A), no: (B), so (A)", "A"),
        ("a fish", None),
        ("", None),
    ],
)
def test_the_letter(text: str, expected: str | None) -> None:
    assert mmmu_letter(text, ANIMALS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It could be (A) or (B).\nAnswer: C", "C"),
        ("Answer: A or B", "B"),
        ("The answer is B.", "B"),
        ("It is B. That is all", "B"),
        ("none of these are good", None),
    ],
)
def test_the_letter_of_mmmu_pro(text: str, expected: str | None) -> None:
    assert mmmu_pro_letter(text, ANIMALS) == expected


@pytest.mark.parametrize("judged", [mmmu_choice, mmmu_pro_choice])
def test_a_guess_is_worth_what_it_is_on_average(judged: object) -> None:
    assert callable(judged)
    score = judged("none of these are good", "A", ANIMALS, name="official")

    assert (score.value, score.passed, score.found, score.name) == (0.25, False, False, "official")


@pytest.mark.parametrize(
    ("targets", "answer", "expected"),
    [
        (["60"], "So the answer is 60.", True),
        ([".5"], "The result is 1/2 = 0.50", True),
        (["A", "apple"], "It is an apple", True),
        (["1,234"], "final answer 1234", True),
        (["x"], "the answer is box", False),
        (["x"], "the answer is x or y", True),
        (["2.345"], "= 2.35", True),
        (["2.345"], "= 2.34", False),
        (["60"], "", False),
        (["60"], "so 60 =", True),
        (["3"], "it is 3 or 4 =", True),
        (["3"], "So 3 =\n=", True),
    ],
)
def test_open_answers(targets: Sequence[str], answer: str, expected: bool) -> None:
    assert mmmu_open(answer, targets).passed is expected
