"""BigCodeBench-Hard: 148 tasks of BigCodeBench, the longer and harder ones (Zhuo et al. 2024, arXiv:2406.15877)."""

from pytest_modeleval import Completion, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.scorers.bigcodebench import modules_of, solved

BIGCODEBENCH_HARD = hub(
    modelscope="evalscope/bigcodebench-hard", huggingface="bigcode/bigcodebench-hard", config="default", split="v0.1.4"
)

# Or what is to be completed: prompt = "{complete_prompt}" in [benchmarks.bigcodebench_hard].
PROMPT = "{instruct_prompt}"


def to_sample(row: Row) -> Sample:
    # What cannot be judged is not asked.
    modules_of(row.having("complete_prompt", "entry_point"))
    return Sample(row, row["test"], solution=row["canonical_solution"], question=row["instruct_prompt"], metadata=row)


@benchmark(BIGCODEBENCH_HARD, to_sample, prompt=PROMPT, tags=["code", "en"], modules=modules_of)
async def test_bigcodebench_hard(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    assert await solved(completion, sample.metadata, sandbox)
