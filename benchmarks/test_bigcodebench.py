"""BigCodeBench: functions that use libraries, judged by tests (Zhuo et al. 2024, arXiv:2406.15877)."""

from pytest_modeleval import Completion, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.scorers.bigcodebench import modules_of, solved

BIGCODEBENCH = hub(
    modelscope="evalscope/bigcodebench", huggingface="bigcode/bigcodebench", config="default", split="v0.1.4"
)

# Or what is to be completed: prompt = "{complete_prompt}" in [benchmarks.bigcodebench].
PROMPT = "{instruct_prompt}"


def to_sample(row: Row) -> Sample:
    # What cannot be judged is not asked.
    modules_of(row.having("complete_prompt", "entry_point"))
    return Sample(row, row["test"], solution=row["canonical_solution"], question=row["instruct_prompt"], metadata=row)


@benchmark(BIGCODEBENCH, to_sample, prompt=PROMPT, tags=["code", "en"], modules=modules_of)
async def test_bigcodebench(sample: Sample, completion: Completion, sandbox: Sandbox) -> None:
    assert await solved(completion, sample.metadata, sandbox)
