"""Solved examples in a text."""

from pathlib import Path

import pytest

from pytest_modeleval.datasets.solved import solved
from pytest_modeleval.sample import SampleError

TEXT = """A mark that is no part of the prompt.
-----
Count things.

Q: Two nuts and
one fig. How many?
A: Let's think step by step.
2 + 1 = 3.
So the answer is 3.

Q: Is A: or B: first?
A: Let's think step by step. So the answer is (A)."""


def test_the_examples_are_rows(tmp_path: Path) -> None:
    (tmp_path / "counting.txt").write_text(TEXT)

    first, second = solved(tmp_path / "counting.txt")

    assert first == {
        "input": "Count things.\n\nTwo nuts and\none fig. How many?",
        "target": "3",
        "solution": "Let's think step by step.\n2 + 1 = 3.\nSo the answer is 3.",
    }
    assert second == {
        "input": "Is A: or B: first?",
        "target": "(A)",
        "solution": "Let's think step by step. So the answer is (A).",
    }


@pytest.mark.parametrize("text", ["Q: One?\nSo the answer is 1.", "Q: One?\nA: Think.\nIt is 1.", "Q: One?"])
def test_an_example_without_an_answer_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "counting.txt").write_text(text)

    with pytest.raises(SampleError, match=r"example 0 of .*counting.txt has no 'A: …' that says"):
        solved(tmp_path / "counting.txt")


def test_all_of_the_real_ones_have_three(real_data: Path) -> None:
    files = sorted((real_data / "bbh" / "cot-prompts").glob("*.txt"))

    examples = [solved(file) for file in files]

    assert [len(rows) for rows in examples] == [3] * 27
    assert all("canary" not in row["input"] and len(row["target"]) < 100 for rows in examples for row in rows)
