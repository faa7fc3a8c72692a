"""SimpleQA: short facts that are hard to know, and whether a model knows that (Wei et al. 2024, arXiv:2411.04368)."""

import ast
from collections.abc import Mapping

from pytest_modeleval import Completion, Judge, Judging, Row, Sample, benchmark, hub
from pytest_modeleval.judging.facts import FACTS, fact_score

SIMPLE_QA = hub(modelscope="evalscope/SimpleQA", huggingface="basicv8vc/SimpleQA", split="test")


def axes(metadata: object) -> Mapping[str, str]:
    try:
        # A mapping as Python writes it; what `literal_eval` documents that it raises.
        told = ast.literal_eval(str(metadata))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {}
    named = ("topic", "answer_type")
    return {name: str(told[name]) for name in named if name in told} if isinstance(told, Mapping) else {}


def to_sample(row: Row) -> Sample:
    return Sample(row["problem"], target=row["answer"], axes=axes(row.get("metadata")))


@benchmark(SIMPLE_QA, to_sample, tags=["knowledge", "en"], judging=Judging())
async def test_simple_qa(sample: Sample, completion: Completion, judge: Judge) -> None:
    verdict = await judge.ask(FACTS, completion, question=sample.asked, reference=sample.target)
    assert fact_score(verdict, sample.target)
