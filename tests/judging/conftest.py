"""A benchmark that a judge scores, and the servers of both models."""

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import FaultyServer, alias, answer, send

JUDGED = """
from pytest_modeleval import Completion, Judge, Judging, Labels, Rubric, Sample, benchmark, generated
from pytest_modeleval.scorers.overlap import exact_match

ROWS = generated(lambda subset, index: {"n": index}, {"main": 4})
GRADE = Rubric(
    "Is the answer right?\\nQuestion: {question}\\nReference: {reference}\\nAnswer:\\n{answer}",
    Labels({"CORRECT": 1.0, "INCORRECT": 0.0}),
)

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", str(row["n"])))
async def test_graded(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await judge.grade(GRADE, completion, question=sample.asked, reference=sample.target)
"""
SYNC = JUDGED.replace("async def", "def").replace("await ", "").replace("judge: Judge)", "judge)")
ASKED = ("--model", "faulty", "--model", "judge=strict", "test_graded.py")


def verdict(label: object) -> str:
    return json.dumps({"reason": "as I see it", "verdict": label})


def fields(body: dict[str, Any]) -> tuple[str, str]:
    """The reference and the answer that a judge was shown, the latter out of its marks."""
    asked = body["messages"][-1]["content"]
    found = re.search(r"Reference: (.*)\nAnswer:\n<answer (\w{16})>\n(.*)\n</answer \2>", asked, re.DOTALL)
    assert found, asked
    return found[1], found[3]


def strict(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Grades as the rubric says."""
    reference, given = fields(body)
    answer(verdict("CORRECT" if given.partition("\n")[0] == reference else "INCORRECT"))(handler, body)


def echo_even(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """The right number for even ones, another else."""
    number = int(body["messages"][-1]["content"].split()[-1])
    answer(str(number if number % 2 == 0 else number + 100))(handler, body)


def ended(reason: str) -> Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]:
    """A verdict whose server says that it did not end by itself."""
    choice = {"index": 0, "message": {"role": "assistant", "content": verdict("CORRECT")}, "finish_reason": reason}
    return lambda handler, _: send(handler, 200, {"choices": [choice]})


@pytest.fixture
def judged(project: pytest.Pytester, faulty: FaultyServer, other_server: FaultyServer) -> FaultyServer:
    """A benchmark of four samples, two of which the model answers right, and the server of the judge ``strict``."""
    project.makepyfile(test_graded=JUDGED)
    alias(project, "strict", base_url=other_server.url, model="strict", retries=1, timeout=60)
    other_server.models = ["strict", "mild"]
    other_server.fault, faulty.fault = strict, echo_even
    return other_server


def row(project: pytest.Pytester) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.path / "out.json").read_text())["rows"][0]
    return found


RULED = (
    JUDGED.replace(
        "    assert await judge.grade(GRADE, completion, question=sample.asked, reference=sample.target)",
        """    right = completion.text == f"{sample.target}."
    rule = Score(float(right), right)
    assert await judge.grade(GRADE, completion, rule=rule, question=sample.asked, reference=sample.target)""",
    )
    .replace("Sample(f", "Sample(f")
    .replace("@benchmark(ROWS, ", "@benchmark(ROWS, judging=Judging(optional=True), to_sample=")
)
RULED = RULED.replace("import Completion", "import Score, Completion")
