"""MMStar: questions that nobody answers without their picture (Chen et al. 2024, arXiv:2403.20330)."""

import re

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import LETTER
from pytest_modeleval.scorers.choices import same_choice

MM_STAR = hub(
    modelscope="evalscope/MMStar",
    huggingface="Lin-Chen/MMStar",
    split="val",
    by="category",
    subsets=[
        "coarse perception",
        "fine-grained perception",
        "instance reasoning",
        "logical reasoning",
        "math",
        "science & technology",
    ],
)

PROMPT = f"{{question}}\n\n{LETTER}"
# "Options: A: red, B: blue" and "(A) red (B) blue".
LETTERED = re.compile(r"(?:^|[\s,])\(?([A-D])[:)]\s")


def options_in(question: str) -> list[str]:
    """The options that stand in a question; four without words where they stand in another way."""
    _, *found = LETTERED.split(question.rpartition("Options:")[2])
    is_whole = len(found) >= 4 and "".join(found[::2]) == "ABCD"[: len(found) // 2]
    return [option.strip(" ,\n") for option in found[1::2]] if is_whole else [""] * 4


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answer"].strip(), options_in(row["question"]), pictures=[row["image"]])


@benchmark(MM_STAR, to_sample, prompt=PROMPT, tags=["vision", "en"])
def test_mm_star(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
