"""What a server may do wrong, and what the user is told."""

import email.utils
import json
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.models import openai

# Imported here, so that the runs in this process find these very modules.
from pytest_modeleval.store import schema, store
from tests.conftest import FaultyServer, alias, answer, run, send

Fault = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def error(status: int, message: str = "no", code: str = "", **headers: str) -> Fault:
    body = {"error": {"message": message, "code": code or None}}
    return lambda handler, _: send(handler, status, body, **headers)


def first(fault: Fault, then: Fault) -> Fault:
    """The fault once, then the other."""
    left = [fault]
    return lambda handler, body: (left.pop() if left else then)(handler, body)


def only(faults: Mapping[str, Fault]) -> Fault:
    """A fault for each question that begins with its name; every other is answered 42."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        faults.get(body["messages"][0]["content"].partition(":")[0], answer("42"))(handler, body)

    return fault


def test_a_right_answer_passes(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=10)


def test_a_rate_limit_obeys_retry_after(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = first(error(429, retry_after="1"), answer("42"))

    started = time.monotonic()
    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    result.assert_outcomes(passed=10)
    assert time.monotonic() - started >= 1
    assert len(faulty.asked) == 11


def test_retry_after_may_be_a_date(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = first(error(429, retry_after=email.utils.formatdate(time.time() + 2, usegmt=True)), answer("42"))

    started = time.monotonic()
    run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py").assert_outcomes(passed=10)

    assert time.monotonic() - started >= 0.9


@pytest.mark.parametrize(
    ("status", "said", "is_stopped"),
    [(403, "go away", True), (400, "go away", False), (403, "the input was flagged", False)],
    ids=["403", "400", "filter"],
)
def test_a_server_that_shuts_out_a_run_which_it_answered_is_not_asked_on(
    project: pytest.Pytester, faulty: FaultyServer, status: int, said: str, is_stopped: bool
) -> None:
    refuse = error(status, said)
    faulty.fault = lambda handler, body: (answer("42") if len(faulty.asked) < 4 else refuse)(handler, body)

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    stopped = f"ERROR: faulty at *: 403 {said} (5 different prompts alike, *; none was answered since)"
    assert len(faulty.asked) == (8 if is_stopped else 10)
    assert (result.ret == pytest.ExitCode.USAGE_ERROR) == is_stopped
    if is_stopped:
        result.stderr.fnmatch_lines([stopped])


def test_a_server_that_asks_for_a_day_is_not_waited_for(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = error(429, "busy", retry_after="86400")

    result = run(project, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: faulty asks to come back in 86400 s: 429: busy"])


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_server_error_is_asked_again(project: pytest.Pytester, faulty: FaultyServer, status: int) -> None:
    faulty.fault = first(error(status), answer("42"))

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == 11


def cut_stream(handler: BaseHTTPRequestHandler, _: object) -> None:
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.end_headers()
    chunk = {"choices": [{"index": 0, "delta": {"content": "4"}, "finish_reason": None}]}
    handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def cut_body(handler: BaseHTTPRequestHandler, _: object) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def not_json(handler: BaseHTTPRequestHandler, _: object) -> None:
    send(handler, 200, b"<html>It works!</html>")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (error(500, "boom"), "*no answer after 2 attempts: 500: boom"),
        (error(200, "overloaded"), "*no answer after 2 attempts: the server answered 200 with an error: overloaded"),
        (cut_body, "*no answer after 2 attempts: connection failed: the response broke off"),
        (not_json, "*no answer after 2 attempts: not JSON: '<html>It works!</html>'"),
        (error(400, "This model's maximum context length is 5 tokens"), "*the prompt is too long for the model: 400*"),
        (error(400, "x", code="context_length_exceeded"), "*the prompt is too long for the model: 400: x"),
        (error(400, "x", code="content_filter"), "*refused by the server's content filter: 400: x"),
        (lambda h, _: send(h, 200, {"choices": []}), "*the server answered without a choice"),
    ],
    ids=["500", "200 with error", "cut", "html", "too long", "too long by code", "filter", "no choice"],
)
def test_an_error_of_one_sample_is_counted_and_said(
    project: pytest.Pytester, faulty: FaultyServer, fault: Fault, said: str
) -> None:
    faulty.fault = only({"easy 0": fault})
    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(
        ["*- errors -*", f"test_answers[[]easy-00000[]]{said}", "faulty *answers *9 *1 *1.000*"]
    )
    assert "Traceback" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_broken_stream_is_asked_again_then_an_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "streamed", base_url=faulty.url, model="faulty", retries=1, stream=True)
    faulty.fault = cut_stream

    result = run(project, "--model", "streamed", "-k", "easy and 00000", "test_answers.py")

    result.assert_outcomes(errors=1, deselected=5)
    result.stdout.fnmatch_lines(["*no answer after 2 attempts: *broke*"])


def test_silence_is_a_time_out(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "slow", base_url=faulty.url, model="faulty", retries=0, timeout=0.3)
    faulty.fault = lambda handler, body: time.sleep(1)

    result = run(project, "--model", "slow", "-k", "easy and 00000", "test_answers.py")

    result.assert_outcomes(errors=1, deselected=5)
    result.stdout.fnmatch_lines(["*no answer after 1 attempt: no answer within 0.3 s"])


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            error(401, "bad key"),
            "no key was sent (set OPENAI_API_KEY *, or api_key_env in [[]models.NAME[]]): 401 bad key",
        ),
        (error(403, "not yours", "permission_denied"), "the key may not use this: 403 not yours"),
        (error(404, "gone"), "there is no model 'faulty', or no chat API at this URL: 404 gone"),
        (
            error(400, "Unknown parameter: 'top_q'"),
            "the request was refused: 400 Unknown parameter: 'top_q' (the request of answers[[]easy-00000[]])",
        ),
        (error(429, "pay", code="insufficient_quota"), "the quota is spent: 429 pay"),
    ],
    ids=["401", "403", "404", "parameter", "quota"],
)
def test_what_concerns_all_stops_the_run_at_once(
    project: pytest.Pytester, faulty: FaultyServer, fault: Fault, said: str
) -> None:
    faulty.fault = fault

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: faulty at {faulty.url}/: {said}"])
    assert len(faulty.asked) == 1


@pytest.mark.parametrize("status", [400, 403, 422])
def test_several_prompts_refused_alike_stop_the_run(
    project: pytest.Pytester, faulty: FaultyServer, status: int
) -> None:
    faulty.fault = lambda handler, body: error(status, f"no, {len(faulty.asked)}")(handler, body)

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: faulty at *: {status} no, 5 (5 different prompts alike, answers[[]easy-00004[]] the last; none was *"]
    )
    assert len(faulty.asked) == 5


def test_a_first_prompt_refused_alone_ends_no_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = first(error(400, "roles must alternate"), answer("42"))

    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(["*easy-00000[]]*the server refused this prompt: 400: roles must alternate"])


def test_what_was_answered_before_a_stop_is_kept(project: pytest.Pytester, faulty: FaultyServer) -> None:
    def three(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        (answer("42") if len(faulty.asked) <= 3 else error(401))(handler, body)

    faulty.fault = three
    assert run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py").ret == 4
    faulty.fault = answer("42")
    faulty.asked.clear()
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == 7


def test_a_dead_server_ends_the_run_and_a_silent_one_after_five_seconds_at_most(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert openai.PATIENCE < 5
    monkeypatch.setattr(openai, "PATIENCE", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        alias(project, "dead", base_url=f"http://127.0.0.1:{port}/v1", model="m")
        refused = run(project, "--model", "dead", "test_answers.py")
        silent.listen()
        deaf = run(project, "--model", "dead", "test_answers.py")

    assert refused.ret == deaf.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines([f"ERROR: dead: nothing answers at http://127.0.0.1:{port}/v1/ (*); is the server*"])
    deaf.stderr.fnmatch_lines([f"ERROR: dead: nothing answers at http://127.0.0.1:{port}/v1/ (no answer); is the*"])


def test_a_model_the_server_does_not_know_is_said_with_those_it_does(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.models = ["qwen3-8b", "llama"]
    faulty.fault = error(404, "no such model")
    alias(project, "typo", base_url=faulty.url, model="qwen3-8B")

    result = run(project, "--model", "typo", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: unknown model 'qwen3-8B'; did you mean 'qwen3-8b'? Known: llama, qwen3-8b.*"])
    assert len(faulty.asked) == 1


def test_the_key_reaches_the_server_and_nothing_else(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "sk-verysecret123"
    monkeypatch.setenv("MY_KEY", key)
    alias(project, "keyed", base_url=faulty.url, model="faulty", api_key_env="MY_KEY", retries=0)
    faulty.fault = lambda handler, body: (error(500, f"bad {key}") if "easy 0" in json.dumps(body) else answer("42"))(
        handler, body
    )

    result = run(project, "--model", "keyed", "--eval-write", "out.json", "--junitxml", "out.xml", "test_answers.py")
    faulty.fault = error(401, f"Incorrect API key provided: {key}.")
    refused = run(project, "--model", "keyed", "--eval-cache", "off", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    assert faulty.headers[0]["authorization"] == f"Bearer {key}"
    refused.stderr.fnmatch_lines(["*the key was refused: 401 Incorrect API key provided: ***. (key from MY_KEY)"])
    everything = result.stdout.str() + result.stderr.str() + refused.stdout.str() + refused.stderr.str()
    assert key not in everything
    written = [path for path in project.path.rglob("*") if path.is_file()]
    assert {"store.sqlite", "out.json", "out.xml"} <= {path.name for path in written}
    assert [path for path in written if key.encode() in path.read_bytes()] == []


def test_a_full_disk_stops_the_run_and_keeps_what_it_has(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's page limit gives the very error of a full disk, SQLITE_FULL."""
    connect = schema.connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute("pragma max_page_count = 17")
        return connection

    monkeypatch.setattr(store, "connect", small)
    faulty.fault = answer("42" + " " * 3000)
    result = run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py")
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as kept:
        (answers,) = kept.execute("select count(*) from completions").fetchone()

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: cannot write the run store *: database or disk is full. What it holds is kept*"]
    )
    assert 0 < answers < 10
