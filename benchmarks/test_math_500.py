"""MATH-500: the 500 test problems of MATH kept out of training by Lightman et al. 2023 (arXiv:2305.20050)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import BOXED
from pytest_modeleval.scorers.maths import same_expression

MATH_500 = hub(
    modelscope="AI-ModelScope/MATH-500",
    huggingface="HuggingFaceH4/MATH-500",
    by="level",
    subsets=["1", "2", "3", "4", "5"],
)


def to_sample(row: Row) -> Sample:
    return Sample(row, target=row["answer"])


@benchmark(MATH_500, to_sample, prompt=BOXED, tags=["math", "en"])
def test_math_500(sample: Sample, completion: Completion) -> None:
    assert same_expression(completion, sample.target)
