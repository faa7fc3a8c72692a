"""A project with a collection over two benchmarks, and what its runs show."""

import json
import re

import pytest

from tests.conftest import FaultyServer, answer, run

MIX = """
name = "mix"

[[datasets]]
name = "Own"
weight = 3
datasets = [{ name = "answers", file = "test_answers.py", task_type = "qa", tags = ["own", "en"] }]

[[datasets]]
name = "Shipped"
datasets = [{ name = "arithmetic", subsets = ["add", "multiply-1"], task_type = "math", tags = ["en"] }]
"""


@pytest.fixture
def mix(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A project with a collection over its own benchmark (right answers) and a shipped one (wrong answers)."""
    (project.path / "mix.toml").write_text(MIX)
    right, wrong = answer("42"), answer("-7")
    faulty.fault = lambda handler, body: (right if "6 * 7" in json.dumps(body) else wrong)(handler, body)
    return project


def ids(result: pytest.RunResult) -> list[str]:
    return sorted(re.findall(r"::(\w+\[[^\]]*\])", result.stdout.str()))


def collected(project: pytest.Pytester, *arguments: str) -> list[str]:
    return ids(run(project, "--model", "faulty", "--collect-only", "-q", "--eval-collection", "mix.toml", *arguments))


def counts(found: list[str]) -> dict[str, int]:
    names = [item.partition("[")[0] for item in found]
    return {name: names.count(name) for name in dict.fromkeys(names)}
