"""MATH: competition mathematics, 5,000 test problems in five levels (Hendrycks et al. 2021, arXiv:2103.03874)."""

from pytest_modeleval import Completion, Row, Sample, Shots, benchmark, hub
from pytest_modeleval.items.prompts import BOXED
from pytest_modeleval.scorers.maths import boxed_target, same_expression

COMPETITION_MATH = hub(
    modelscope="evalscope/competition_math",
    huggingface="DigitalLearningGmbH/MATH-lighteval",
    by="level",
    subsets=["Level 1", "Level 2", "Level 3", "Level 4", "Level 5"],
)


def to_sample(row: Row) -> Sample:
    return Sample(row, target=boxed_target(row["solution"]), solution=row["solution"])


@benchmark(COMPETITION_MATH, to_sample, prompt=BOXED, tags=["math", "en"], shots=Shots(4, "train"))
def test_competition_math(sample: Sample, completion: Completion) -> None:
    assert same_expression(completion, sample.target)
