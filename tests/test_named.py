"""A word of -k that is a benchmark's name means that benchmark."""

import re
from collections.abc import Iterator

import pytest

from pytest_modeleval.items.collect import shipped_names
from pytest_modeleval.items.elsewhere import ELSEWHERE
from tests.conftest import FaultyServer, run
from tests.test_benchmarks import write_rows

OWN = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}"}, {"first": 2, "second": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"), tags=["sums"])
def test_others(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_first(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_sums(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)

def test_first_of_all() -> None: pass
"""


def collected(result: pytest.RunResult) -> Iterator[str]:
    """The benchmarks and subsets of the items that are listed."""
    for line in result.outlines:
        if found := re.search(r"::test_(\w+)(?:\[(.+)-\d{5}\])?$", line):
            yield f"{found[1]}[{found[2]}]" if found[2] else found[1]


@pytest.fixture
def shipped(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A project with rows of benchmarks whose names stand in each other's and in their subsets'."""
    for name in ("gsm8k", "process_bench", "mmlu", "mmlu_redux", "cmmlu"):
        write_rows(project, name)
    return project


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("gsm8k", {"gsm8k[main]"}),
        ("GSM8K", {"gsm8k[main]"}),
        ("process_bench and gsm8k", {"process_bench[gsm8k]"}),
        ("(process_bench and omnimath) or gsm8k", {"gsm8k[main]", "process_bench[gsm8k]", "process_bench[omnimath]"}),
        ("mmlu and abstract_algebra", {"mmlu[abstract_algebra]"}),
        ("mmlu_redux and anatomy", {"mmlu_redux[anatomy]"}),
        ("anatomy", {"mmlu_redux[anatomy]", "cmmlu[anatomy]"}),
    ],
)
def test_a_shipped_benchmarks_name_means_it_alone(shipped: pytest.Pytester, expression: str, asked: set[str]) -> None:
    flags = ("--eval-data", "data", "--eval-shots", "0", "--collect-only", "-q", "-p", "no:benchmark")
    result = run(shipped, "--model", "faulty", "-k", expression, *flags)

    assert set(collected(result)) == asked


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("first and not of_all", 4),
        ("sums", 4),
        ("others and first", 2),
        ("others and sums", 4),
        ("second", 6),
    ],
)
def test_a_users_own_name_does_too(
    project: pytest.Pytester, faulty: FaultyServer, expression: str, asked: int, processes: tuple[str, ...]
) -> None:
    (project.path / "test_answers.py").unlink()
    (project.path / "own").mkdir()
    (project.path / "own" / "test_own.py").write_text(OWN)

    run(project, "--model", "faulty", "own", "-k", expression, *processes).assert_outcomes(passed=asked)


def test_what_others_have_is_here_or_said_not_to_be() -> None:
    assert not ELSEWHERE & shipped_names()


def test_a_file_that_is_typed_is_named_too(shipped: pytest.Pytester) -> None:
    flags = ("--eval-data", "data", "--collect-only", "-q", "-p", "no:benchmark")
    result = run(shipped, "--model", "faulty", "test_process_bench.py", "-k", "gsm8k", *flags)

    assert set(collected(result)) == {"process_bench[gsm8k]"}
