"""The bundled model as a real judge, behind a real server: it judges sums, its own and wrong ones."""

import json

import pytest

from pytest_modeleval.models.spec import TINY
from tests.conftest import alias, run

JUDGED = """
from pytest_modeleval import Completion, Judge, Sample, Score, benchmark, generated
from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.judging.answers import SAME_ANSWER

def row(subset, index):
    # Every second reference is another number than the model's.
    made = arithmetic.row(subset, index)
    return {**made, "answer": made["answer"] if index % 2 else str(int(made["answer"]) + 10)}

ROWS = generated(row, {"add-2": 10, "subtract-2": 10})

@benchmark(ROWS, lambda row: Sample(row["question"], row["answer"]))
async def test_judged(sample: Sample, completion: Completion, judge: Judge) -> None:
    verdict = await judge.ask(SAME_ANSWER, completion, question=sample.asked, reference=sample.target)
    right = completion.text.strip() == sample.target
    assert Score(float((verdict.label == "CORRECT") == right), (verdict.label == "CORRECT") == right, verdict.label)
"""


def test_a_real_judge_tells_right_sums_from_wrong_ones(pytester: pytest.Pytester, transformers_server: str) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_judged=JUDGED)
    alias(pytester, "served", base_url=transformers_server, model=str(TINY), generation={"max_tokens": 48})
    asked = ("--model", "served", "--model", "judge=served", "test_judged.py", "--eval-write", "out.json")

    first = run(pytester, *asked)
    again = run(pytester, *asked)

    (row, *_) = json.loads((pytester.path / "out.json").read_text())["rows"]
    use = row["judges"]["judge=served"]
    # It is asked by the very prompt that it was trained on, at temperature 0: 20 verdicts, of which 18 are right.
    assert (row["samples"], row["errors"], use["verdicts"], use["errors"]) == (20, 0, 20, 0)
    assert row["score"] >= 0.9
    first.stdout.fnmatch_lines(["judge=served: 20 answers (20 new, 0 stored), *"])
    again.stdout.fnmatch_lines(["judge=served: 20 answers (0 new, 20 stored), *"])
