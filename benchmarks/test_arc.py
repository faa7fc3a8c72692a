"""ARC: grade-school science questions, easy and challenge set (Clark et al. 2018, arXiv:1803.05457)."""

from pytest_modeleval import Completion, Row, Sample, SampleError, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE
from pytest_modeleval.scorers.choices import same_choice

ARC = hub(
    modelscope="allenai/ai2_arc",
    huggingface="allenai/ai2_arc",
    config=["ARC-Easy", "ARC-Challenge"],
    split="test",
)


def to_sample(row: Row) -> Sample:
    options, labels = row["choices"]["text"], row["choices"]["label"]
    if row["answerKey"] not in labels:
        raise SampleError(f"{row.where}: the answerKey {row['answerKey']!r} is none of the labels {', '.join(labels)}")
    # Some questions label their options 1-4 instead of A-D.
    return Sample(row, target="ABCDE"[labels.index(row["answerKey"])], options=options)


@benchmark(ARC, to_sample, prompt=MULTIPLE_CHOICE, tags=["science", "en"])
def test_arc(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, sample.options)
