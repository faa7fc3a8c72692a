"""Where the code stands in an answer, and what tests call."""

import pytest

from pytest_modeleval.scorers.programs import between_marks, function_called, short


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("[BEGIN]\nx = 1\n[DONE]\n\nAnother task", "\nx = 1\n"),
        ("x = 1\n[DONE]", "x = 1\n"),
        ("Here:\n[BEGIN]\nx = 1", "\nx = 1"),
        ("[BEGIN]\n```python\nx = 1\n```\n[DONE]", "x = 1\n"),
        ("Here:\n```\nx = 1\n```", "x = 1\n"),
        ("[DONE]", ""),
    ],
)
def test_code_between_marks(answer: str, code: str) -> None:
    assert between_marks(answer) == code


@pytest.mark.parametrize(
    ("tests", "name"),
    [
        ("assert double(2) == 4", "double"),
        ("assert set(similar((3, 4), (4,))) == set((4,))", "similar"),
        ("assert sum(1, 2) == 3", "sum"),
        ("import math\nassert math.isclose(area(2), 4.0)", "area"),
        ("assert x.y(2) == 4", ""),
        ("assert (", ""),
    ],
)
def test_the_function_that_tests_call(tests: str, name: str) -> None:
    assert function_called(tests) == name


def test_what_python_does_not_write_is_shown_as_its_kind() -> None:
    assert [short(10**5000), short([10**5000]), short("a")] == ["<int>", "<list>", "'a'"]
