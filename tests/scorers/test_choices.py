"""Options chosen in answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.scorers.choices import chosen_letter, same_choice

CITIES = ["Paris", "London", "Rome", "Berlin"]
TEN = [f"the city number {place}" for place in range(10)]


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("The answer is most likely (B)", "B"),
        ("The answer seems to be B.", "B"),
        ("The correct option among these is B.", "B"),
        ("The answer is not A but B.", "B"),
        ("It is not A. It is B.", "B"),
        ("Eliminating A, C and D, we are left with B.", "B"),
        ("This matches option B.", "B"),
        ("La respuesta correcta es la opción B", "B"),
        ("答案應當是B", "B"),
        ("答案选项为B", "B"),
        ("所以说法错误的是B", "B"),
        ("不正确的选项是B", "B"),
        ("答案不是A\uff0c而是B", "B"),
        ("应该是B选项", "B"),
        ("只有B符合題意", "B"),
        ("Only B is true.", "B"),
        ("So only option B is correct", "B"),
        ("A or B? B.", "B"),
        ("It is in England, so it must be London.", "B"),
        ("Rome is in Italy. Therefore, it is London", "B"),
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
        ("so it must be (C).", "C"),
        ("It should be **(C)**", "C"),
        ("It must be (C) or (D)", None),
        ("The answer is (C) or (D).", None),
        ("The answer is (C), or (D).", None),
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
        # The option's words before what explains them, or called right.
        ("The answer is London, the capital of England.", "B"),
        ("The answer is London because Paris is in France.", "B"),
        ("The correct answer is London (option B).", "B"),
        ("Answer: **London** (B)", "B"),
        ("I looked at all.\nLondon is the correct answer.", "B"),
        ("Option A is incorrect. Option B is the answer.", "B"),
        ("Ans: B", "B"),
        ("答\uff1aB", "B"),
        ("故B正确\uff0cA、C、D错误", "B"),
    ],
)
def test_these_choose(answer: str, letter: str) -> None:
    assert chosen_letter(answer, CITIES) == letter


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("選B", "B"),
        ("故選B", "B"),
        ("所以選B", "B"),
        ("應選B", "B"),
        ("我選擇B", "B"),
        ("選項B", "B"),
        ("選項B正確", "B"),
        ("正確選項為B", "B"),
        ("答案應為B", "B"),
        ("答案應該是B", "B"),
        ("答案選B", "B"),
        ("只有B正確", "B"),
        ("答案就是B", "B"),
        ("答案\uff1a\uff42", "B"),
        ("正解はB", "B"),
        ("La respuesta correcta es B", "B"),
        ('```json\n{"answer": "B"}\n```', "B"),
        ("A: Let's think step by step. Rome is in Italy, London is the capital. So it is (B).", "B"),
        ("A: Let's think step by step.\nRome is in Italy.\nThe answer is (B).", "B"),
        ("**Option A**", "A"),
        ("The best choice is\n\n**Option A**", "A"),
        ("I believe it is **Option A**.", "A"),
        ("**Option A: Paris**", "A"),
        ("Therefore: **Option A**", "A"),
        ("正确C", "C"),
        ("因此正确C\u3002", "C"),
        ("the sarcastic statement is (B).", "B"),
        ("So the sarcastic statement is (B).", "B"),
        ("So the sarcastic statement is B.", "B"),
        ("the closest option is **C) 1m**", "C"),
        ("Long text.\nTherefore, the closest option is **C) 1m**.", "C"),
        ("答案是\uff1aD. 不存在\uff0c因为没有这样的城市", "D"),
        ("D. 不存在\uff0c因为…", "D"),
        ("答案\uff1aD、不是城市", "D"),
        ("答案是D\uff0c不是C", "D"),
        ("选D\uff0c不选A", "D"),
        ("正確選項為\uff1a\uff22", "B"),
        ("答案\uff1a\uff42\u3002", "B"),
        ("答案\uff1a\uff08\uff42\uff09倫敦", "B"),
        ("答案應該選B", "B"),
        ("正確的選項是B", "B"),
        ("Bが正解です", "B"),
        ("正解\uff1aB", "B"),
        ("答えはBです", "B"),
        ("正解は選択肢Bです\u3002", "B"),
        ("정답은 B입니다", "B"),
        ("정답: B", "B"),
        ("La respuesta correcta es la B", "B"),
        ("Respuesta: B", "B"),
        ("La opción correcta es B", "B"),
        ("La bonne réponse est B", "B"),
        ("La réponse correcte est la B", "B"),
        ('{"answer":"B","reason":"A is wrong"}', "B"),
        ('```json\n{\n  "reasoning": "London is it",\n  "answer": "B"\n}\n```', "B"),
        ('{"choice": "B"}', "B"),
        ("{'answer': 'B'}", "B"),
        ('{"correct_answer": "B"}', "B"),
        ('{"answer": "b"}', "B"),
        ("```\nB\n```", "B"),
        ('{"answer": ["B"]}', "B"),
        ('{"answer": "B. London"}', "B"),
        ('{"answer": "London"}', "B"),
        ("Let's look at each option:\nA. Paris is in France.\nB. London is in England.\nThe answer is B", "B"),
        ("B. London\n\nExplanation: A long text that goes on and on.\nAnd on.", "B"),
        ("B\n\nbecause", "B"),
        ("(B) because it is", "B"),
        ("B is correct. London is the capital.\nIt lies on the Thames.", "B"),
        ("**B) London**\n\nReasons:\n- A is wrong", "B"),
        ("b) London", "B"),
        ("b. because it lies there", "B"),
        ("<answer>B</answer>\nI hope this helps.", "B"),
        ("<answer>B</answer>", "B"),
        ("Answer:\n\nB\n\nExplanation: London.", "B"),
        ("选B\u3002\n解析\uff1a伦敦是首都\u3002", "B"),
        ("B选项正确", "B"),
        ("B\u3002因为伦敦是首都", "B"),
        ("B\uff0c因为伦敦", "B"),
        ("(b)", "B"),
        ("It is closest to option (B).", "B"),
        ("The answer is (b).", "B"),
        ("the answer is b", "B"),
        ("Answer: b)", "B"),
        ("答案 B", "B"),
        ("答案是选项B", "B"),
        ("答案是 (B)", "B"),
        ("综上所述\uff0c选择B选项", "B"),
        ("综上\uff0c正确答案是\uff1a**B**", "B"),
    ],
)
def test_these_choose_in_other_words_and_scripts(answer: str, letter: str) -> None:
    assert chosen_letter(answer, CITIES) == letter


@pytest.mark.parametrize(
    ("options", "answer", "letter"),
    [
        (["ab", "a", "b", "c"], "B", "B"),
        (["ab", "a", "b", "c"], "The answer is B.", "B"),
        (["ab", "a", "b", "c"], "c", "C"),
        (["ab", "a", "b", "c"], "ANSWER: ab", "A"),
        (["A", "B", "AB", "O"], "The answer is B", "B"),
        (["A", "B", "AB", "O"], "AB", "C"),
        (["A", "B", "AB", "O"], "The answer is O", "D"),
        (["A Type I error", "A Type II error"], "The answer is A Type II error.", "B"),
        (["Paris", "not in France"], "B not in France", "B"),
        (["巴黎", "不存在"], "B 不存在", "B"),
        (["不對", "選擇"], "答案\uff1a選擇", "B"),
        (["1m", "2m"], "the closest option is **B) 2m**", "B"),
        (["{1, 2}", "{1}"], "ANSWER: {1}", "B"),
    ],
)
def test_a_bare_letter_goes_before_an_options_text_and_that_before_a_denial(
    options: list[str], answer: str, letter: str
) -> None:
    assert chosen_letter(answer, options) == letter


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
