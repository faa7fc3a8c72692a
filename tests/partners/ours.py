"""Verdicts of a whole run over given programs, to lay beside those of an official harness."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval import evaluate


def verdicts(
    folder: Path, name: str, file: str, rows: Sequence[dict[str, Any]], answers: Sequence[str], **options: Any
) -> list[dict[str, Any]]:
    """The samples of a run of the benchmark over these rows of its data's ``file``, whose answers were recorded."""
    path = folder / "data" / name / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    subset = path.parent.name if "/" in file else "default"
    lines = [
        json.dumps({"id": f"{name}[{subset}-{number:05}]", "text": f"```python\n{code}\n```"})
        for number, code in enumerate(answers)
    ]
    (folder / "answers.jsonl").write_text("\n".join(lines))
    run = evaluate("replay:answers.jsonl", eval=name, data="data", **options)
    assert len(run.samples) == len(rows)
    return sorted((dict(sample) for sample in run.samples), key=lambda sample: sample["index"])


class Beside:
    """Counts where two judges agree; prints it, and says where they do not."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.counted: Counter[tuple[str, bool, bool]] = Counter()
        self.differing: list[tuple[str, str, bool, bool]] = []

    def add(self, kind: str, task: str, official: bool, ours: bool) -> None:
        self.counted[kind, official, ours] += 1
        if official != ours:
            self.differing.append((task, kind, official, ours))

    def differ(self, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, bool, bool]]:
        """The task, what was done to it, and both verdicts, official first, of each that differs."""
        both = Counter((official, ours) for _, official, ours in self.counted.elements())
        with capsys.disabled():
            print(
                f"\n{self.title}: {both.total()} programs, both pass {both[True, True]}, both fail {both[False, False]}, "
                f"differ {both[True, False] + both[False, True]}"
            )
            for task, kind, official, ours in self.differing:
                print(f"  {task} ({kind}): official {official}, ours {ours}")
        return self.differing
