"""What of a conversation goes to the model, and so belongs to the key of its answer."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval import Completion, answer_message
from pytest_modeleval.models.credentials import Mask
from pytest_modeleval.models.sent import as_sent
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.requests import Chat
from tests.conftest import FaultyServer, alias, answer, run, send

TALK = """
from pytest_modeleval import Sample, answer_message, benchmark, generated

@benchmark(generated(lambda subset, index: {"q": f"question {index}"}, {"main": 1}), lambda row: Sample(row["q"], "42"))
async def test_talk(sample, model):
    messages = [*sample.messages]
    first = await model.complete(messages)
    messages += [answer_message(first), {"role": "user", "content": "sure?"}]
    assert (await model.complete(messages)).text == sample.target
"""


def thoughtful(faulty: FaultyServer) -> None:
    """Think another thought at each time of asking."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer("42", reasoning_content=f"thought {len(faulty.asked)}")(handler, body)

    faulty.fault = fault


@pytest.mark.parametrize("name", ["", "reasoning_content", "reasoning"])
def test_thoughts_go_back_as_the_alias_says(project: pytest.Pytester, faulty_server: FaultyServer, name: str) -> None:
    thoughtful(faulty_server)
    project.makepyfile(test_talk=TALK)
    said = {"send_thinking": name} if name else {}
    alias(project, "m", base_url=faulty_server.url, model="faulty", **said)

    run(project, "--model", "m", "test_talk.py").assert_outcomes(passed=1)

    kept = {name: "thought 1"} if name else {}
    assert faulty_server.asked[-1]["messages"][1] == {"role": "assistant", "content": "42", **kept}


SIGNED = {"type": "reasoning.text", "index": 0, "format": "anthropic-claude-v1", "text": "hm, hm", "signature": "s1"}
HIDDEN = {"type": "reasoning.encrypted", "index": 1, "id": "r1", "data": "c2VjcmV0"}


@pytest.mark.parametrize("stream", [True, False])
def test_details_of_thoughts_go_back_whole(project: pytest.Pytester, faulty_server: FaultyServer, stream: bool) -> None:
    call = {"index": 0, "id": "c0", "type": "function", "function": {"name": "look", "arguments": "{}"}}

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if len(body["messages"]) > 1:
            answer("42")(handler, body)
        elif stream:
            # The text in pieces, and its signature with the last one.
            first = {**SIGNED, "text": "hm, ", "signature": None}
            last = {"type": SIGNED["type"], "index": 0, "text": "hm", "signature": "s1"}
            deltas = [{"reasoning": "hm, ", "reasoning_details": [first]}, {"reasoning_details": [last, HIDDEN]}]
            chunks = [{"index": 0, "delta": delta} for delta in [*deltas, {"tool_calls": [call]}]]
            chunks.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
            events = "".join(f"data: {json.dumps({'choices': [chunk]})}\n\n" for chunk in chunks)
            send(handler, 200, f"{events}data: [DONE]\n\n".encode(), content_type="text/event-stream")
        else:
            message = {"content": None, "reasoning_details": [SIGNED, HIDDEN], "tool_calls": [call]}
            send(handler, 200, {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})

    faulty_server.fault = fault
    project.makepyfile(
        test_look="""
from pytest_modeleval import Sample, benchmark, generated, react, tool

@tool
def look() -> str:
    return "a cat"

@benchmark(generated(lambda subset, index: {}, {"main": 1}), lambda row: Sample("Look.", "42"))
async def test_look(sample, model):
    assert (await react(sample, model, [look])).answer.text == sample.target
"""
    )
    alias(project, "blind", base_url=faulty_server.url, model="faulty")
    alias(project, "m", base_url=faulty_server.url, model="faulty", send_thinking="reasoning_details")

    run(project, "--model", "blind", "test_look.py").assert_outcomes(passed=1)
    assert "reasoning" not in str(faulty_server.asked[-1]["messages"])
    # The first answer is stored, with what is now sent.
    run(project, "--model", "m", "test_look.py").assert_outcomes(passed=1)

    assert len(faulty_server.asked) == 3
    assert faulty_server.asked[-1]["messages"][1]["reasoning_details"] == [SIGNED, HIDDEN]


def test_a_thought_that_is_not_sent_is_in_no_key(project: pytest.Pytester, faulty_server: FaultyServer) -> None:
    """The first answer is asked for anew, with another thought: the second one still serves."""
    thoughtful(faulty_server)
    project.makepyfile(test_talk=TALK)
    alias(project, "m", base_url=faulty_server.url, model="faulty")
    alias(project, "seeing", base_url=faulty_server.url, model="faulty", send_thinking="reasoning")
    run(project, "--model", "m", "test_talk.py")

    run(project, "--model", "m", "test_talk.py")
    assert len(faulty_server.asked) == 2
    run(project, "--model", "seeing", "test_talk.py")
    assert len(faulty_server.asked) == 3


def test_two_thoughts_make_one_request_where_they_are_not_sent() -> None:
    one, other = (
        Chat([answer_message(Completion("42", thought, reasoning_items=[{"type": "reasoning", "id": thought}]))])
        for thought in ("a", "b")
    )

    plain, seeing = ModelSpec("m", "openai", "m"), ModelSpec("m", "openai", "m", send_thinking="reasoning")
    assert as_sent(plain, one) == as_sent(plain, other) == Chat([{"role": "assistant", "content": "42"}])
    assert as_sent(seeing, one) != as_sent(seeing, other)


def test_a_secret_is_masked_in_what_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret-key")
    spec = ModelSpec("m", "responses", "m", base_url="http://x/v1", api_key_env="MY_KEY")
    item = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "the key is sk-very-secret-key"}]}

    covered = Mask(spec).cover(Completion("", reasoning_items=(item,), tool_calls=({"id": "sk-very-secret-key"},)))

    assert "very-secret" not in repr(covered)
    assert covered.tool_calls == ({"id": "***"},)


def test_a_gate_compares_no_run_that_was_asked_otherwise(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "base.json")

    other = ("--eval-set", "models.faulty.send_thinking=reasoning")
    result = run(project, "--model", "faulty", "test_answers.py", "--eval-baseline", "base.json", *other)

    result.stderr.fnmatch_lines(["*baseline's send_thinking was none, this run's is reasoning: *"])
