"""BigCodeBench beside its own script: tasks of the hard part whose libraries are here, right and broken."""

import gzip
import importlib
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from pytest_modeleval.scorers.bigcodebench import modules_of
from tests.partners.broken import CHANGES, changed
from tests.partners.ours import Beside, verdicts

official = pytest.importorskip("bigcodebench.eval", reason="bigcodebench is not installed: tox -e partners")

# As `bigcodebench.evaluate` has them: 30 GiB of addresses and of data, 10 MiB of stack.
LIMITS = (30 * 1024, 30 * 1024, 10)
# Seconds; its own are 240. A program that ends its process takes all of them, as a helper that the harness started in
# it lives on and holds the pipe by which the end is told (0.2.5).
SECONDS = 15.0
SLOW = ("numpy", "pandas", "matplotlib.pyplot", "sklearn", "seaborn")
# Not those by which a program would do something else to its files.
KINDS = ("gives None", "raises", "exits", "ends at once", "returns early")


def test_verdicts_are_the_official_ones(
    pytester: pytest.Pytester, real_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "TIMEOUT_LIMIT", SECONDS)
    with gzip.open(real_data / "bigcodebench_hard/bigcodebench_hard.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    rows = [
        {**row, "complete_prompt": row["prompt"], "instruct_prompt": "?", "libs": "[]"}
        for row in rows
        if all(find_spec(name) for name in modules_of(row))
    ][::16]
    given = []
    for row in rows:
        gold = f"{row['prompt']}\n{row['canonical_solution']}"
        given.append((row, "as it is", gold))
        given += [(row, kind, changed(gold, row["entry_point"], CHANGES[kind])) for kind in KINDS]

    # Once, before it forks for each program: most would take seconds to import them.
    for name in SLOW:
        importlib.import_module(name)
    theirs = [
        official.untrusted_check(
            f"{row['code_prompt']}\n    pass\n{code}",
            row["test"],
            row["entry_point"],
            *LIMITS,
            gt_time_limit=SECONDS,
        )
        for row, _, code in given
    ]
    ours = verdicts(
        pytester.path,
        "bigcodebench_hard",
        "default/v0.1.4.jsonl",
        [row for row, _, _ in given],
        [code for _, _, code in given],
    )

    beside, unscored = Beside("BigCodeBench, bigcodebench.eval.untrusted_check"), set()
    for (row, kind, _), (passed, _), sample in zip(given, theirs, ours, strict=True):
        if sample["score"] is None:
            unscored.add(row["task_id"])
        else:
            beside.add(kind, row["task_id"], passed == official.PASS, sample["score"] == 1)
    differing = beside.differ(capsys)
    with capsys.disabled():
        print(f"  unscored, as the own solution does not pass here: {', '.join(sorted(unscored)) or 'none'}")
    assert differing == []
    assert len(unscored) <= len(rows) / 4
