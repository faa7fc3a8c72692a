"""Native calls of tools against servers with their faults, and what is said where one takes no tools."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval import ToolCall
from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import Completion, Refused, StopRun
from tests.conftest import FaultyServer, run, send
from tests.models.test_openai import ask

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
QUESTION = [{"role": "user", "content": "How warm is it in Oslo?"}]
VLLM = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


def says(message: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice]}).encode()


def streams(deltas: list[dict[str, Any]], finish: str | None) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    events = [{"choices": [choice]} for choice in [*choices, {"index": 0, "delta": {}, "finish_reason": finish}]]
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"


def asked(server: FaultyServer, body: bytes, **generation: Any) -> Completion:
    stream = body.startswith(b"data:")
    kind = "text/event-stream" if stream else "application/json"
    server.fault = lambda handler, _: send(handler, 200, body, content_type=kind)
    return ask(server.url, Chat(QUESTION, [WEATHER], generation), model="faulty", stream=stream)


def call(arguments: object, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


@pytest.mark.parametrize("finish", ["tool_calls", "stop", "function_call", "length", "tool_use", None])
def test_a_call_is_one_whatever_the_reason_of_its_end(faulty_server: FaultyServer, finish: str | None) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [call('{"city": "Oslo"}', id="a1")]}

    completion = asked(faulty_server, says(message, finish))

    said = "tool_calls" if finish in ("function_call", "tool_use") else finish or ""
    assert (completion.text, completion.finish_reason) == ("", said)
    assert completion.calls == (ToolCall("weather", '{"city": "Oslo"}', "a1"),)


def test_a_call_beside_a_text_and_a_thought(faulty_server: FaultyServer) -> None:
    message = {"content": "I look.", "reasoning_content": "hm", "tool_calls": [call({"city": "Åre"})]}

    completion = asked(faulty_server, says(message, "tool_calls"))

    assert (completion.thinking, completion.text) == ("hm", "I look.")
    assert completion.calls == (ToolCall("weather", '{"city": "Åre"}', "call00000"),)


def test_streamed_calls_in_pieces_with_one_number_for_all(faulty_server: FaultyServer) -> None:
    """As Ollama and Dynamo number them; the ids of both are the same, too."""
    pieces: list[dict[str, Any]] = [
        {"role": "assistant", "content": None},
        {"content": "I look."},
        {"tool_calls": [call('{"city": ', index=0)]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]},
        {"tool_calls": [call('{"city": "Åre"}', index=0)]},
    ]

    completion = asked(faulty_server, streams(pieces, "tool_calls"))

    assert completion.text == "I look."
    assert [(each.id, each.values) for each in completion.calls] == [
        ("call00000", {"city": "Oslo"}),
        ("call00001", {"city": "Åre"}),
    ]
    assert completion.first_token is not None


@pytest.mark.parametrize("arguments", ['{"city": ', "Oslo", "[1]"])
def test_malformed_arguments_are_an_answer_as_they_stand(faulty_server: FaultyServer, arguments: str) -> None:
    (made,) = asked(faulty_server, says({"content": "", "tool_calls": [call(arguments, id="a")]}, "stop")).calls

    assert made.arguments == arguments
    with pytest.raises(ValueError, match=r"."):
        _ = made.values


def test_what_says_how_tools_are_called_goes_out(faulty_server: FaultyServer) -> None:
    chosen = {"tool_choice": "required", "parallel_tool_calls": False}

    asked(faulty_server, says({"content": "no"}, "stop"), **chosen)

    body = faulty_server.asked[-1]
    assert body["tools"] == [WEATHER]
    assert {name: body[name] for name in chosen} == chosen


def refuse(status: int, message: str) -> Any:
    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body.get("tools"):
            send(handler, status, {"error": {"message": message}})
        else:
            send(handler, 200, says({"content": "42"}, "stop"))

    return fault


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, VLLM),
        (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
        (404, "No endpoints found that support tool use. To learn more about provider routing, visit: …"),
        (500, "tools param requires --jinja flag"),
        (500, "Internal server error: Unsupported tool_call_parser: None"),
    ],
)
def test_a_server_that_takes_no_tools_ends_the_run_with_what_mends_it(
    faulty_server: FaultyServer, status: int, message: str
) -> None:
    faulty_server.fault = refuse(status, message)

    with pytest.raises(StopRun) as stopped:
        ask(faulty_server.url, Chat(QUESTION, [WEATHER], sample_id="bfcl[simple-00001]"), model="faulty")

    assert f"takes no tools, which bfcl[simple-00001] offers: {status}: {message}" in str(stopped.value)
    assert "--enable-auto-tool-choice" in str(stopped.value)
    assert 'tools = "hermes" in its alias' in str(stopped.value)


def test_a_prompt_that_speaks_of_tools_ends_no_run(faulty_server: FaultyServer) -> None:
    faulty_server.fault = lambda handler, _: send(handler, 400, {"error": {"message": VLLM}})

    with pytest.raises(Refused, match="refused this prompt"):
        ask(faulty_server.url, Chat(QUESTION), model="faulty")


CALLING = """
from pytest_modeleval import Sample, benchmark, generated

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
ROWS = generated(lambda subset, index: {"q": f"{index}: how warm is it?"}, {"main": 6})

@benchmark(ROWS, lambda row: Sample(row["q"], "weather", tools=[TOOL]))
def test_calls(sample, completion):
    assert [call.name for call in completion.calls] == ["weather"]
"""


def test_a_run_against_a_server_without_tools_has_no_score(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = refuse(400, VLLM)
    project.makepyfile(test_calls=CALLING)

    result = run(project, "--model", "faulty", "test_calls.py")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: faulty at *takes no tools, which calls*--enable-auto-tool-choice*"])
    result.stdout.no_fnmatch_line("*0.000*")


def test_a_refusal_after_tools_were_taken_is_that_samples_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """One tool that the server's schema does not know is no reason to end a run."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if body["messages"][-1]["content"].startswith("5"):
            send(handler, 400, {"error": {"message": "Unsupported keyword in the tool 'weather'"}})
        else:
            send(handler, 200, says({"content": None, "tool_calls": [call("{}")]}, "tool_calls"))

    faulty.fault = fault
    project.makepyfile(test_calls=CALLING)

    result = run(project, "--model", "faulty", "test_calls.py", "--eval-concurrency", "1")

    result.assert_outcomes(passed=5, errors=1)
