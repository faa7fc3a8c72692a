"""The bench server: it does what it is told, and says what it did."""

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.server.serve import Server

from .conftest import QUICK


def ask(bench: BenchServer, path: str = "chat/completions", **body: Any) -> str:
    content = json.dumps({"messages": [{"role": "user", "content": "a"}], **body}).encode()
    request = urllib.request.Request(f"{bench.url}/v1/{path}", content)
    with urllib.request.urlopen(request, timeout=10) as response:
        return str(response.read().decode())


def test_tokens_leave_on_absolute_deadlines_and_are_written_down(bench: BenchServer) -> None:
    said = ask(bench, stream=True, max_tokens=40, user="me")
    (one,) = bench.truth()["served"]

    assert said.count('"content": " tok"') == len(one["sends"]) == 40
    assert said.endswith("data: [DONE]\n\n")
    assert '"completion_tokens": 40' in said
    assert (one["user"], one["status"], one["fault"], one["tokens"]) == ("me", 200, "", [1] * 40)
    late = [(sent - one["received"]) / 1e9 - 0.02 - 0.001 * index for index, sent in enumerate(one["sends"])]
    assert min(late) >= 0
    assert min(late) < 0.5
    assert all(before <= after for before, after in pairwise(one["sends"]))
    assert one["ended"] >= one["sends"][-1]


def test_what_is_not_streamed_comes_when_its_last_token_would(bench: BenchServer) -> None:
    said = json.loads(ask(bench, max_tokens=4))
    (one,) = bench.truth()["served"]

    assert said["choices"][0]["message"]["content"] == " tok" * 4
    assert said["usage"]["completion_tokens"] == 4
    assert (one["ended"] - one["received"]) / 1e9 >= 0.023


def test_it_forgets_and_behaves_in_another_way_when_told(bench: BenchServer) -> None:
    ask(bench)
    bench.behave(replace(QUICK, error_every=2, status=503))

    ask(bench)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        ask(bench)
    assert [(one["status"], one["fault"]) for one in bench.truth()["served"]] == [(200, ""), (503, "error")]


def test_a_slot_serves_one_after_another(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, slots=1, tokens=1))
    threads = [threading.Thread(target=ask, args=(bench,), kwargs={"stream": True}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    served = sorted(bench.truth()["served"], key=lambda one: one["ended"])
    assert len(served) == 3
    assert min(after["sends"][0] - before["ended"] for before, after in pairwise(served)) >= 19_000_000


def test_other_paths_and_questions_without_a_prompt_are_refused(bench: BenchServer) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ask(bench, "nothing")
    request = urllib.request.Request(f"{bench.url}/v1/chat/completions", b'{"model": "x"}')
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)
    assert bench.truth()["served"] == []
    with urllib.request.urlopen(f"{bench.url}/v1/models") as response:
        assert json.load(response) == {"data": [{"id": "bench"}]}


def rest(server: Server) -> None:
    """Turn its loop until there is nothing to do."""
    idle: list[bool] = []
    for _ in range(1000):
        server.loop.turn(lambda: idle.append(True))
        if idle:
            return
    pytest.fail("there is always something to do")


def test_what_a_full_socket_does_not_take_is_sent_later_and_then_nothing_is_left_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(listener.getsockname())
        server, came = Server(listener, QUICK), b""

        client.sendall(b"GET /v1/models HTTP/1.1\r\n\r\n" * 400)
        rest(server)
        while came.count(b'"bench"}]}') < 400:
            came += client.recv(1 << 16)
            rest(server)
        # It ends its side when the client has.
        client.close()
        rest(server)

    assert came == came[: len(came) // 400] * 400


def test_its_flags_are_its_behaviour() -> None:
    helped = subprocess.check_output([sys.executable, "-m", "pytest_modeleval.perf.server", "--help"], text=True)

    for name in vars(QUICK):
        assert f"--{name.replace('_', '-')}" in helped
