"""Terminal-Bench: tasks for an agent in a terminal, run and judged by harbor alone (https://www.tbench.ai)."""

from pytest_modeleval import Row, Sample, benchmark
from pytest_modeleval.datasets.harbor import HarborJob
from pytest_modeleval.scorers.harbor import rewarded

TERMINAL_BENCH = HarborJob(
    "harbor run -d terminal-bench@2.0 -a terminus-2 -m MODEL --jobs-dir DIR --job-name terminal_bench, "
    "then --eval-data DIR"
)


def to_sample(row: Row) -> Sample:
    return Sample(row["task_name"], "reward 1", metadata=row)


@benchmark(TERMINAL_BENCH, to_sample, tags=["agent", "en"])
async def test_terminal_bench(sample: Sample) -> None:
    assert rewarded(sample.metadata)
