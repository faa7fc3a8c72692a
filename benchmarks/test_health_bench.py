"""HealthBench: 5,000 conversations about health, marked by doctors' criteria (Arora et al. 2025, arXiv:2505.08775)."""

from pytest_modeleval import Completion, Judge, Sample, benchmark, hub
from pytest_modeleval.judging.health import CLIPPED, JUDGING, health_score, to_sample

HEALTH_BENCH = hub(
    modelscope="openai-mirror/healthbench", huggingface="openai/healthbench", split="2025-05-07-06-14-12_oss_eval"
)


@benchmark(HEALTH_BENCH, to_sample, tags=["medicine", "en"], judging=JUDGING, aggregates=CLIPPED)
async def test_health_bench(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await health_score(sample, completion, judge)
