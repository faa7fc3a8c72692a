"""DocVQA: questions about scanned documents (Mathew et al. 2020, arXiv:2007.00398)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.seen import anls

# The test half has no answers.
DOCVQA = hub(modelscope="lmms-lab/DocVQA", huggingface="lmms-lab/DocVQA", config="DocVQA", split="validation")

PROMPT = """\
{question}

Answer from the document, in its own words.
End with a line that says ANSWER: and the answer alone, a few words."""


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answers"][0], pictures=[row["image"]], metadata={"answers": row["answers"]})


@benchmark(DOCVQA, to_sample, prompt=PROMPT, tags=["vision", "documents", "en"])
def test_docvqa(sample: Sample, completion: Completion) -> None:
    assert anls(completion, sample.metadata["answers"])
