"""Three models and a judge behind one server, and a benchmark of free answers."""

import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import FaultyServer, alias, answer, send

TALES = """
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}: tell a tale"}, {"short": 4, "long": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], ""), tags=["chat"])
def test_tales(sample: Sample, completion: Completion) -> None:
    assert False, "its own test is not run"
"""
ASKED = ("--model", "red", "--model", "green", "--model", "blue", "--model", "judge=strict", "--eval-arena")
# An answer by the model's name and the question, and a judge's label by both answers as they are shown.
Says = Callable[[str, str], str]
Judges = Callable[[str, str], str]


class Ring:
    """The server of an arena; ``says`` and ``judges`` are what its models and its judge do."""

    def __init__(self, server: FaultyServer) -> None:
        self.server = server
        # The longer one wins.
        self.says: Says = lambda model, question: {"red": "once", "green": "once upon", "blue": "once upon a"}[model]
        self.judges: Judges = lambda one, two: (
            "A=B" if len(one) == len(two) else "A>B" if len(one) > len(two) else "B>A"
        )
        # What the judge says of a single answer.
        self.rates = ""
        server.models = ["red", "green", "blue", "strict"]
        server.fault = self._fault

    def asked(self, model: str) -> list[Mapping[str, Any]]:
        """The requests to a model."""
        return [body for body in self.server.asked if body["model"] == model]

    def _fault(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        asked = str(body["messages"][-1]["content"])
        if body["model"] != "strict":
            said = self.says(str(body["model"]), asked)
            if said.startswith("<error>"):
                send(handler, 400, {"error": {"message": said}})
            else:
                answer(said)(handler, body)
            return
        answer(self.rates if asked.count("\n</answer ") == 1 else verdict(self.judges(*shown(asked))))(handler, body)


def verdict(label: str) -> str:
    return json.dumps({"reason": "as I see it", "verdict": label})


def shown(asked: str) -> tuple[str, str]:
    """Both answers in a judge's prompt, out of their marks; the sentence about marks stands behind them."""
    found = re.findall(r"<answer (\w{16})>\n(.*?)\n</answer \1>", asked, re.DOTALL)
    assert len(found) == 2, asked
    return found[0][1], found[1][1]


@pytest.fixture
def ring(project: pytest.Pytester, faulty_server: FaultyServer) -> Ring:
    """An arena of red, green and blue over six questions, judged by strict."""
    project.makepyfile(test_tales=TALES)
    for name in ("red", "green", "blue", "strict"):
        alias(project, name, base_url=faulty_server.url, model=name, retries=1, timeout=60)
    return Ring(faulty_server)


def document(project: pytest.Pytester, name: str = "out.json") -> dict[str, Any]:
    """The written table's part of the arena."""
    found: dict[str, Any] = json.loads((project.path / name).read_text())["arena"]
    return found
