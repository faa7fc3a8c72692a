"""MathVista's answers: check values of the official functions, and where ours differs on purpose."""

from collections.abc import Sequence

import pytest

from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.mathvista import mathvista_official, mathvista_reading, same_value

ELEVENTHS = ["3/11", "8/11", "6/11", "3/5"]


@pytest.mark.parametrize(
    ("extracted", "choices", "kind", "precision", "expected"),
    [
        ("(B) 8/11", ELEVENTHS, "text", None, "8/11"),
        ("B", ELEVENTHS, "text", None, "8/11"),
        ("8/10", ELEVENTHS, "text", None, "8/11"),
        ("", ["yes", "no"], "text", None, "no"),
        ("1.449", [], "float", 1, "1.4"),
        ("14.9", [], "integer", None, "14"),
        ("1,000", [], "integer", None, None),
        ("1e999", [], "integer", None, None),
        ("[1, 2]", [], "list", None, "[1, 2]"),
    ],
)
def test_the_official_reading(
    extracted: str, choices: Sequence[str], kind: str, precision: int | None, expected: str | None
) -> None:
    assert mathvista_reading(extracted, choices, kind, precision) == expected


@pytest.mark.parametrize(
    ("answer", "ours", "official"),
    [
        ("So ANSWER: B", True, True),
        ('The answer is "8/11".', True, True),
        ("ANSWER: 8/10", None, True),
        ("", None, False),
        ("ANSWER: C", False, False),
    ],
)
def test_the_nearest_option_is_no_answer(answer: str, ours: bool | None, official: bool) -> None:
    score = same_choice(answer, "B", ELEVENTHS)

    assert (score.passed if score.found else None) is ours
    assert mathvista_official(answer, "8/11", ELEVENTHS, "text").passed is official


@pytest.mark.parametrize(
    ("answer", "target", "kind", "precision", "ours", "official"),
    [
        ("It is 1.2 m long.\nANSWER: 1.24", "1.2", "float", 1, True, True),
        ("ANSWER: 1.26", "1.2", "float", 1, False, False),
        ("ANSWER: 14.9", "14", "integer", None, False, True),
        ("ANSWER: 1,000", "1000", "integer", None, True, True),
        ("ANSWER: [2014, 2016]", "[2014, 2016]", "list", None, True, True),
        ("ANSWER: 2014 and 2016", "[2014, 2016]", "list", None, True, False),
        ("ANSWER: [2016, 2014]", "[2014, 2016]", "list", None, False, False),
        ("I cannot see it.", "3", "float", 1, None, False),
    ],
)
def test_values(answer: str, target: str, kind: str, precision: int | None, ours: bool | None, official: bool) -> None:
    score = same_value(answer, target, kind, precision)

    assert (score.passed if score.found else None) is ours
    assert mathvista_official(answer, target, [], kind, precision).passed is official


def test_a_number_beyond_all_floats_is_wrong_and_no_error() -> None:
    assert not same_value(f"ANSWER: {'9' * 400}", "1.5", "float", 1).passed
