"""The API path, against a real OpenAI-compatible server: `transformers serve` with the bundled model."""

import asyncio
import contextlib
from typing import Any

import pytest

from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.openai import OpenAIModel
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.requests import Chat, Request
from pytest_modeleval.sample import Completion
from tests.conftest import FaultyServer, alias, answer, run, send

QUESTION = [{"role": "user", "content": "What is 3 + 4?"}]


def ask(url: str, request: Request, **settings: Any) -> Completion:
    async def once() -> Completion:
        keys = {"api": "openai", "model": str(TINY), **settings}
        model = OpenAIModel(ModelSpec("served", base_url=url, **keys))
        try:
            await model.check(Chat)
            return await model.answer(request)
        finally:
            await model.close()

    return asyncio.run(once())


@pytest.mark.parametrize("stream", [False, True])
def test_a_real_server_answers(transformers_server: str, stream: bool) -> None:
    request = Chat(QUESTION, generation={"max_tokens": 16, "temperature": 0})

    completion = ask(transformers_server, request, stream=stream)

    assert (completion.text, completion.finish_reason) == ("7", "stop")
    assert completion.prompt_tokens
    assert completion.completion_tokens in (1, 2)
    assert completion.latency > 0
    assert (completion.first_token is not None) == stream
    assert not stream or 0 < (completion.first_token or 0) <= completion.latency


def test_template_arguments_reach_a_real_server_and_thinking_is_kept_apart(transformers_server: str) -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": True}}

    completion = ask(transformers_server, Chat(QUESTION, generation={"max_tokens": 32, "extra_body": extra}))

    assert (completion.thinking, completion.text) == ("3 + 4", "7")


def test_a_real_server_cuts_at_max_tokens(transformers_server: str) -> None:
    question = [{"role": "user", "content": "What is 100 + 100?"}]

    completion = ask(transformers_server, Chat(question, generation={"max_tokens": 1}))

    assert (completion.finish_reason, completion.completion_tokens) == ("length", 1)


def test_content_parts_and_system_messages_reach_a_real_server(transformers_server: str) -> None:
    parts = [{"type": "text", "text": "What is 3 + 4?"}]
    messages = [{"role": "user", "content": parts}]

    assert ask(transformers_server, Chat(messages, generation={"max_tokens": 16})).text == "7"


def test_a_run_over_a_real_server(pytester: pytest.Pytester, transformers_server: str) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "served", base_url=transformers_server, model=str(TINY), generation={"max_tokens": 8})

    result = run(pytester, "--model", "served", "-k", "add-1", "--eval-limit", "10")

    result.stdout.re_match_lines([r"served +arithmetic +10 +0 +(0\.[89]|1\.0)"])


def test_every_setting_goes_where_servers_read_it(faulty_server: FaultyServer) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    generation = {"temperature": 0.5, "top_k": 20, "extra_body": {"min_p": 0.1}}

    ask(faulty_server.url, Chat(QUESTION, tools, generation), model="faulty", headers={"X-Team": "red"})

    body = faulty_server.asked[-1]
    assert body == {
        "model": "faulty",
        "messages": QUESTION,
        "tools": tools,
        "temperature": 0.5,
        "top_k": 20,
        "min_p": 0.1,
    }
    assert faulty_server.headers[-1]["x-team"] == "red"


@pytest.mark.parametrize("stream", [False, True])
def test_a_server_is_told_nothing_of_this_machine(faulty_server: FaultyServer, stream: bool) -> None:
    """The openai package tells of the system, the processor and Python's version."""
    faulty_server.models = []
    with contextlib.suppress(Unavailable):
        ask(faulty_server.url, Chat(QUESTION), model="faulty", stream=stream)

    assert len(faulty_server.headers) == 2
    for headers in faulty_server.headers:
        assert not [name for name in headers if name.lower().startswith("x-stainless")]


def test_a_header_that_a_model_spells_otherwise_is_sent_once(faulty_server: FaultyServer) -> None:
    headers = {"authorization": "Basic QQ==", "USER-AGENT": "ours"}

    ask(faulty_server.url, Chat(QUESTION), model="faulty", headers=headers)

    for sent in faulty_server.headers:
        said = [(name.lower(), value) for name, value in sent.items()]
        assert [value for name, value in said if name == "authorization"] == ["Basic QQ=="]
        assert [value for name, value in said if name == "user-agent"] == ["ours"]


def test_a_cookie_comes_back(faulty_server: FaultyServer) -> None:
    """A gateway in front of several servers may know by it where a client was."""
    said = {"choices": [{"index": 0, "message": {"content": "42"}, "finish_reason": "stop"}]}
    faulty_server.fault = lambda handler, _: send(handler, 200, said, set_cookie="route=2; path=/")
    faulty_server.models = []

    ask(faulty_server.url, Chat(QUESTION), model="faulty")

    assert [headers.get("Cookie") for headers in faulty_server.headers] == [None, "route=2"]


def test_a_cookie_that_cannot_be_sent_is_none(faulty_server: FaultyServer) -> None:
    said = {"choices": [{"index": 0, "message": {"content": "42"}, "finish_reason": "stop"}]}
    faulty_server.fault = lambda handler, _: send(handler, 200, said, set_cookie="route=\xff; path=/")
    faulty_server.models = []

    assert ask(faulty_server.url, Chat(QUESTION), model="faulty").text == "42"
    assert [headers.get("Cookie") for headers in faulty_server.headers] == [None, None]


def test_reasoning_content_is_kept_apart(faulty_server: FaultyServer) -> None:
    faulty_server.fault = answer("42", reasoning_content="six times seven")

    completion = ask(faulty_server.url, Chat(QUESTION), model="faulty")

    assert (completion.thinking, completion.text) == ("six times seven", "42")


def test_tool_calls_are_kept(faulty_server: FaultyServer) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    faulty_server.fault = answer("", tool_calls=[call])

    assert ask(faulty_server.url, Chat(QUESTION), model="faulty").tool_calls == (call,)


def test_a_missing_key_is_said_before_anything_is_asked(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "keyed", base_url=faulty.url, model="faulty", api_key_env="NO_SUCH_KEY")

    result = run(project, "--model", "keyed", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: model 'keyed': the environment variable NO_SUCH_KEY has no key"])
    assert faulty.asked == []


def test_the_openai_key_goes_to_no_other_server(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")

    run(project, "--model", "faulty", "-k", "easy", "test_answers.py")

    assert faulty.headers[0]["authorization"] == "Bearer none"
