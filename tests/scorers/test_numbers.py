"""Numbers in answers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.sample import Completion
from pytest_modeleval.scorers.numbers import final_number, numbers_in, plain_digits, same_number, value_of


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("72", "72"),
        ("The answer is 72.", "72"),
        ("The answer is **72**.", "72"),
        ("ANSWER: 72", "72"),
        ("Answer: $72.00", "72"),
        ("#### 1,234,567", "1234567"),
        ("5 + 5 = 10\n#### 10", "10"),
        (r"so \boxed{18}", "18"),
        (r"\boxed{1{,}800}", "1800"),
        (r"first \boxed{3}, no: \boxed{\frac{1}{2}}", "0.5"),
        (r"\boxed{\dfrac{3}{4}}", "3/4"),
        ("She pays 3/4 of it", "0.75"),
        ("it is -3", "-3"),
        ("The result is \u22127", "-7"),
        ("10-3 is 7, the answer is 7. That took 2 steps.", "7"),
        ("the answer is 3 + 4 = 7", "7"),
        ("The answer is 1.5e3", "1500"),
        (".5", "0.5"),
        ("答案是:72", "72"),
        ("答案:72。", "72"),
        ("الإجابة: ٧٢", "72"),
        ("उत्तर ७२", "72"),
        ("উত্তর ৭২", "72"),
        ("The answer is \uff17\uff12", "72"),
        ("72 apples", "72.0"),
        ("costs 1\u202f234\u202f567 in all", "1234567"),
        ("The answer is 3.", "3"),
        ("on 3/4/2020 it was 5", "5"),
        ("It was 18:30, so the answer is 4", "4"),
        # A sign before a currency or a space, and separators.
        ("#### -$5", "-5"),
        (r"#### -\$5", "-5"),
        ("#### \u2212€5", "-5"),
        ("#### - 5", "-5"),
        ("#### $-5", "-5"),
        (r"\boxed{-\$5}", "-5"),
        ("The final balance is -$1,234.", "-1234"),
        ("The answer is - 5.", "-5"),
        ("x = - 5", "-5"),
        ("7-$5", "5"),
        # Mixed numbers, powers, and decimal commas where the target is no whole number.
        ("The answer is 3 1/2 cups.", "3.5"),
        ("The answer is 3\u00bd cups.", "7/2"),
        ("ANSWER: \u00bd", "0.5"),
        ("ANSWER: -2 \u2153", "-7/3"),
        (r"\boxed{3\frac{1}{2}}", "3.5"),
        (r"\boxed{10^{3}}", "1000"),
        ("2^5 = 32", "32"),
        (r"ANSWER: 1.5 \times 10^{-3}", "0.0015"),
        ("ANSWER: 3 * 10^5", "300000"),
        ("Die Antwort ist 12,5 kg.", "12.5"),
        ("ANSWER: 12,5", "12,5"),
        ("ANSWER: 12.5", "12,5 kg"),
        ("12,5", "5"),
        ("from 5%-10%", "10"),
        ("10 - 5", "5"),
        ("It is\n- 5 apples", "5"),
        ("#### 1,00,000", "100000"),
        ("12,34,567 rupees", "1234567"),
        ("The answer is 1 000.", "1000"),
        (r"\boxed{10\ 000}", "10000"),
        ("in 2020 300 people came", "300"),
        ("They meet at 2:00 pm.", "2"),
        ("5:30 p.m.", "17:30"),
        ("3:2", "3:2"),
        ("#### -US$5", "-5"),
        (r"#### -\$ 5", "-5"),
        ("#### -USD 5", "-5"),
        ("The answer is -R$5.", "-5"),
        ("#### \uff0d\uff04\uff15", "-5"),
        ("#### -\u20a95,000", "-5000"),
        ("The balance is - 5", "-5"),
        ("The answer is negative 5.", "-5"),
        ("So it is minus $5", "-5"),
        ("7 minus 5", "5"),
        ("答案是负5", "-5"),
        (r"She loses -\frac{1}{2}", "-1/2"),
        (r"\boxed{-\frac12}", "-1/2"),
        (r"\boxed{\frac{1}{-2}}", "-1/2"),
        ("costs 1\u2009234\u2009567 in all", "1234567"),
        ("costs 1'234'567 in all", "1234567"),
        # A stated sentence gives its result.
        ("The answer is not 12 but 20.", "20"),
        ("It costs 20, i.e. not 12. The answer is 20.", "20"),
        ("The answer is 12 since 5 + 7 = 12 and 12 - 2 = 10", "12"),
        ("The answer is x = 12 when y = 3.", "12"),
        ("The answer is: After 2 hours the distance is 20 miles.", "20"),
        ("Answer: In 5 days Tom reads 120 pages", "120"),
        ("The answer is that Tom reads 120 pages in 5 days", "120"),
        ("The answer is 7 because 3 is less", "7"),
        ("the regular ticket option is $15 + P. So P = 4.", "4"),
        ("**Answer:**\n\n$$\n42\n$$\n\nIt took 3 steps", "42"),
        ("Answer:\nShe has 5. She buys 7 more. That makes 12", "12"),
        # Hashes count with a number right behind them, and no heading's.
        ("#### Step 2: add 5 and 7\nThe total is 12.", "12"),
        ("#### 2. Add 5 and 7 to get 12 apples", "12"),
        ("####\n12\n\nThat was step 3", "12"),
        ("#### 12 apples of 15", "12"),
        ("#### 5 + 7 = 12", "12"),
        ("#### negative 5\nThat is 7 less", "-5"),
        (r"#### \frac{1}{2} of 6", "1/2"),
        # What a number was computed from stands behind it.
        ("The answer is 12 = 3 * 4", "12"),
        ("#### 12 = 3 * 4", "12"),
        ("Answer: 12 (=3*4)", "12"),
        ("The answer is 24 (= 2 dozen).", "24"),
        ("The answer is 3 * 4 (= 12).", "12"),
        ("The answer is x + 3 (= 12).", "12"),
        (r"The answer is $12 = 3 \times 4$.", "12"),
        ("The answer is 3 * 4 = 12", "12"),
        ("The answer is x = 2 * 5 = 10", "10"),
        ("The answer is 7 + 5 = 3 * 4 = 12", "12"),
        # A sign before a bracket.
        ("#### -(5)", "-5"),
        ("-($1,234.50)", "-1234.5"),
        ("The answer is \u2212(5).", "-5"),
        ("7-(5)", "5"),
        ("five dollars ($5)", "5"),
        # Points before a decimal comma.
        ("1.234,56", "1234.56"),
        ("The total is 1.234.567.", "1234567"),
        ("1.234.567,89", "1234567.89"),
        ("1.234.5678", "5678"),
        ("The answer is 1.234.567,89 €.", "1234567.89"),
        ("1.234, 56", "56"),
        ("1,234.56", "1234.56"),
        ("0.123,45", "45"),
    ],
)
def test_these_are_right(answer: str, target: str) -> None:
    score = same_number(answer, target)

    assert score, score


@pytest.mark.parametrize(
    ("answer", "target"),
    [
        ("1800", "18"),
        ("18", "1800"),
        ("The answer is 1,80", "180"),
        ("7-3", "-3"),
        ("3", "-3"),
        ("0.333", "1/3"),
        ("The answer is 70, not 72", "72"),
        ("no number at all", "72"),
        ("", "72"),
        ("1/0", "0"),
        ("2/0", "1"),
        ("#### -$5", "5"),
        ("3:1", "3"),
        ("#### negative 5", "5"),
        ("#### -US$5", "5"),
        ("The answer is not 12.", "12"),
        ("The domain is all real numbers except -4", "-4"),
        ("۱۲ then the answer is 13", "12"),
        ("The answer is 3 1/2.", "3"),
        (r"\boxed{3\frac{1}{2}}", "1/2"),
        (r"\boxed{2^{10}}", "10"),
        ("ANSWER: 7,5", "12,5"),
        ("ANSWER: 1,234", "1.234"),
        ("of the 30, 5/6", "185/6"),
    ],
)
def test_these_are_wrong(answer: str, target: str) -> None:
    assert not same_number(answer, target)


def test_a_missing_number_is_said() -> None:
    score = same_number("I do not know", "72")

    assert (score.value, score.why) == (0.0, "no number in the answer")


def test_what_was_read_is_the_number_and_not_the_text() -> None:
    """vote@k counts answers by it."""
    votes = [same_number(answer, "5").got for answer in ("So 2 + 3 is 5", "#### 5", "I say 5.")]

    assert votes == ["5", "5", "5"]


def test_a_division_by_zero_is_no_target() -> None:
    with pytest.raises(ValueError, match="holds no number"):
        same_number("1/0", "1/0")


def test_the_thinking_is_not_looked_at() -> None:
    completion = Completion(text="The answer is 70", thinking="surely 72")

    assert not same_number(completion, "72")


def test_a_target_without_a_number_is_the_benchmarks_mistake() -> None:
    with pytest.raises(ValueError, match="holds no number"):
        same_number("3", "three")


@given(st.integers(-(10**12), 10**12))
def test_every_whole_number_is_found_as_written(number: int) -> None:
    for text in (f"The answer is {number}.", f"{number:,}", rf"\boxed{{{number}}}", f"#### {number}"):
        assert value_of(final_number(text) or "") == number


@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_every_fraction_is_found_exactly(above: int, below: int) -> None:
    assert value_of(final_number(rf"\boxed{{\frac{{{above}}}{{{below}}}}}") or "") == Fraction(above, below)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    assert same_number(text, "1").value in (0.0, 1.0)


@pytest.mark.parametrize(
    "digits", ["٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19"]
)
def test_every_scripts_digits_are_digits(digits: str) -> None:
    assert plain_digits(digits) == "0123456789"


def test_numbers_keep_their_order() -> None:
    assert numbers_in("3 apples, 4/5 of 1,000 and -2.5") == ["3", "4/5", "1000", "-2.5"]


def test_a_long_answer_takes_no_long_time() -> None:
    """A pattern that backtracks would need minutes for this."""
    assert final_number("1" * 20_000 + "," * 20_000 + "9,99" * 5_000) is not None


@given(
    st.integers(1, 10**9), st.sampled_from(["-{}", "-${}", r"-\${}", "\u2212€{}", "$-{}", "- {}", "-{:,}", "-{:,}.00"])
)
def test_every_spelling_of_a_negative_amount_is_one_number(amount: int, spelled: str) -> None:
    for say in ("#### {}", r"\boxed{{{}}}", "The answer is {}.", "so x = {}"):
        assert same_number(say.format(spelled.format(amount)), str(-amount))
        assert not same_number(say.format(spelled.format(amount)), str(amount))
