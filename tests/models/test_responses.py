"""OpenAI's responses as an alias's api: requests and replies by the openai package's own types, and a real server."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import openai
import openai.types.responses as official
import pytest
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

from pytest_modeleval import ToolCall, answer_message, result_message
from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.openai import _response_body
from pytest_modeleval.models.sent import as_sent
from pytest_modeleval.models.spec import TINY, ModelSpec, resolve
from pytest_modeleval.requests import Chat, Message
from pytest_modeleval.sample import Completion, Filtered, Refused
from tests.conftest import FaultyServer, alias, run, send
from tests.models import test_openai

QUESTION = [{"role": "user", "content": "How warm is it in Oslo?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "description": "How warm", "parameters": PARAMETERS}}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "encrypted_content": "gAAAA",
    "summary": [{"type": "summary_text", "text": "I look"}, {"type": "summary_text", "text": " it up"}],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city": "Oslo"}',
}
USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 12,
}


def response(*output: Mapping[str, Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    """A response object, as the official package reads it."""
    made = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1.0,
        "model": "m",
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": None,
        "temperature": None,
        "top_p": None,
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE,
        **more,
    }
    official.Response.model_validate(made, strict=True)
    return made


def events(*said: Mapping[str, Any]) -> bytes:
    """A stream of events, each as the official package reads it."""
    lines = []
    for number, event in enumerate(said):
        whole = {**event, "sequence_number": number}
        TypeAdapter(official.ResponseStreamEvent).validate_python(whole)
        lines.append(f"event: {event['type']}\ndata: {json.dumps(whole)}\n\n")
    return "".join(lines).encode()


def ask(server: FaultyServer, body: object, request: Chat | None = None, **settings: Any) -> Completion:
    is_stream = isinstance(body, bytes)
    kind = "text/event-stream" if is_stream else "application/json"
    server.fault = lambda handler, _: send(handler, 200, body, content_type=kind)
    spec = {"api": "responses", "model": "faulty", "stream": is_stream, **settings}
    return test_openai.ask(server.url, request or Chat(QUESTION, [WEATHER]), **spec)


def sent(server: FaultyServer) -> dict[str, Any]:
    """The last request, as the official package would send it."""
    body = server.asked[-1]
    assert server.paths[-1] == "/v1/responses"
    TypeAdapter(ResponseCreateParamsStreaming if body["stream"] else ResponseCreateParamsNonStreaming).validate_python(
        body
    )
    return body


def test_what_is_asked_is_what_the_official_package_would_ask(faulty_server: FaultyServer) -> None:
    called = Completion("I look.", "hm", tool_calls=[{"id": "a1", "function": {"name": "weather", "arguments": "{}"}}])
    messages: list[Message] = [
        {"role": "system", "content": "Be short."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "data:x"}}],
        },
        answer_message(called),
        result_message(called.calls[0], "7 °C"),
        {"role": "assistant", "content": [{"type": "text", "text": "7 °C"}]},
        {"role": "user", "content": "And in Åre?"},
    ]
    schema = {"name": "it", "schema": {"type": "object"}, "strict": True}
    generation = {
        "max_tokens": 64,
        "temperature": 0,
        "reasoning_effort": "low",
        "verbosity": "low",
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "parallel_tool_calls": False,
        "response_format": {"type": "json_schema", "json_schema": schema},
        "extra_body": {"top_p": 0.5},
    }
    request = as_sent(ModelSpec("m", "responses", "m"), Chat(messages, [WEATHER], generation))
    assert isinstance(request, Chat)

    ask(faulty_server, response(MESSAGE), request)

    assert sent(faulty_server) == {
        "model": "faulty",
        "store": False,
        "stream": False,
        "instructions": "Be short.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "See"},
                    {"type": "input_image", "image_url": "data:x", "detail": "auto"},
                ],
            },
            {"role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "a1", "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a1", "output": "7 °C"},
            {"role": "assistant", "content": "7 °C"},
            {"role": "user", "content": "And in Åre?"},
        ],
        "tools": [{"type": "function", "name": "weather", "description": "How warm", "parameters": PARAMETERS}],
        "max_output_tokens": 64,
        "temperature": 0,
        "top_p": 0.5,
        "reasoning": {"effort": "low"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", **schema}},
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
    }


def test_a_server_may_keep_answers_where_the_alias_says_so(faulty_server: FaultyServer) -> None:
    ask(faulty_server, response(MESSAGE), Chat(QUESTION, generation={"store": True, "reasoning": {"effort": "low"}}))

    assert (sent(faulty_server)["store"], sent(faulty_server)["reasoning"]) == (True, {"effort": "low"})


def streamed(*output: Mapping[str, Any], ends: str = "completed", **more: Any) -> bytes:
    """The events of a response with a thought, a text and a call in pieces."""
    place: Mapping[str, Any] = {"item_id": "x", "content_index": 0, "output_index": 1}
    called = {"item_id": "fc_1", "output_index": 2}
    return events(
        {"type": "response.created", "response": response(status="in_progress", usage=None)},
        {"type": "response.output_item.added", "output_index": 0, "item": {**REASONING, "summary": []}},
        {
            "type": "response.reasoning_summary_text.delta",
            "delta": "I look it up",
            "item_id": "rs_1",
            "output_index": 0,
            "summary_index": 0,
        },
        {"type": "response.output_text.delta", "delta": "I ", "logprobs": [], **place},
        {"type": "response.output_text.delta", "delta": "look.", "logprobs": [], **place},
        {"type": "response.output_item.added", "output_index": 2, "item": {**CALL, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "delta": '{"city"', **called},
        {"type": "response.function_call_arguments.delta", "delta": ': "Oslo"}', **called},
        {
            "type": "response.function_call_arguments.done",
            "arguments": CALL["arguments"],
            "name": "weather",
            **called,
        },
        {"type": f"response.{ends}", "response": response(*output, status=ends, **more)},
    )


@pytest.mark.parametrize(
    "body",
    [response(REASONING, MESSAGE, CALL), streamed(REASONING, MESSAGE, CALL), streamed()],
    ids=["whole", "streamed", "streamed, with nothing at the end"],
)
def test_a_reply_is_read_whole_and_streamed(faulty_server: FaultyServer, body: object) -> None:
    completion = ask(faulty_server, body)

    assert (completion.thinking, completion.text) == ("I look it up", "I look.")
    assert completion.calls == (ToolCall("weather", '{"city": "Oslo"}', "call_1"),)
    assert (completion.prompt_tokens, completion.completion_tokens, completion.thinking_tokens) == (7, 5, 3)
    assert (completion.first_token is not None) == isinstance(body, bytes)
    # Nobody sends them back.
    assert completion.reasoning_items == ()


def test_an_end_is_said_in_the_words_of_chat_completions(faulty_server: FaultyServer) -> None:
    cut = {"incomplete_details": {"reason": "max_output_tokens"}}

    assert ask(faulty_server, response(MESSAGE)).finish_reason == "stop"
    assert ask(faulty_server, response(CALL)).finish_reason == "tool_calls"
    assert ask(faulty_server, response(MESSAGE, status="incomplete", **cut)).finish_reason == "length"
    assert ask(faulty_server, streamed(MESSAGE, ends="incomplete", **cut)).finish_reason == "length"
    refused = {**MESSAGE, "content": [{"type": "refusal", "refusal": "No."}]}
    answer = ask(faulty_server, response(refused))
    assert (answer.text, answer.finish_reason) == ("No.", "refusal")


def test_what_a_filter_kept_back_is_no_answer(faulty_server: FaultyServer) -> None:
    cut = {"reason": "content_filter"}

    with pytest.raises(Filtered):
        ask(faulty_server, response(MESSAGE, status="incomplete", incomplete_details=cut))


FAILED = {"code": "server_error", "message": "The model overloaded"}


@pytest.mark.parametrize(
    "body",
    [
        response(status="failed", error=FAILED),
        streamed(ends="failed", error=FAILED),
        events({"type": "error", "code": "server_error", "message": "The model overloaded", "param": None}),
        events({"type": "response.created", "response": response(status="in_progress", usage=None)}),
        response(status="queued", usage=None),
    ],
    ids=["whole", "streamed", "an event", "broken off", "queued"],
)
def test_a_response_that_failed_is_asked_again(faulty_server: FaultyServer, body: object) -> None:
    with pytest.raises(Unavailable, match=r"The model overloaded|broke off|neither an answer"):
        ask(faulty_server, body)


def test_a_prompt_that_is_too_long_is_that_samples_error(faulty_server: FaultyServer) -> None:
    said = {"code": "invalid_prompt", "message": "Your input exceeds the context window of this model."}

    with pytest.raises(Refused, match="too long"):
        ask(faulty_server, response(status="failed", error=said))


def conversed(spec: ModelSpec, answer: Completion) -> Chat:
    """What is asked after an answer that called a tool."""
    messages = [*QUESTION, answer_message(answer), result_message(answer.calls[0], "7 °C")]
    request = as_sent(spec, Chat(messages, [WEATHER]))
    assert isinstance(request, Chat)
    return request


@pytest.mark.parametrize("body", [response(REASONING, CALL), streamed(REASONING, CALL)], ids=["whole", "streamed"])
def test_thoughts_go_back_as_they_came(faulty_server: FaultyServer, body: object) -> None:
    spec = ModelSpec("m", "responses", "m", send_thinking="items")
    answer = ask(faulty_server, body, send_thinking="items")

    ask(faulty_server, response(MESSAGE), conversed(spec, answer), send_thinking="items")

    asked = sent(faulty_server)
    assert asked["include"] == ["reasoning.encrypted_content"]
    assert asked["input"][1:] == [
        REASONING,
        CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": "7 °C"},
    ]


def test_thoughts_go_back_nowhere_else(faulty_server: FaultyServer) -> None:
    answer = ask(faulty_server, response(REASONING, MESSAGE, CALL), send_thinking="items")

    ask(faulty_server, response(MESSAGE), conversed(ModelSpec("m", "responses", "m"), answer))

    assert "include" not in sent(faulty_server)
    assert [item.get("type", item.get("role")) for item in sent(faulty_server)["input"]] == [
        *("user", "assistant", "function_call", "function_call_output")
    ]


def test_results_go_with_calls_whose_ids_were_made(faulty_server: FaultyServer) -> None:
    twice = [{**CALL, "call_id": ""}, {**CALL, "call_id": "x"}, {**CALL, "call_id": "x"}]
    answer = ask(faulty_server, response(REASONING, *twice), send_thinking="items")

    request = conversed(ModelSpec("m", "responses", "m", send_thinking="items"), answer)
    ask(faulty_server, response(MESSAGE), request)

    ids = [item["call_id"] for item in sent(faulty_server)["input"] if item.get("type") == "function_call"]
    assert ids == [call.id for call in answer.calls]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_real_server_answers(transformers_server: str, stream: bool) -> None:
    messages = [{"role": "system", "content": "Add."}, {"role": "user", "content": "What is 3 + 4?"}]
    request = Chat(messages, generation={"max_tokens": 16, "temperature": 0})

    completion = test_openai.ask(transformers_server, request, api="responses", stream=stream)

    assert (completion.text, completion.finish_reason) == ("7", "stop")
    assert completion.prompt_tokens
    assert completion.completion_tokens in (1, 2)
    assert (completion.first_token is not None) == stream


@pytest.mark.parametrize("stream", [False, True])
def test_the_official_client_sends_and_reads_the_same(transformers_server: str, stream: bool) -> None:
    """A real server's reply, as the package itself reads it, to what is asked here."""
    question = [{"role": "system", "content": "Add."}, {"role": "user", "content": "What is 3 + 4?"}]
    request = Chat(question, generation={"max_tokens": 16, "temperature": 0})
    body = _response_body(str(TINY), request) | {"stream": stream}
    with openai.OpenAI(base_url=transformers_server, api_key="none") as client:
        reply = client.responses.create(**body)
        if stream:
            *_, last = reply
            assert isinstance(last, official.ResponseCompletedEvent)
            reply = last.response

    answer = test_openai.ask(transformers_server, request, api="responses", stream=stream)

    assert (reply.output_text.strip("\n"), reply.status) == (answer.text, "completed")
    assert reply.usage.input_tokens == answer.prompt_tokens
    assert reply.usage.output_tokens == answer.completion_tokens


