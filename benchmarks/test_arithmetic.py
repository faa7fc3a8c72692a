"""Arithmetic: two-number problems in words and digits, made from a seed; the bundled benchmark."""

from pytest_modeleval import Completion, Row, Sample, benchmark, generated
from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.scorers.numbers import same_number

ARITHMETIC = generated(
    arithmetic.row,
    sizes=dict.fromkeys(arithmetic.SUBSETS, 25),
    groups={subset: subset.partition("-")[0] for subset in arithmetic.SUBSETS},
)


def to_sample(row: Row) -> Sample:
    return Sample(row["question"], target=row["answer"])


@benchmark(ARITHMETIC, to_sample, tags=["math"])
def test_arithmetic(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
