"""What the exam benchmarks make of their rows, beyond what a right and a wrong answer show."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import (
    test_arc,
    test_bbh,
    test_ceval,
    test_cmmlu,
    test_gpqa_diamond,
    test_hellaswag,
    test_iquiz,
    test_mmlu,
    test_mmlu_pro,
    test_mmlu_redux,
    test_musr,
    test_process_bench,
    test_race,
    test_super_gpqa,
    test_truthful_qa,
    test_winogrande,
)
from pytest_modeleval import Row, SampleError
from pytest_modeleval.sample import label_in
from tests.conftest import run
from tests.test_benchmarks import RECORDED, write_rows


@pytest.mark.parametrize(
    ("subsets", "sizes"),
    [
        pytest.param(
            test_ceval.CEVAL.subsets,
            {"STEM": 20, "Social Science": 10, "Humanities": 11, "Other": 11},
            id="ceval",
        ),
        pytest.param(
            test_cmmlu.CMMLU.subsets,
            {"STEM": 17, "Humanities": 13, "Social Science": 22, "Other": 15},
            id="cmmlu",
        ),
        pytest.param(
            test_super_gpqa.SUPER_GPQA.subsets,
            {
                "Agronomy": 5,
                "Economics": 2,
                "Education": 3,
                "Engineering": 30,
                "History": 1,
                "Law": 2,
                "Literature and Arts": 4,
                "Management": 4,
                "Medicine": 6,
                "Military Science": 1,
                "Philosophy": 1,
                "Science": 12,
                "Sociology": 1,
            },
            id="super_gpqa",
        ),
    ],
)
def test_subjects_are_in_the_papers_groups(subsets: Mapping[str, str], sizes: dict[str, int]) -> None:
    assert Counter(subsets.values()) == sizes


def test_numbers_of_subsets_are_the_papers() -> None:
    datasets = [test_ceval.CEVAL, test_cmmlu.CMMLU, test_super_gpqa.SUPER_GPQA, test_mmlu_pro.MMLU_PRO]

    assert [len(dataset.subsets) for dataset in datasets] == [52, 67, 72, 14]
    assert len(test_cmmlu.CHINA_SPECIFIC) == 15
    assert set(test_cmmlu.CMMLU.subsets) > test_cmmlu.CHINA_SPECIFIC


def test_questions_on_china_have_a_line_of_their_own(pytester: pytest.Pytester) -> None:
    write_rows(pytester, "cmmlu")
    answers = RECORDED["cmmlu"].right | RECORDED["cmmlu"].wrong
    lines = [json.dumps({"id": f"cmmlu[{item}]", "text": text}) for item, text in answers.items()]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))

    flags = ["--model", "replay:answers.jsonl", "--eval-data", "data"]
    result = run(pytester, *flags, "-k", "test_cmmlu[ and (chinese_history or anatomy)")

    # 4 of 7 on China, and 5 of all 9.
    result.stdout.re_match_lines([r".*cmmlu +main +9 +0 +0.556", r".* china_specific +7 +0 +0.571"])


def gpqa_row(number: int) -> Row:
    wrong = {f"Incorrect Answer {place}": f" {place} \n" for place in (1, 2, 3)}
    return Row({"Question": f" Made-up question {number}?\n", "Correct Answer": "0 ", **wrong}, "row 0")


def test_gpqas_right_letter_is_each_as_often() -> None:
    letters = Counter(test_gpqa_diamond.to_sample(gpqa_row(number)).target for number in range(1000))

    assert set(letters) == set("ABCD")
    assert all(200 < count < 300 for count in letters.values())


def test_gpqas_options_are_stripped_and_their_order_never_changes() -> None:
    """The order on this machine, for ever: a stored answer's letter means an option."""
    samples = [test_gpqa_diamond.to_sample(gpqa_row(number)) for number in (0, 1, 2, 0)]

    assert [("".join(sample.options), sample.target) for sample in samples] == [
        ("0231", "A"),
        ("0132", "A"),
        ("2013", "B"),
        ("0231", "A"),
    ]


@pytest.mark.parametrize(
    ("explanation", "solution"), [("1. 二加二。", "1. 二加二。\n答案\uff1aB"), ("", "答案\uff1aB")], ids=["dev", "val"]
)
def test_cevals_solutions_explain_where_the_row_does(explanation: str, solution: str) -> None:
    row = {"question": "2 + 2", "A": "3", "B": "4", "C": "5", "D": "6", "answer": "B", "explanation": explanation}

    assert test_ceval.to_sample(Row(row, "row 0")).shown_solution == solution


