"""Model benchmarks as pytest suites: what a benchmark file imports."""

from pytest_modeleval.benchmark import Shots, benchmark
from pytest_modeleval.datasets import Row
from pytest_modeleval.datasets.generated import generated
from pytest_modeleval.datasets.hub import hub
from pytest_modeleval.sample import Completion, Sample, SampleError, Score

__all__ = [
    "Completion",
    "Row",
    "Sample",
    "SampleError",
    "Score",
    "Shots",
    "benchmark",
    "generated",
    "hub",
]
