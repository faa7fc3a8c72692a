"""Rows that a function makes."""

from pytest_modeleval import generated

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}"}, {"a": 3, "b": 5}, groups={"b": "letters"})


def test_a_row_is_made_of_subset_and_number() -> None:
    row = ROWS.row("b", 4)

    assert (row["q"], row.where) == ("b 4", "row 4 of b")
    assert (ROWS.count("b"), dict(ROWS.subsets)) == (5, {"a": "", "b": "letters"})


def test_examples_are_ten_rows_that_are_not_asked() -> None:
    examples = ROWS.examples("a", "train")

    assert [row["q"] for row in examples] == [f"a {number}" for number in range(3, 13)]
