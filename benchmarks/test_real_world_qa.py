"""RealWorldQA: where things are in photographs, many out of cars (xAI 2024, https://x.ai/news/grok-1.5v)."""

from pytest_modeleval import Completion, Row, Sample, benchmark, hub
from pytest_modeleval.scorers.seen import same_words

REAL_WORLD_QA = hub(modelscope="lmms-lab/RealWorldQA", huggingface="lmms-lab/RealWorldQA")

# A question says itself whether a letter, a word or a number is wanted.
PROMPT = "{question}\nEnd with a line that says ANSWER: and then only what is asked for."


def to_sample(row: Row) -> Sample:
    return Sample(row, row["answer"], pictures=[row["image"]], metadata={"question": row["question"]})


@benchmark(REAL_WORLD_QA, to_sample, prompt=PROMPT, tags=["vision", "en"])
def test_real_world_qa(sample: Sample, completion: Completion) -> None:
    assert same_words(completion, sample.target, sample.metadata["question"])
