"""MATH-Vision: problems of mathematics competitions with pictures (Wang et al. 2024, arXiv:2402.14804)."""

import re

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import EITHER, answered
from pytest_modeleval.scorers.choices import chosen_letter, same_choice
from pytest_modeleval.scorers.maths import same_expression

MATH_VISION = hub(
    modelscope="evalscope/MathVision",
    huggingface="MathLLMs/MathVision",
    by="level",
    subsets=["1", "2", "3", "4", "5"],
    in_copies={"test": "testmini"},
)

BOX = "Reason step by step. Put the final answer, and nothing else, in \\boxed{}."


def to_sample(row: Row) -> Sample:
    question, options = row["question"], row["options"]
    if question.count("<image") > 1:
        # All of them are in the one picture of the row.
        question = re.sub(r"<image(\d+)>", r"(picture \1)", question)
    fields = {"question": question, "answered": answered(options, BOX)}
    return Sample(fields, row["answer"], options, pictures=[row["decoded_image"]])


@benchmark(MATH_VISION, to_sample, prompt=EITHER, tags=["math", "vision", "en"])
def test_math_vision(sample: Sample, completion: Completion) -> None:
    if not sample.options:
        assert same_expression(completion, sample.target)
    elif chosen_letter(str(completion), sample.options):
        assert same_choice(completion, sample.target, sample.options)
    else:
        # As in the official script, the right option's value is right too.
        assert same_expression(completion, sample.options["ABCDE".index(sample.target)])