def pro_row(**fields: Any) -> Row:
    row = {"options": [" 1", "2 ", "N/A"], "answer": "B", "answer_index": 1, "category": "math", "cot_content": ""}
    return Row({"question": "1 + 1?", **row, **fields}, "row 0")


@pytest.mark.parametrize(
    ("thought", "solution"),
    [
        (
            "A: Let's think step by step. 1 + 1 = 2. The answer is (B).",
            "Let's think step by step. 1 + 1 = 2.\nANSWER: B",
        ),
        ("A: One and one.\nThe answer is B", "One and one.\nANSWER: B"),
        ("The answer is (A) for 0 + 1. Here: 2.", "The answer is (A) for 0 + 1. Here: 2.\nANSWER: B"),
        ("", "ANSWER: B"),
    ],
)
def test_mmlu_pros_solutions_end_as_the_prompt_wants_it(thought: str, solution: str) -> None:
    sample = test_mmlu_pro.to_sample(pro_row(cot_content=thought))

    assert (sample.shown_solution, sample.options) == (solution, ["1", "2"])


def redux_row(error: str, correct: str | None, answer: int = 0) -> Row:
    row = {"question": "?", "choices": ["1", "2", "3", "4"], "answer": answer, "potential_reason": None}
    return Row({**row, "error_type": error, "correct_answer": correct}, "row 7 of anatomy/test.jsonl")


@pytest.mark.parametrize(
    ("error", "correct", "target", "first"),
    [
        ("ok", None, "A", "1"),
        ("ok", "3", "A", "1"),
        ("expert", None, "A", "1"),
        ("bad_question_clarity", "2", "A", "1"),
        ("bad_options_clarity", None, "A", "1"),
        ("wrong_groundtruth", "C", "C", "1"),
        ("wrong_groundtruth", " 2 ", "C", "1"),
        ("multiple_correct_answers", "B,C", "BC", "1"),
        ("multiple_correct_answers", "0 1 3", "ABD", "1"),
        ("multiple_correct_answers", "(0, 1)", "AB", "1"),
        ("multiple_correct_answers", "3 or 0", "AD", "1"),
        ("multiple_correct_answers", "2 and 3", "CD", "1"),
        ("multiple_correct_answers", "depends on interpretation", "A", "1"),
        ("multiple_correct_answers", None, "A", "1"),
        ("no_correct_answer", "g = 2.105", "A", "g = 2.105"),
        ("no_correct_answer", "7.69 (so ~8, but that is a remark)", "A", "7.69"),
        ("no_correct_answer", "appeal to nature?", "A", "appeal to nature"),
    ],
)
def test_mmlu_redux_is_repaired(error: str, correct: str | None, target: str, first: str) -> None:
    sample = test_mmlu_redux.to_sample(redux_row(error, correct))

    assert (sample.target, sample.options[0], sample.options[1:]) == (target, first, ["2", "3", "4"])


@pytest.mark.parametrize(
    ("error", "correct"),
    [
        ("wrong_groundtruth", None),
        ("wrong_groundtruth", "none of them"),
        ("wrong_groundtruth", "4"),
        ("no_correct_answer", None),
        ("no_correct_answer", " ? "),
    ],
)
def test_what_cannot_be_repaired_is_an_error(error: str, correct: str | None) -> None:
    message = rf"^row 7 of anatomy/test\.jsonl: {error} without a right answer to put there"
    with pytest.raises(SampleError, match=message):
        test_mmlu_redux.to_sample(redux_row(error, correct))


def test_every_row_of_mmlu_redux_is_repaired_or_named(real_data: Path) -> None:
    done: Counter[tuple[str, str]] = Counter()
    for path in sorted((real_data / "mmlu_redux").glob("*/test.jsonl")):
        for line in path.read_text("utf-8").rstrip().split("\n"):
            row = Row(json.loads(line), path.parent.name)
            try:
                sample = test_mmlu_redux.to_sample(row)
            except SampleError:
                done[row["error_type"], "error"] += 1
                continue
            same = (sample.target, sample.options) == ("ABCD"[row["answer"]], row["choices"])
            done[row["error_type"], "kept" if same else "repaired"] += 1

    assert done == {
        ("ok", "kept"): 5330,
        ("expert", "kept"): 32,
        ("bad_question_clarity", "kept"): 132,
        ("bad_options_clarity", "kept"): 25,
        ("wrong_groundtruth", "repaired"): 101,
        # Its correct answer is the letter that it calls wrong (global_facts, row 13).
        ("wrong_groundtruth", "kept"): 1,
        ("wrong_groundtruth", "error"): 5,
        # Ten list no letters, three only MMLU's own.
        ("multiple_correct_answers", "kept"): 13,
        ("multiple_correct_answers", "repaired"): 26,
        ("no_correct_answer", "repaired"): 20,
        # Its text is the option's own (professional_accounting, row 39).
        ("no_correct_answer", "kept"): 1,
        ("no_correct_answer", "error"): 14,
    }


