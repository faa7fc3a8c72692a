"""The bundled problems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.scorers.numbers import same_number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety-nine"),
        (100, "one hundred"),
        (707, "seven hundred and seven"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert arithmetic.in_words(number) == words


@given(st.sampled_from(arithmetic.SUBSETS), st.integers(0, 10_000))
def test_the_answer_is_the_expressions_value_and_the_row_stays_the_same(subset: str, index: int) -> None:
    row = arithmetic.row(subset, index)
    a, symbol, b = row["expression"].split()

    assert int(row["answer"]) == {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[symbol]
    assert row == arithmetic.row(subset, index)
    assert same_number(row["answer"], row["answer"])
    digits = int(subset[-1])
    assert {len(a), len(b)} == {digits}
