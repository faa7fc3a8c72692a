"""InfographicVQA: questions about infographics (Mathew et al. 2021, arXiv:2104.12756)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.seen import anls

# The test half has no answers.
INFOVQA = hub(modelscope="lmms-lab/DocVQA", huggingface="lmms-lab/DocVQA", config="InfographicVQA", split="validation")

PROMPT = """\
{question}

Answer from the infographic, in its own words.
End with a line that says ANSWER: and the answer alone, a few words."""


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answers"][0], pictures=[row["image"]], metadata={"answers": row["answers"]})


@benchmark(INFOVQA, to_sample, prompt=PROMPT, tags=["vision", "documents", "en"])
def test_infovqa(sample: Sample, completion: Completion) -> None:
    assert anls(completion, sample.metadata["answers"])
