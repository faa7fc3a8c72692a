"""LiveCodeBench's rules, beside its own script where that is quoted, and tests that are not what they should be."""

import base64
import json
import pickle
import zlib
from typing import Any

import pytest

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.contests import ERRATA, cases_of, other_output
from pytest_modeleval.scorers.programs import last_fenced


@pytest.mark.parametrize(
    ("printed", "expected", "why"),
    [
        ("1 2\n", "1 2", ""),
        ("\n 1 2 \n\n", "1 2", ""),
        ("1.0 2.50", "1 2.5", ""),
        ("1e2", "100", ""),
        ("1  2", "1 2", ""),
        ("a  b", "a b", "line 1 of the output is 'a  b', not 'a b'"),
        ("0.33333333", "0.3333333", "line 1 of the output is '0.33333333', not '0.3333333'"),
        ("50000000000000000", "50000000000000001", "line 1 of the output is *"),
        ("YES", "Yes", "line 1 of the output is 'YES', not 'Yes'"),
        ("1\n2", "1 2", "2 lines of output, not 1"),
        ("1\n\n2", "1\n2", "3 lines of output, not 2"),
        ("", "", ""),
        ("", "0", "line 1 of the output is '', not '0'"),
        ("snan", "1", "line 1 of the output is *"),
        ("1 2 3", "1 2", "line 1 of the output is *"),
    ],
)  # fmt: skip
def test_output(printed: str, expected: str, why: str) -> None:
    from fnmatch import fnmatchcase

    assert fnmatchcase(other_output(printed, expected), why.replace("[", "[[]"))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\na\n```", "a"),
        ("```\na\n```\nand\n```python\nb\nc\n```\nSo.", "b\nc"),
        ("a", ""),
        ("```python\na", ""),
        ("```\na\n```\n```\nb", ""),
        ("So: ```a``` and\nb\n```", "b"),
    ],
)
def test_code_between_the_last_two_fences(answer: str, code: str) -> None:
    assert last_fenced(answer) == code


def packed(value: Any) -> str:
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


class Import:
    """What runs a program where it is unpickled."""

    def __reduce__(self) -> Any:
        return print, ("imported",)


TESTS = json.dumps([{"input": "1", "output": "2", "testtype": "stdin"}])


def row(private: str, **other: str) -> dict[str, str]:
    return {"question_id": "q_1", "public_test_cases": "[]", "private_test_cases": private, "metadata": "{}", **other}


def test_private_tests_are_read_in_both_forms() -> None:
    """The second one is what `CodeGenerationProblem` unpacks (``lcb_runner/benchmarks/code_generation.py``)."""
    assert cases_of(row(TESTS)) == cases_of(row(packed(TESTS)))
    assert cases_of(row(TESTS, public_test_cases=TESTS)).pairs == [("1", "2"), ("1", "2")]
    assert cases_of(row(TESTS, metadata='{"func_name": "f"}')).function == "f"


@pytest.mark.parametrize(
    ("private", "why"),
    [
        (packed(Import()), "UnpicklingError: its pickle asks for builtins.print"),
        (packed([1]), "TypeError: "),
        (packed("{"), "JSONDecodeError: "),
        ("not base64!", "Error: "),
        (base64.b64encode(b"not zlib").decode(), "error: "),
        (base64.b64encode(zlib.compress(b"\x80\x05garbage")).decode(), ""),
        (base64.b64encode(zlib.compress(b"")).decode(), "EOFError: "),
        ("[", "JSONDecodeError: "),
        ('[{"input": "1"}]', "KeyError: 'output'"),
        ("[1]", "TypeError: "),
        ("", "error: "),
    ],
)
def test_tests_that_cannot_be_decoded_are_a_line(private: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SampleError) as error:
        cases_of(row(private))

    assert str(error.value).startswith(f"q_1: its private_test_cases cannot be decoded: {why}")
    assert str(error.value).endswith(": get live_code_bench's data anew, or leave the sample out")
    assert "\n" not in str(error.value)
    assert not capsys.readouterr().out


def test_without_tests_nothing_is_judged_and_public_ones_alone_judge_as_officially() -> None:
    with pytest.raises(SampleError, match=r"^q_1: its public_test_cases and private_test_cases are none: get "):
        cases_of(row("[]"))

    public = '[{"input": "1", "output": "2"}]'
    assert cases_of(row("[]", public_test_cases=public)).pairs == [("1", "2")]


def test_a_functions_arguments_that_are_no_json_are_told_before_it_is_asked() -> None:
    broken = {**row('[{"input": "[1]\\nx", "output": "1"}]'), "metadata": '{"func_name": "f"}'}

    with pytest.raises(SampleError, match="private_test_cases cannot be decoded: JSONDecodeError: "):
        cases_of({**broken, "public_test_cases": "[]"})


def test_errata_are_the_authors() -> None:
    """11 problems with several right answers, 2 interactive, 4 with wrong tests (``ERRATA.md`` at 28fef95)."""
    kinds = list(ERRATA.values())

    assert [kinds.count(kind) for kind in ("several right answers", "interactive", "wrong tests")] == [11, 2, 4]
