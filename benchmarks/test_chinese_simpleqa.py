"""Chinese SimpleQA: short facts in Chinese, in six fields (He et al. 2024, arXiv:2411.07140)."""

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.judging.facts import FACTS_ZH, fact_score

# The values of the column `primary_category` by their English names, which can be typed and are read everywhere.
FIELDS = {
    "Chinese Culture": ["中华文化"],
    "Humanities": ["人文与社会科学"],
    "Engineering": ["工程、技术与应用科学"],
    "Life and Art": ["生活、艺术与文化"],
    "Society": ["社会"],
    "Natural Science": ["自然与自然科学"],
}
CHINESE_SIMPLEQA = hub(
    modelscope="AI-ModelScope/Chinese-SimpleQA",
    huggingface="OpenStellarTeam/Chinese-SimpleQA",
    split="train",
    by="primary_category",
    subsets=FIELDS,
)


def to_sample(row: Row) -> Sample:
    return Sample(row["question"], target=row["answer"])


@benchmark(CHINESE_SIMPLEQA, to_sample, tags=["knowledge", "zh"], judging=Judging())
async def test_chinese_simpleqa(sample: Sample, completion: Completion, judge: Judge) -> None:
    verdict = await judge.ask(FACTS_ZH, completion, question=sample.asked, reference=sample.target)
    assert fact_score(verdict, sample.target)