def test_calls_and_results_reach_a_real_server(transformers_server: str) -> None:
    """Those of another tool than the one that the bundled model knows."""
    called = Completion("", tool_calls=[{"id": "a1", "function": {"name": "weather", "arguments": "{}"}}])
    messages = [
        *({"role": "user", "content": "What is 1 + 1?"}, answer_message(called)),
        *(result_message(called.calls[0], "2"), {"role": "user", "content": "What is 3 + 4?"}),
    ]

    completion = test_openai.ask(
        transformers_server, Chat(messages, [WEATHER], generation={"max_tokens": 16, "temperature": 0}), api="responses"
    )

    assert completion.finish_reason == "stop"
    assert completion.prompt_tokens


def test_a_run_over_a_real_server(pytester: pytest.Pytester, transformers_server: str) -> None:
    pytester.makeini("[pytest]")
    address = f"{transformers_server}/responses"
    alias(pytester, "served", base_url=address, model=str(TINY), generation={"max_tokens": 8})

    result = run(pytester, "--model", "served", "-k", "add-1", "--eval-limit", "10")

    result.stdout.re_match_lines([r"served +arithmetic +10 +0 +(0\.[89]|1\.0)"])


@pytest.mark.parametrize(
    ("address", "api"),
    [("http://x/v1", "openai"), ("http://x/v1/responses/", "responses"), ("http://x/v1/chat/completions", "openai")],
)
def test_an_address_may_name_its_endpoint(address: str, api: str) -> None:
    spec = resolve(f"{address}#m", {}, {})

    assert (spec.api, spec.base_url) == (api, "http://x/v1")


def words(lines: Iterable[str]) -> str:
    return " ".join(lines)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            {"api": "responses", "send_thinking": "reasoning"},
            "api = 'responses', send_thinking takes one of items, not 'reasoning'",
        ),
        (
            {"send_thinking": "items"},
            "api = 'openai', send_thinking takes one of reasoning_content, reasoning, reasoning_details, not 'items'",
        ),
        ({"tools": "xml"}, "tools takes one of native, python, hermes, not 'xml'"),
        (
            {"api": "replay", "model": "a.jsonl", "tools": "hermes"},
            "tools says how a model is asked, and these are recorded",
        ),
    ],
)
def test_what_an_alias_cannot_say(project: pytest.Pytester, keys: dict[str, str], said: str) -> None:
    alias(project, "m", **{"base_url": "http://127.0.0.1:9/v1", "model": "m", **keys})

    result = run(project, "--model", "m")

    assert result.ret == 4
    assert said in words(result.stderr.lines)
