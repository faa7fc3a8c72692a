"""Where the code stands in an answer, and what tests call."""

import pytest

from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.scorers.programs import between_marks, first_fenced, function_called, short
from tests.sandbox.multiple import ADD, CONCATENATE


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


PROSE = (
    "I cannot do that.",
    "Sorry",
    "Yes, sure",
    "I'm sorry, but as a model I can't help with this (for good reasons):\n\n- it is long, and\n- hard - very hard.\n\nBye!",
    "",
)  # fmt: skip
PYTHON = (
    *("    return x", "def f(x): return x", "print(", "x = [\n1\n]", "import os", "f(x)", "while True: pass"),
    *("The code:\n\ndef f(x):\n    return x\n\nBye!", "[0] * 10**10", "def f(x)\n    return x"),
)


@pytest.mark.parametrize("language", ["python", *LANGUAGES])
def test_prose_without_a_fence_is_no_code(language: str) -> None:
    assert [text for text in PROSE if first_fenced(text, language)] == []
    found = PYTHON if language == "python" else (ADD[language], CONCATENATE[language])
    assert [text for text in found if first_fenced(text, language) != text] == []


def test_what_a_fence_holds_is_code() -> None:
    assert first_fenced("```\nI cannot do that.\n```") == "I cannot do that.\n"
    assert between_marks("[BEGIN]\nI cannot do that.\n[DONE]") == ""


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
