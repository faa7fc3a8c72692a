"""Options chosen in answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.choices import chosen_letter, likeliest, probability_mass, same_choice

CITIES = ["Paris", "London", "Rome", "Berlin"]
TEN = [f"the city number {place}" for place in range(10)]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(B)", "B"),
        ("B.", "B"),
        ("B. London", "B"),
        ("**B**", "B"),
        ("ANSWER: B", "B"),
        ("Reasons.\nANSWER: B", "B"),
        ("Answer: **B**", "B"),
        ("**Answer:** B", "B"),
        ("The answer is B.", "B"),
        ("The correct answer is (B) London.", "B"),
        ("The correct option is: B", "B"),
        ("The answer is A. Wait, no. The answer is B.", "B"),
        (r"\boxed{B}", "B"),
        (r"\boxed{\text{B}}", "B"),
        (r"The answer is $\boxed{\text{(B)}}$", "B"),
        ("It must be London\n\nB", "B"),
        ("It must be London\n\n(B)", "B"),
        ("London", "B"),
        ("London.", "B"),
        ("The answer is London", "B"),
        ("答案\uff1aB", "B"),
        ("答案是 B。", "B"),
        ("正确答案\uff1aB", "B"),
        ("\uff22", "B"),
        ("Ответ: В", "B"),
        ("الإجابة: ب", "B"),
        ("A capital city is asked for, so: ANSWER: B", "B"),
        ("Option B", "B"),
        ("Letter B", "B"),
        ("**Answer: (C)**", "C"),
        ("**Final Answer**\n\n**C**", "C"),
        ("### Answer\nC", "C"),
        ("The correct answer is **C) Rome**", "C"),
        ("Correct answer: C. Rome", "C"),
        ("The answer is: **C**.", "C"),
        ("The answer is option (C)", "C"),
        ("The answer to this question is C.", "C"),
        ("The best option would be C", "C"),
        ("The answer must be C", "C"),
        ("ANSWER: the letter C", "C"),
        ("ANSWER: [C]", "C"),
        ("ANSWER: C\n\nExplanation: Not A", "C"),
        ("ANSWER: C\n\nExplanation: the answer is not A, as that is in France.", "C"),
        ("The answer is C, not A.", "C"),
        ("C, since A and B are wrong", "C"),
        ("ANSWER: C, B is wrong.", "C"),
        ("答案是C\uff0cD错误", "C"),
        ("故选C\uff0cA项错误", "C"),
        ("A. Paris is in the north. B. London is an island.\nANSWER: C", "C"),
        ("A is correct.", "A"),
        ("The answer is A because it lies on the Seine", "A"),
        ("Let us see.\n\nTherefore C.", "C"),
        ("Let us see.\n\nC) Rome", "C"),
        ("Let us see.\n<answer>C</answer>", "C"),
        ("I would choose C.", "C"),
        ("I'd go with (C).", "C"),
        ("Option A is wrong. Option C is correct.", "C"),
        ("Final answer: $C$", "C"),
        (r"\boxed{C. Rome}", "C"),
        (r"\(\boxed{\textbf{(C)}}\)", "C"),
        ("'C'", "C"),
        ("选C", "C"),
        ("故选C。", "C"),
        ("我选择 C", "C"),
        ("不选A\uff0c选C", "C"),
        ("答案选C", "C"),
        ("答案为C", "C"),
        ("答案应为\uff1aC", "C"),
        ("答案应该是C", "C"),
        ("正确选项是C", "C"),
        ("正确的选项为 C", "C"),
        ("正确答案是选项C", "C"),
        ("答案是C因为罗马是首都。", "C"),
        ("答案\uff1a\uff08C\uff09罗马", "C"),
        ("答案\uff1a“C”", "C"),
        ("【答案】C", "C"),
        ("C选项正确", "C"),
        ("选项C正确", "C"),
        ("C项符合题意", "C"),
        ("A错误\uff0cB错误\uff0c故选C", "C"),
    ],
)
def test_these_choose(answer: str, letter: str) -> None:
    assert chosen_letter(answer, CITIES) == letter


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I do not know.",
        "A city is needed here.",
        "The answer is a city.",
        "Paris or London, who knows",
        "Z",
        "The answer is E",
        "Bern",
        "I think A or B",
        "The answer is A or B",
        "ANSWER: A, B",
        "ANSWER: A, B and C",
        "答案\uff1aA\uff0cB",
        "答案\uff1aA\uff0cB和C",
        "Answer: A/B",
        "A and B",
        "Both A and C",
        "AB",
        "ABCD",
        "答案\uff1aAC",
        "答案是A或B",
        "A、B",
        "A和B都对",
        "A、B正确",
        "The answer is not C",
        "I would not choose A",
        "不选A",
        "A不正确",
        "B is wrong because London is no city.",
        "A isn't right, so is B.",
        "Neither A nor B",
        "None of the above",
        "Perhaps A is correct. Perhaps C is correct.",
        "ANSWER:",
        r"\boxed{}",
        r"\boxed{C",
    ],
)
def test_these_choose_nothing(answer: str) -> None:
    assert chosen_letter(answer, CITIES) is None


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("ANSWER: J", "J"),
        ("The answer is (J).", "J"),
        ("H) the city number 7", "H"),
        ("the city number 7", "H"),
        ("I", "I"),
        ("(I)", "I"),
        ("ANSWER: I", "I"),
        ("The answer is I because it is large", "I"),
        ("I. the city number 8", "I"),
        ("I choose I", "I"),
        ("I'd say J", "J"),
        ("I'm sure the answer is G", "G"),
        ("C, I think", "C"),
        ("I am not sure.", None),
        ("I think so", None),
        ("I, J", None),
        ("K", None),
        ("ANSWER: K", None),
    ],
)
def test_ten_options_reach_to_j_and_i_is_also_a_word(answer: str, letter: str | None) -> None:
    assert chosen_letter(answer, TEN) == letter


def test_an_article_before_the_options_own_words_is_its_letter() -> None:
    assert chosen_letter("ANSWER: A big ice", ["big ice", "steam"]) == "A"
    assert chosen_letter("ANSWER: A big ice", ["steam", "a big ice"]) == "B"


@pytest.mark.parametrize(
    ("answer", "passed"),
    [("ANSWER: B", True), ("ANSWER: D", True), ("ANSWER: C", False), ("ANSWER: B, D", False), ("", False)],
)
def test_each_of_several_right_letters_passes(answer: str, passed: bool) -> None:
    score = same_choice(answer, "BD", CITIES)

    assert (score.passed, score.expected) == (passed, "B or D")


def test_a_letter_beyond_the_options_is_none() -> None:
    assert chosen_letter("ANSWER: D", CITIES[:3]) is None


def test_a_text_that_two_options_share_is_none() -> None:
    assert chosen_letter("same", ["same", "Same."]) is None


def test_a_missing_choice_is_said() -> None:
    score = same_choice("Who knows?", "A", CITIES)

    assert (score.passed, score.why) == (False, "no option in the answer")


@pytest.mark.parametrize("target", ["E", "", "AE", "A,B", "1"])
def test_a_target_beyond_the_options_is_the_benchmarks_mistake(target: str) -> None:
    with pytest.raises(ValueError, match="not one of the 4 options"):
        same_choice("A", target, CITIES)


FORMS = ["ANSWER: {}", "The answer is {}.", r"\boxed{{{}}}", "({})", "{}", "答案\uff1a{}", "故选{}。", "I choose {}."]


@given(st.sampled_from("ABCDEFGHIJ"), st.sampled_from(FORMS))
def test_every_form_chooses_every_letter(letter: str, form: str) -> None:
    assert same_choice(form.format(letter), letter, TEN)


@given(st.text(st.characters(), max_size=200) | st.text("ABI orand,/()不选项答案是:*\n", max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    letter = chosen_letter(text, CITIES)

    assert letter in (None, "A", "B", "C", "D")
    assert letter == chosen_letter(text, CITIES)
    assert letter is None or text.strip()


@pytest.mark.parametrize(
    "piece", ["\\boxed{", "answer is ", "answer:\n", "*", "(", "A ", "A,", "选", "choose ", "option ", "C is "]
)
def test_a_long_answer_takes_no_long_time(piece: str) -> None:
    """A search that begins anew at every place would need minutes for this."""
    assert chosen_letter(piece * (100_000 // len(piece)), TEN) in (None, "A", "C")


@pytest.mark.parametrize(
    ("logprobs", "letter"),
    [
        ([-1.0, -2.0], "A"),
        ([-3.0, -2.5, -2.6], "B"),
        ([-2.0, -1.0, -1.0], "B"),
        ([-math.inf, -900.0], "B"),
        ([-math.inf, -math.inf], "A"),
        ([-30.0 + place for place in range(26)], "Z"),
    ],
    ids=["first", "middle", "equals", "impossible", "all-impossible", "many"],
)
def test_the_likeliest_option(logprobs: list[float], letter: str) -> None:
    assert likeliest(logprobs) == letter


@pytest.mark.parametrize(
    ("logprobs", "right", "value"),
    [
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [0], 0.6),
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [0, 2], 0.8),
        ([math.log(0.3), math.log(0.1), math.log(0.1)], [1], 0.2),
        ([-10.0, -10.0], [1], 0.5),
        # exp(-1000) is 0 as a float.
        ([-1000.0, -1000.0 - math.log(3)], [0], 0.75),
        ([0.0, -math.inf], [1], 0.0),
        ([-math.inf, -5.0], [1], 1.0),
        ([-5.0, -6.0], [0, 1], 1.0),
    ],
    ids=["best", "two", "wrong", "equal", "tiny", "impossible", "certain", "all"],
)
def test_the_mass_on_the_right_answers(logprobs: list[float], right: list[int], value: float) -> None:
    score = probability_mass(logprobs, right, name="mc2")

    assert score.value == pytest.approx(value)
    assert (score.name, score.passed) == ("mc2", value > 0.5)


LOGPROBS = st.lists(st.floats(-1e6, 0), min_size=2, max_size=26)


@given(LOGPROBS, st.data())
def test_masses_of_right_and_wrong_answers_add_up(logprobs: list[float], data: st.DataObject) -> None:
    right = data.draw(st.sets(st.integers(0, len(logprobs) - 1)))
    wrong = set(range(len(logprobs))) - right

    masses = [probability_mass(logprobs, sorted(places)).value for places in (right, wrong)]

    assert sum(masses) == pytest.approx(1)
    assert likeliest(logprobs) == likeliest(logprobs)
    assert logprobs["ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(likeliest(logprobs))] == max(logprobs)
