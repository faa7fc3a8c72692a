"""POPE: whether a thing is in a photograph, asked of what is there and of what is not (Li et al. 2023, 2305.10355)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.yes_no import POPE_F1, pope_score

# By what the absent things are drawn: those often seen beside what is there, the frequent ones, any.
POPE = hub(
    modelscope="lmms-lab/POPE",
    huggingface="lmms-lab/POPE",
    config="Full",
    split=["adversarial", "popular", "random"],
)

PROMPT = "{question}\nAnswer yes or no.\nEnd with a line that says ANSWER: and that word alone."


def to_sample(row: Row) -> Sample:
    if row["answer"] not in ("yes", "no"):
        raise SampleError(f"the answer is {row['answer']!r}, and neither yes nor no")
    return Sample(row, row["answer"], pictures=[row["image"]])


@benchmark(POPE, to_sample, prompt=PROMPT, tags=["vision", "en"], harmonic=POPE_F1)
def test_pope(sample: Sample, completion: Completion) -> None:
    assert pope_score(completion, sample.target)
