"""What a model that does not stop goes on with."""

import importlib
import inspect
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.custom.qa import scorer_of
from pytest_modeleval.items import prompts
from pytest_modeleval.items.declare import declared_in
from pytest_modeleval.sample import Completion, Sample
from pytest_modeleval.scorers.choices import chosen_letter
from pytest_modeleval.scorers.maths import same_expression
from pytest_modeleval.scorers.numbers import final_number
from pytest_modeleval.scorers.run_on import before_run_on
from pytest_modeleval.scorers.several import chosen_letters
from pytest_modeleval.scorers.spans import same_spans
from pytest_modeleval.scorers.texts import same_text

CITIES = ["Paris", "Rome", "London", "Berlin"]


@pytest.mark.parametrize(
    "run_on",
    [
        "Question: A farm has 3 cows and 4 hens. How many?\nAnswer: 3 + 4 = 7",
        "Q: What is 3 plus 4?\nA: The answer is 7.",
        "**Question 2:** What is 3 plus 4?\nThe answer is 7.",
        "### Question 2\nWhat is 3 plus 4?\nThe answer is 7.",
        "Problem: what is 3+4?\nSolution: \\boxed{7}",
        "Next problem: what is 3+4?\n\\boxed{7}",
        "User: and 3+4?\nAssistant: The answer is 7.",
        "### Instruction:\nAdd 3 and 4.\n\n### Response:\nThe answer is 7.",
        "问题\uff1a3加4等于多少?\n答案\uff1a7",
        "Jo has 3 pens and buys 4. How many?\nReason step by step, then end with a line that says ####.\n\n#### 7",
        "Jo has 3 pens and buys 4. How many pens are there now?\n\n#### 7",
        "<|im_end|>\n<|im_start|>user\nWhat is 3 + 4?<|im_end|>\n<|im_start|>assistant\n#### 7",
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd 3 + 4?<|eot_id|>The answer is 7.",
        "<|endoftext|>The answer is 7.",
        "</s>The answer is 7.",
        "<end_of_turn>\n<start_of_turn>user\n3 + 4?<end_of_turn>\n<start_of_turn>model\nThe answer is 7.",
        "<|end|><|user|>3 + 4?<|end|><|assistant|>The answer is 7.",
        "[INST] 3 + 4? [/INST] The answer is 7.",
        "[/INST] The answer is 7.",
        "<|EOT|>The answer is 7.",
        "<|observation|>The answer is 7.",
        "[|endofturn|]The answer is 7.",
        "user\n3 + 4?\nassistant\nThe answer is 7.",
        "Q. What is 3 plus 4?\nThe answer is 7.",
        "2. What is 3 + 4?\nThe answer is 7.",
        "### Problem\nAdd 3 and 4.\nThe answer is 7.",
        "問題\uff1a3加4\n答案\uff1a7",
        "题目\n3加4\n答案\uff1a7",
    ],
    ids=lambda text: text[:25],
)
@pytest.mark.parametrize(
    "answer", ["5 + 7 = 12\n#### 12", "So the answer is 12.", r"Thus \boxed{12}.", "ANSWER: 12", "12"]
)
def test_the_answer_is_that_of_the_question_that_was_asked(answer: str, run_on: str) -> None:
    assert final_number(f"{answer}\n\n{run_on}") == "12"
    assert same_expression(f"{answer}\n\n{run_on}", "12")


@pytest.mark.parametrize("run_on", ["2. What is 3 + 4?\n#### 7", "**2.** How many hens?\n#### 7", "Q: 3 + 4?\n#### 7"])
def test_a_question_right_below_an_answer_is_another(run_on: str) -> None:
    assert final_number(f"ANSWER: 12\n{run_on}") == "12"


def test_who_counts_what_is_asked_goes_on_to_answer() -> None:
    text = "1. How many cows are there? #### 5\n2. How many hens and cows are there?\n#### 12"

    assert final_number(text) == "12"


