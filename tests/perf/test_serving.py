"""Local models served for a load: what is asked of the server, what ends it, and what is wrong in one line."""

import importlib.util
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.perf.run import serving
from pytest_modeleval.perf.run.serving import Local, Serving, served

LOCAL = ModelSpec("here", "transformers", "folder")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, []),
        ({"dtype": "float32", "device_map": "cpu"}, ["--dtype", "float32", "--device", "cpu"]),
        ({"attn_implementation": "sdpa"}, ["--attn-implementation", "sdpa"]),
        ({"trust_remote_code": True}, ["--trust-remote-code"]),
        ({"trust_remote_code": False}, ["--no-trust-remote-code"]),
        ({"chat_template_kwargs": {"a": 1}}, ["--chat-template-kwargs", '{"a": 1}']),
        ({"batch_size": 4, "batching": "static"}, []),
        ({"batching": "continuous"}, ["--continuous-batching"]),
    ],
    ids=["none", "where", "attention", "trust", "no trust", "template", "ours", "continuous"],
)
def test_an_alias_args_are_the_servers_flags(args: dict[str, Any], expected: list[str]) -> None:
    assert list(serving._flags(replace(LOCAL, args=args))) == expected


def test_an_argument_that_the_server_lacks_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"key in args of model 'here', which is served here:.*'revision'"):
        list(serving._flags(replace(LOCAL, args={"revision": "main"})))


@pytest.mark.parametrize("missing", ["torch", "transformers", "fastapi", "uvicorn"])
def test_a_missing_server_is_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else True)

    wanted = r"the local model 'here' needs transformers' server: pip install 'pytest-modeleval\[serve\]', or give"
    with pytest.raises(pytest.UsageError, match=wanted), served(LOCAL):
        pass


def test_one_model_at_a_time_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    @contextmanager
    def fake(spec: ModelSpec) -> Iterator[Local]:
        events.append(f"{spec.name} begins")
        yield Local(f"http://127.0.0.1:1/{spec.name}", lambda: "")
        events.append(f"{spec.name} ends")

    monkeypatch.setattr(serving, "served", fake)
    remote = ModelSpec("there", "openai", "m", base_url="http://there/v1")
    all_served = Serving()
    reached = [all_served.reached(spec) for spec in (LOCAL, LOCAL, remote, replace(LOCAL, name="other"))]
    all_served.close()

    assert events == ["here begins", "here ends", "other begins", "other ends"]
    assert [(each.api, each.base_url) for each in reached[1:]] == [
        ("openai", "http://127.0.0.1:1/here"),
        ("openai", "http://there/v1"),
        ("openai", "http://127.0.0.1:1/other"),
    ]
    assert all_served.notes[0] == "here: served by transformers serve on this machine, beside the load"


def test_an_attended_program_ends_with_its_input() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_modeleval.perf.server.attended", "http.server", "--bind", "127.0.0.1", port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert process.stdin is not None
    process.stdin.close()

    assert b"Serving HTTP" in said
    assert process.wait(10) == 0
    process.stdout.close()
