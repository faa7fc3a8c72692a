"""AIME 2024: the American Invitational Mathematics Examinations I and II; answers are whole numbers below 1000."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.items.prompts import BOXED
from pytest_modeleval.scorers.maths import same_expression

AIME24 = hub(modelscope="evalscope/aime24", huggingface="HuggingFaceH4/aime_2024", split="test")


def to_sample(row: Row) -> Sample:
    return Sample(row, target=str(row["answer"]))


@benchmark(AIME24, to_sample, prompt=BOXED, tags=["math", "en"])
def test_aime24(sample: Sample, completion: Completion) -> None:
    assert same_expression(completion, sample.target)
