"""AIME 2025: the American Invitational Mathematics Examinations I and II; answers are whole numbers below 1000."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import BOXED
from pytest_modeleval.scorers.maths import same_expression

AIME25 = hub(modelscope="evalscope/aime25", huggingface="math-ai/aime25", split="test")


def to_sample(row: Row) -> Sample:
    return Sample(row, target=str(row["answer"]))


@benchmark(AIME25, to_sample, prompt=BOXED, tags=["math", "en"])
def test_aime25(sample: Sample, completion: Completion) -> None:
    assert same_expression(completion, sample.target)
