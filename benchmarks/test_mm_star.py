"""MMStar: questions that nobody answers without their picture (Chen et al. 2024, arXiv:2403.20330)."""

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
# Their texts stand in the question.
OPTIONS = [""] * 4


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answer"].strip(), OPTIONS, pictures=[row["image"]])


@benchmark(MM_STAR, to_sample, prompt=PROMPT, tags=["vision", "en"])
def test_mm_star(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
