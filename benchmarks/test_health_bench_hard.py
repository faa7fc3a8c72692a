"""HealthBench Hard: the 1,000 hardest of its conversations (Arora et al. 2025, arXiv:2505.08775)."""

from pytest_modeleval import Completion, Judge, Sample, benchmark, hub
from pytest_modeleval.judging.health import CLIPPED, JUDGING, health_score, to_sample

HEALTH_BENCH_HARD = hub(
    modelscope="openai-mirror/healthbench", huggingface="openai/healthbench", split="hard_2025-05-08-21-00-10"
)


@benchmark(HEALTH_BENCH_HARD, to_sample, tags=["medicine", "en"], judging=JUDGING, aggregates=CLIPPED)
async def test_health_bench_hard(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await health_score(sample, completion, judge)
