"""DocMath-Eval's amounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.amounts import same_amount

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


# The verdicts of the official script (`get_acc` of yale-nlp/DocMath-Eval) for the figures in these.
@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("Therefore, the answer is 41.2", "41.2"),
        ("Therefore, the answer is $1,234.56.", "1234.56"),
        ("Therefore, the answer is 41.25%.", "0.4125"),
        ("Therefore, the answer is 0.4125", "41.25"),
        ("Therefore, the answer is 0.413", "41.25"),
        ("Therefore, the answer is $1.5 million", "1500000.0"),
        ("Therefore, the answer is 1500", "1.5"),
        ("Therefore, the answer is 100.15", "100"),
        ("Therefore, the answer is 99.85", "100"),
        ("Therefore, the answer is 1234", "1234.9"),
        ("Therefore, the answer is -12.5", "12.5"),
        ("Therefore, the answer is 0", "0.0"),
        ("Therefore, the answer is 0.0004", "0.0009"),
        ("150 / 12 = 12.5", "12.5"),
        (r"\boxed{12.5}", "12.5"),
    ],
)
def test_these_are_right(answer: str, target: str) -> None:
    score = same_amount(answer, target)

    assert score, score


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("Therefore, the answer is 41.4", "41.2"),
        ("Therefore, the answer is 100.16", "100"),
        ("Therefore, the answer is 99.84", "100"),
        ("Therefore, the answer is 0.42", "41.25"),
        ("Therefore, the answer is -12.6", "12.5"),
        ("Therefore, the answer is 2", "1"),
        ("Therefore, the answer is 18", "180.5"),
        ("Therefore, the answer is 0", "12.5"),
        ("Therefore, the answer is 12.5", "0"),
        ("Therefore, the answer is 0.0011", "0.0009"),
        ("Therefore, the answer cannot be determined", "0.0"),
        ("", "0"),
        ("1/0", "0"),
        ("9" * 4000, "9.999"),
    ],
)
def test_these_are_wrong(answer: str, target: str) -> None:
    assert not same_amount(answer, target)


def test_a_missing_number_is_said() -> None:
    assert same_amount("I do not know", "12.5").why == "no number in the answer"


@pytest.mark.parametrize("target", ["", "nan", "inf", "twelve"])
def test_a_target_that_is_no_number_is_the_benchmarks_mistake(target: str) -> None:
    with pytest.raises(ValueError, match=f"the target '{target}' is no number"):
        same_amount("12.5", target)


@given(ANY_TEXT, st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_breaks_it(text: str, target: float) -> None:
    score = same_amount(text, str(target))

    assert score.value in (0.0, 1.0)
    assert score == same_amount(text, str(target))
    assert not same_amount("", str(target))


@given(st.floats(-1e12, 1e12), st.integers(-6, 6))
def test_every_amount_is_itself_in_any_unit(amount: float, power: int) -> None:
    assert same_amount(f"The answer is {amount:.20f}", f"{amount:.20f}")
    assert same_amount(f"The answer is {amount:.20f}", f"{amount:.20f}e{power}")


@given(st.floats(1, 1e12), st.floats(1.002, 4))
def test_other_amounts_are_wrong(amount: float, factor: float) -> None:
    assert not same_amount(f"{amount * factor:.20f}", f"{amount:.20f}")


@pytest.mark.parametrize("answer", ["9" * 1_000_000, "1e999", "-1e-999", "1/" * 100_000])
def test_a_long_answer_takes_no_long_time(answer: str) -> None:
    assert not same_amount(answer, "12.5")
