"""LiveCodeBench's rules beside its own script, as NVIDIA packages it: tasks of MBPP+ as functions and as scripts.

The benchmark's own tests are on the hubs alone.
"""

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.scorers.contests import Cases, solved
from tests.partners.broken import programs
from tests.partners.ours import Beside

metrics = pytest.importorskip(
    "livecodebench.evaluation.compute_code_generation_metrics",
    reason="nvidia-livecodebench is not installed: tox -e partners",
)

SECONDS = 6
READS = "\nimport json\nprint(json.dumps({name}(*[json.loads(line) for line in sys.stdin.read().split('\\n')])))\n"


@pytest.fixture
def sandbox() -> Iterator[ProcessSandbox]:
    opened = ProcessSandbox(namespaces=False, cores=1)
    yield opened
    asyncio.run(opened.close())


def tasks(folder: Path) -> Iterator[tuple[str, str, str, list[tuple[str, str]]]]:
    """Name, function, solution and tests of every thirtieth task whose arguments and values JSON has."""
    with gzip.open(folder / "mbpp_plus/MbppPlus-v0.1.0.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    for row in rows[::30]:
        names: dict[str, Any] = {}
        exec(row["canonical_solution"], names)
        pairs = []
        for given in row["base_input"]:
            lines = "\n".join(json.dumps(argument) for argument in given)
            try:
                value = names[row["entry_point"]](*[json.loads(line) for line in lines.split("\n")])
                pairs.append((lines, json.dumps(value)))
            except (TypeError, ValueError, AttributeError):
                break
        else:
            yield row["task_id"], row["entry_point"], row["canonical_solution"], pairs


def official(code: str, pairs: list[tuple[str, str]], function: str | None) -> bool:
    tests = {"inputs": [given for given, _ in pairs], "outputs": [wanted for _, wanted in pairs], "fn_name": function}
    sample = {"input_output": json.dumps(tests)}
    (found,), _ = metrics.evaluate_generations_by_problem(([code], sample, False, SECONDS))
    return all(each is True or (not isinstance(each, bool) and each > 0) for each in found)


@pytest.mark.parametrize("kind", ["functions", "scripts"])
def test_verdicts_are_the_official_ones(
    # Not by capsys: the script asks standard error for its number.
    kind: str,
    real_data: Path,
    sandbox: ProcessSandbox,
    capfd: pytest.CaptureFixture[str],
) -> None:
    beside = Beside(f"LiveCodeBench's rules on {kind}, run_test")
    for number, (task, name, gold, pairs) in enumerate(tasks(real_data)):
        function = name if kind == "functions" else ""
        for change, code in programs(gold, name, loops=number == 0).items():
            whole = code if function else code + READS.format(name=name)
            ours = asyncio.run(solved(sandbox, Cases(pairs, function), whole)).passed
            theirs = official(whole, pairs, function or None)
            beside.add(change, task, theirs, ours)
            assert ours or change != "as it is", task

    assert beside.differ(capfd) == []
