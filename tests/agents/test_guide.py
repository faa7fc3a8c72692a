"""The page docs/agents.md runs as it stands there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import in_turn, scripted, told
from tests.conftest import FaultyServer, run

GUIDE = (Path(__file__).parents[2] / "docs/agents.md").read_text()
SHOP, FILES = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def buying(messages: Any) -> Any:
    """A model that asks for each price, and adds up."""
    order = {name: int(amount) for name, amount in re.findall(r"'(\w+)': (\d)", messages[0]["content"])}
    prices = [each["content"] for each in messages if each["role"] == "tool"]
    if not prices:
        return [("price", json.dumps({"item": name})) for name in order]
    return f"It is {sum(float(price) * amount for price, amount in zip(prices, order.values(), strict=True))}."


def test_the_example_of_the_guide(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_shop=SHOP)
    scripted(faulty, buying)

    run(project, "--model", "faulty", "test_shop.py").assert_outcomes(passed=2)

    price, stock = (each["function"] for each in faulty.asked[0]["tools"])
    assert price["parameters"]["properties"]["item"]["description"] == "its name, in lower case"
    assert stock["parameters"]["properties"]["shop"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}


WORLD = """
where, files = "/", {"/a": "hello"}

def ls() -> list[str]:
    '''List the files.'''
    return sorted(files)

def cd(folder: str) -> None:
    '''Go to a folder.'''
    global where
    where = folder

def cat(file: str) -> str:
    '''Show a file.'''
    return files[file]

def state():
    return where
"""


def test_the_example_with_a_session(project: pytest.Pytester, faulty: FaultyServer) -> None:
    rows = (
        "from pytest_modeleval import generated\n"
        "ROWS = generated(lambda subset, index: {}, {'main': 1})\n"
        "def to_sample(row):\n    return Sample('go to /tmp', '', metadata={'state': '/tmp'})\n\n\n@benchmark"
    )
    project.makepyfile(world=WORLD, test_files=FILES.replace("@benchmark", rows))
    project.makeconftest("import sys\nsys.path.insert(0, '.')")
    calls = [
        ("ls", ""),
        ("cat", '{"file": "/b"}'),
        ("cd", '{"folder": "/tmp"}'),
        ("python", '{"code": "print(where)"}'),
    ]
    scripted(faulty, in_turn(calls, "done"))

    run(project, "--model", "faulty", "test_files.py").assert_outcomes(passed=1)

    listed, missing, gone, printed = told(faulty.asked[-1])
    assert (listed, gone, printed) == ('["/a"]', "done", "/tmp\n")
    assert missing.startswith("error: ")
    assert "KeyError: '/b'" in missing
