"""HealthBench Consensus: 3,671 conversations, criteria that doctors agreed on (Arora et al. 2025, arXiv:2505.08775)."""

from pytest_modeleval import Completion, Judge, Sample, benchmark, hub
from pytest_modeleval.judging.health import CLIPPED, JUDGING, health_score, to_sample

HEALTH_BENCH_CONSENSUS = hub(
    modelscope="openai-mirror/healthbench", huggingface="openai/healthbench", split="consensus_2025-05-09-20-00-46"
)


@benchmark(HEALTH_BENCH_CONSENSUS, to_sample, tags=["medicine", "en"], judging=JUDGING, aggregates=CLIPPED)
async def test_health_bench_consensus(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await health_score(sample, completion, judge)
