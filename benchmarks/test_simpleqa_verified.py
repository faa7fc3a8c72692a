"""SimpleQA Verified: 1,000 of SimpleQA's questions, corrected and balanced (Haas et al. 2025, arXiv:2509.07968)."""

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.judging.facts import FACTS_VERIFIED, fact_score

SIMPLEQA_VERIFIED = hub(
    modelscope="google/simpleqa-verified",
    huggingface="google/simpleqa-verified",
    config="simpleqa_verified",
    split="eval",
)


def to_sample(row: Row) -> Sample:
    axes = {name: str(row[name]) for name in ("topic", "answer_type", "multi_step", "requires_reasoning")}
    return Sample(row["problem"], target=str(row["answer"]), axes=axes)


@benchmark(SIMPLEQA_VERIFIED, to_sample, tags=["knowledge", "en"], judging=Judging())
async def test_simpleqa_verified(sample: Sample, completion: Completion, judge: Judge) -> None:
    verdict = await judge.ask(FACTS_VERIFIED, completion, question=sample.asked, reference=sample.target)
    assert fact_score(verdict, sample.target)
