"""HumanEval+ and MBPP+ beside EvalPlus' own `untrusted_check`: the original tests, and those with EvalPlus' own."""

import asyncio
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import recorded_scores
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.scorers.evalplus import solved
from tests.partners.broken import programs
from tests.partners.ours import Beside

official = pytest.importorskip("evalplus.eval", reason="evalplus is not installed: tox -e partners")
generated = pytest.importorskip("evalplus.gen.util")
special = pytest.importorskip("evalplus.eval._special_oracle")
mbpp = pytest.importorskip("evalplus.data.mbpp")

# Its values are up to 128 million texts (docs/code.md).
LEFT_OUT = {"Mbpp/255"}
# No input of it is ever counted as done, so that nobody passes it (`find_zero` in `unsafe_execute` of 0.3.1).
FAILS_ALL = {"HumanEval/32"}
# The time that its later versions give an input (26d6d00), and ours.
SECONDS = 4.0


@pytest.fixture
def sandbox() -> Iterator[ProcessSandbox]:
    opened = ProcessSandbox(namespaces=False, cores=1)
    yield opened
    asyncio.run(opened.close())


def ours(sandbox: ProcessSandbox, row: dict[str, Any], code: str) -> tuple[bool, bool]:
    """Whether a program passes the original tests, and those with EvalPlus' own."""
    made: list[Any] = []
    token = recorded_scores.set(made)
    try:
        main = asyncio.run(solved(sandbox, row, code, code))
    finally:
        recorded_scores.reset(token)
    (base,) = [score for score in made if score.name == "base"]
    return base.passed, main.passed


class Official:
    """A task as EvalPlus' own script judges it, by the values of its reference."""

    def __init__(self, dataset: str, row: dict[str, Any]) -> None:
        self.dataset, self.row = dataset, row
        self.inputs = [row["base_input"], row["plus_input"] or []]
        if dataset == "mbpp":
            self.inputs = [mbpp.mbpp_deserialize_inputs(row["task_id"], given) for given in self.inputs]
        not_none = row["entry_point"] in special.MBPP_OUTPUT_NOT_NONE_TASKS
        code = f"{row['prompt']}{row['canonical_solution']}"
        self.values = [
            generated.trusted_exec(code, given, row["entry_point"], record_time=True, output_not_none=not_none)
            for given in self.inputs
        ]

    def passes(self, code: str) -> tuple[bool, bool]:
        """Whether it passes base, and base and plus."""
        found = [
            official.untrusted_check(
                self.dataset,
                code,
                given,
                self.row["entry_point"],
                expected=values,
                atol=self.row["atol"],
                ref_time=seconds,
                fast_check=True,
                min_time_limit=SECONDS,
            )[0]
            == official.PASS
            for given, (values, seconds) in zip(self.inputs, self.values, strict=True)
        ]
        return found[0], all(found)


def compare(
    dataset: str,
    path: Path,
    every: int,
    sandbox: ProcessSandbox,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    base, main = (Beside(f"{path.name}, evalplus.eval.untrusted_check, {name}") for name in ("base", "base + plus"))
    for number, row in enumerate(rows[::every]):
        if row["task_id"] in LEFT_OUT:
            continue
        judge = Official(dataset, row)
        gold = f"{row['prompt']}{row['canonical_solution']}"
        # Of every third of them what was broken, of each its own solution.
        made = programs(gold, row["entry_point"]) if number % 3 == 0 else {"as it is": gold}
        for kind, code in made.items():
            theirs, here = judge.passes(code), ours(sandbox, row, code)
            if row["task_id"] in FAILS_ALL:
                assert theirs == (False, False)
                assert here == ((True, True) if kind == "as it is" else (False, False))
                continue
            base.add(kind, row["task_id"], theirs[0], here[0])
            main.add(kind, row["task_id"], theirs[1], here[1])
            assert here[1] or kind != "as it is", row["task_id"]
    assert (base.differ(capsys), main.differ(capsys)) == ([], [])


def test_mbpp_plus(real_data: Path, sandbox: ProcessSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    compare("mbpp", real_data / "mbpp_plus/MbppPlus-v0.1.0.jsonl.gz", 12, sandbox, capsys)


def test_humaneval_plus(sandbox: ProcessSandbox, capsys: pytest.CaptureFixture[str]) -> None:
    # EvalPlus' own variable for its file, which is not in shared/data.
    path = Path(os.environ.get("HUMANEVAL_OVERRIDE_PATH", ""))
    if not path.is_file():
        pytest.skip("HUMANEVAL_OVERRIDE_PATH names no HumanEvalPlus.jsonl.gz")
    compare("humaneval", path, 8, sandbox, capsys)
