"""Conversations with the bundled model, in this process and behind `transformers serve`: it calls a calculator."""

from typing import Any

import pytest

from pytest_modeleval.models.spec import TINY
from tests.conftest import alias, run, run_alone

SUMS = """
import re
from pytest_modeleval import AgentLimits, Sample, benchmark, generated, react, tool
from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: arithmetic.row("multiply-3", index), {"main": 10})

@tool
def calculate(expression: str) -> int:
    \"\"\"Calculate a product.\"\"\"
    one, other = re.fullmatch(r"(\\d+) \\* (\\d+)", expression).groups()
    return int(one) * int(other)

@benchmark(ROWS, lambda row: Sample(row["question"], row["answer"]))
async def test_sums(sample, model):
    talk = await react(sample, model, [calculate], limits=AgentLimits(turns=3))
    assert [called.call.name for called in talk.called] == ["calculate"]
    assert (talk.turns, talk.ended) == (2, "answered")
    assert same_number(talk.answer, sample.target)
"""


@pytest.fixture
def sums(pytester: pytest.Pytester) -> pytest.Pytester:
    """Products of three digits, none of which it gets right by itself."""
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_sums=SUMS)
    return pytester


def test_the_bundled_model_calls_a_tool_and_answers_with_its_result(sums: pytest.Pytester) -> None:
    result = run_alone(sums, "--model", "tiny", "test_sums.py")

    result.stdout.re_match_lines([r"tiny +sums +10 +0 +(0\.9|1\.0)00 "])


@pytest.mark.parametrize("keys", [{}, {"stream": True}, {"api": "responses"}])
def test_so_does_the_served_one(sums: pytest.Pytester, transformers_server: str, keys: dict[str, Any]) -> None:
    settings = {"max_tokens": 40, "temperature": 0}
    alias(sums, "served", base_url=transformers_server, model=str(TINY), generation=settings, **keys)

    result = run(sums, "--model", "served", "test_sums.py")

    result.stdout.re_match_lines([r"served +sums +10 +0 +(0\.9|1\.0)00 "])
