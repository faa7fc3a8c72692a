"""A model whose answers go wrong in every way, and what Allure was given of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FaultyServer, answer, run, send

# What a terminal, a browser or a parser would obey.
HOSTILE = "<script>document.title='owned'</script>[x](javascript:alert(1)) \x1b[31m\x00 \ud800 \u202e &amp; "


def every_mistake(handler: Any, body: dict[str, Any]) -> None:
    """An answer, or none, by the question's number."""
    asked = body["messages"][-1]["content"]
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": "It is 41"}, "finish_reason": "stop"}
    if "easy 0" in asked:
        choice["finish_reason"] = "content_filter"
    elif "easy 1" in asked:
        choice["finish_reason"] = "length"
    elif "easy 2" in asked:
        choice["message"]["content"] = "I'm sorry, but I can't help with that."
    elif "easy 3" in asked:
        choice["message"]["content"] = "Who knows?"
    elif "easy 4" in asked:
        return send(handler, 500, {"error": {"message": "broken"}})
    elif "easy 5" in asked:
        choice["message"] |= {"content": f"{HOSTILE} so 41", "reasoning_content": "Let me think."}
    elif "hard" in asked:
        return answer("42")(handler, body)
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return send(handler, 200, {"choices": [choice], "usage": usage})


Results = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def results(project: pytest.Pytester, faulty: FaultyServer) -> Results:
    """Run the faulty model with --alluredir, and give Allure's results by their full names."""
    pytest.importorskip("allure_pytest")
    faulty.fault = every_mistake

    def ask(*arguments: str) -> dict[str, dict[str, Any]]:
        run(project, "--model", "faulty", "--alluredir", "results", *(arguments or ("test_answers.py",)))
        return read(project.path / "results")

    return ask


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The results in a folder by their full names; of several, the newest."""
    found = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
    return {one["fullName"]: one for one in sorted(found, key=lambda one: float(one["start"]))}


def attached(folder: Path, result: dict[str, Any], name: str) -> str:
    """The text of a result's attachment."""
    (source,) = (each["source"] for each in result["attachments"] if each["name"] == name)
    return (folder / str(source)).read_text("utf-8")