@pytest.mark.parametrize(
    "choices", ["['a', 'b'", "a, b", "__import__('os').getcwd()", "7", "", "(" * 10_000], ids=lambda text: text[:9]
)
def test_musrs_choices_are_read_and_never_run(choices: str) -> None:
    row = Row({"narrative": "", "question": "", "choices": choices, "answer_index": 0}, "row 0 of musr.jsonl")

    with pytest.raises(SampleError, match=r"^row 0 of musr\.jsonl: choices is not a Python list as text: "):
        test_musr.to_sample(row)


FOUR = {"question": "Q", "subject": "astronomy", "choices": ["a", "b", "c", "d"]}
ENDINGS = {"activity_label": "x", "ctx_a": "a", "ctx_b": "b", "endings": ["1", "2", "3", "4"]}
NAMES = {"sentence": "The _ ran.", "option1": "cat", "option2": "dog"}
STORY = {"narrative": "n", "question": "q", "choices": "['a', 'b']"}
REDUX = {**FOUR, "error_type": "ok", "correct_answer": None}
SIGNED = {"question": "q", "options": ["a", "b"]}


@pytest.mark.parametrize(
    ("module", "row"),
    [
        *((test_hellaswag, {**ENDINGS, "label": label}) for label in ("-1", -1, "4", "", None, "A", "1.5", True)),
        *((test_mmlu, {**FOUR, "answer": label}) for label in (-1, 4, None, "", 10**12)),
        *((test_mmlu_redux, {**REDUX, "answer": label}) for label in (-1, 4)),
        (test_mmlu_redux, {**REDUX, "answer": -1, "error_type": "no_correct_answer", "correct_answer": "e"}),
        *((test_winogrande, {**NAMES, "answer": label}) for label in ("0", "", 0, "3", -1)),
        *((test_musr, {**STORY, "answer_index": label}) for label in (-1, 2)),
        *((test_process_bench, {"steps": ["a", "b"], "label": label}) for label in (-2, 2, "", None)),
        *((test_race, {**SIGNED, "article": "", "answer": label}) for label in ("", "C", "-1", "1")),
        *((test_super_gpqa, {**SIGNED, "answer_letter": label}) for label in ("", "C", "Z")),
        *((test_iquiz, {**SIGNED, "choices": ["a", "b"], "answer": label}) for label in ("", "C")),
        *((test_mmlu_pro, {**SIGNED, "cot_content": "", "category": "law", "answer": label}) for label in ("", "C")),
        (test_mmlu_pro, {**SIGNED, "options": ["a", "N/A"], "cot_content": "", "category": "law", "answer": "B"}),
        (test_ceval, {"explanation": "", "answer": "", "A": "a", "B": "b", "C": "c", "D": "d"}),
        (test_cmmlu, {"choices": ["(A) a", "(B) b", "(C) c", "(D) d"], "category": "arts", "answer": "-1"}),
        (test_arc, {"choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": ""}),
        (test_bbh, {"input": "q\n(A) a\n(B) b", "target": "(C)"}),
        (
            test_truthful_qa,
            {
                "question": "q",
                "mc1_targets": {"choices": ["a", "b"], "labels": [-1, -1]},
                "mc2_targets": {"choices": ["a", "b"], "labels": [1, 0]},
            },
        ),
    ],
    ids=lambda value: value.__name__ if hasattr(value, "__name__") else None,
)
def test_a_label_that_is_no_option_is_an_error(module: Any, row: dict[str, Any]) -> None:
    """-1, the hubs' mark for "no label", was the last option."""
    with pytest.raises(SampleError):
        module.to_sample(Row(row, "test.jsonl:1"))


@pytest.mark.parametrize(("label", "number"), [(0, 0), ("3", 3), (2.0, 2), ("1.0", 1), (" 1 ", 1), (-1, -1)], ids=repr)
def test_a_label_is_a_number_in_any_spelling(label: object, number: int) -> None:
    assert label_in(label, range(-1, 4)) == number
