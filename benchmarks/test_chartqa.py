"""ChartQA: questions about charts, of people and of a model (Masry et al. 2022, arXiv:2203.10244)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.seen import relaxed_accuracy

# Both have 1,250 questions, so that the mean of all is the mean of both.
CHARTQA = hub(
    modelscope="lmms-lab/ChartQA",
    huggingface="lmms-lab/ChartQA",
    by="type",
    subsets=["human_test", "augmented_test"],
)

PROMPT = """\
{question}

Answer from the chart. End with a line that says ANSWER: and a number or a few words alone, without a unit."""


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answer"], pictures=[row["image"]])


@benchmark(CHARTQA, to_sample, prompt=PROMPT, tags=["vision", "charts", "en"])
def test_chartqa(sample: Sample, completion: Completion) -> None:
    assert relaxed_accuracy(completion, sample.target)