def test_an_answer_that_was_picked_is_one() -> None:
    assert chosen_letter("I choose B.\n\nQuestion: Which is in France?\nA. Paris\nB. Oslo\nANSWER: A", CITIES) == "B"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("First try: #### 11. No, I forgot one.\n#### 12", "12"),
        ("#### 11\n\nWait, is that right? I forgot one.\n\n#### 12", "12"),
        ("The answer is 11.\n\nBut let me re-read the question: how many in all?\n\nThe answer is 12.", "12"),
        ("The answer is 11.\n\nLet me check it again.\n\nQuestion: how many in all?\n5 + 7.\nThe answer is 12.", "12"),
        ("Question: how many are 5 and 7?\n5 + 7 = 12\nThe answer is 12.", "12"),
        ("Let me think.\n\nQuestion: how many are 5 and 7?\n\nThe answer is 12.", "12"),
        ("Let me see what is asked.\n\nProblem: add 5 and 7.\n\nSolution: \\boxed{12}", "12"),
        ("Question 1: how many cows?\nAnswer: 5\n\nQuestion 2: how many in all?\nAnswer: 12", "12"),
        ("<|im_start|>assistant\nThe answer is 12.<|im_end|>", "12"),
        ("<s> The answer is 12.</s>", "12"),
        ("<|begin_of_thought|>11?<|end_of_thought|>The answer is 12.", "12"),
        ("<|im_start|>assistant<|im_sep|>The answer is 12.<|im_end|>", "12"),
        (
            "<|channel|>analysis<|message|>It is 11?<|end|><|start|>assistant<|channel|>final<|message|>12<|return|>",
            "12",
        ),
        (r"\boxed{840}, but let me check. **Final Answer** \boxed{12}", "12"),
    ],
)
def test_reasoning_and_corrections_stay(text: str, last: str) -> None:
    assert final_number(text) == last


def test_who_counts_the_questions_from_the_first_letter_on_asks_none_of_another() -> None:
    text = "Question 1: how many are left? The answer is 3.\n\nQuestion 2: and then? The answer is 4."

    assert before_run_on(text) == text


def test_an_answer_that_is_empty_is_not_filled_by_the_run_on() -> None:
    text = "<|im_end|>\n<|im_start|>user\nWhat is 3 + 4?<|im_end|>\n<|im_start|>assistant\n#### 7"

    assert before_run_on(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "ANSWER: B\n\nQuestion: Which is in France?\nA. Paris\nB. Oslo\nANSWER: A",
        "The answer is B.\n\nQ: Which one is in France? The answer is A.",
        "B\n\nQuestion: Which is in France?\nAnswer: A",
        "(B)\n\nWhich of these cities is in France?\n\nA. Paris\nB. Oslo\n\nANSWER: A",
        "B<|im_end|>\n<|im_start|>user\nANSWER: A",
    ],
)
def test_a_choice_is_that_of_the_question_that_was_asked(text: str) -> None:
    assert chosen_letter(text, CITIES) == "B"
    assert chosen_letters(text, CITIES) == {"B"}


@pytest.mark.parametrize(
    "text",
    [
        "ANSWER: Rome\n\nQuestion: capital of France?\nANSWER: Paris",
        "Rome\n\nQ: capital of France?\nA: Paris",
        "Rome</s>Paris",
    ],
)
def test_a_text_is_that_of_the_question_that_was_asked(text: str) -> None:
    score = scorer_of(["exact"], 1)(
        Sample("", "Rome", metadata={"answers": ["Rome"]}), Completion(text.removeprefix("ANSWER: "))
    )

    assert score
    assert same_text(text, ["Rome"])
    assert same_spans(text, [["Rome"]])


def shipped_prompts() -> Mapping[str, str]:
    """The prompt templates of the shipped benchmarks whose answers a rule reads."""
    found = {}
    for path in sorted((Path(__file__).parents[2] / "benchmarks").glob("test_*.py")):
        module = importlib.import_module(f"benchmarks.{path.stem}")
        takes = inspect.signature(getattr(module, path.stem)).parameters
        declared = declared_in(module)[path.stem.removeprefix("test_")]
        # What is a program is run, or handed out.
        if "code" not in declared.tags and ("judge" not in takes or declared.judging.optional):
            found[path.stem] = str(getattr(module, "PROMPT", ""))
    written = {name: str(getattr(prompts, name)) for name in ("MULTIPLE_CHOICE", "MULTIPLE_CHOICE_ZH", "BOXED")}
    return {name: prompt for name, prompt in {**found, **written}.items() if prompt}


PROMPTS = shipped_prompts()


class Fields(dict[str, str]):
    """Any field of a template."""

    def __missing__(self, name: str) -> str:
        return f"This is the {name} of it"

    @classmethod
    def filled(cls, template: str) -> str:
        """The template with all of its fields."""
        return string.Formatter().vformat(template, (), cls())


@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
def test_the_next_question_in_a_shipped_prompt_is_no_answer(prompt: str) -> None:
    text = f"#### 12\n\n{Fields.filled(prompt)}\n\n#### 7\n\\boxed{{7}}"

    assert final_number(text) == "12"


ANYTHING: Any = st.text(max_size=100) | st.lists(
    st.sampled_from(["answer is ", "Question:", "\n\n", "Q1.", "5", "</s>", "#### ", r"\boxed{", "check", "?"]),
    max_size=12,
).map("".join)


@given(ANYTHING)
def test_what_is_left_is_the_beginning_and_has_no_run_on(text: str) -> None:
    left = before_run_on(text)

    assert text.startswith(left)
    assert before_run_on(left) == left
