"""Loads against all that servers do: faults, shapes of answers, closed connections, other protocols."""

import json
import os
import signal
import socket
import socketserver
import statistics
import threading
import time
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server

from .conftest import QUICK
from .loads import errors, load, requests


def test_every_tenth_answer_is_an_error(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, error_every=10))
    seen = load(bench, Plan(parallel=4, number=40))

    assert errors(seen) == {"": 36, "http 500": 4}
    assert "a fault that was asked for" in seen.records.details["http 500"]


def test_streams_that_are_cut(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, cut_every=5))
    seen = load(bench, Plan(parallel=4, number=40))

    assert errors(seen) == {"": 32, "cut": 8}
    assert {len(record.chunks) for record in seen.records if record.error} == {8}
    assert seen.client.reconnects >= 7


def test_a_hang_ends_by_the_watchdog_of_its_stream(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, hang_every=4))
    seen = load(bench, Plan(parallel=4, number=8, stall=0.3))

    assert errors(seen) == {"": 6, "stall": 2}
    assert seen.records.details["stall"] == "not a byte for 0.3 s"
    assert min(record.ended - record.sent for record in seen.records if record.error) > 0.3


def test_an_answer_that_takes_too_long_is_given_up(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, gap=0.05, tokens=100))
    seen = load(bench, Plan(parallel=2, number=2, timeout=0.4))

    assert errors(seen) == {"timeout": 2}
    assert all(record.chunks for record in seen.records)


def test_a_server_slower_than_the_whole_limit(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, ttft=30))
    for plan in (Plan(parallel=2, number=50, limit=0.3), Plan(rate=20, number=50, limit=0.3, max_parallel=2)):
        begun = time.monotonic()
        seen = load(bench, plan)

        assert time.monotonic() - begun < 20
        assert seen.stopped == "limit"
        assert set(errors(seen)) == {"timeout"}
        assert seen.records.details["timeout"] == "not done when the load's 0.3 s were over"


@pytest.mark.parametrize(
    "behaviour",
    [
        replace(QUICK, split=True),
        replace(QUICK, pings=True),
        replace(QUICK, role_first=True),
        replace(QUICK, crlf=True),
        replace(QUICK, close=True),
        replace(QUICK, tokens_per_event=4),
        replace(QUICK, events_per_packet=4),
        replace(QUICK, tokens_per_event=3, continuous_usage=True, reasoning=5, cached=2),
        replace(QUICK, usage=False),
    ],
    ids=lambda behaviour: ",".join(name for name, value in vars(behaviour).items() if value != getattr(QUICK, name)),
)
def test_whatever_its_shape_an_answer_is_understood(bench: BenchServer, behaviour: Behaviour) -> None:
    bench.behave(behaviour)
    seen = load(bench, Plan(parallel=3, number=6))
    served = bench.truth()["served"]

    assert errors(seen) == {"": 6}
    for record in seen.records:
        assert record.output_tokens == 16
        assert record.counted_by == ("usage" if behaviour.usage else "chunks")
        assert len(record.chunks) == -(-16 // behaviour.tokens_per_event)
        assert (record.first or 0) - record.sent >= 0.019
        if behaviour.continuous_usage:
            assert list(record.sizes) == [3, 3, 3, 3, 3, 1]
            assert (record.cached_tokens, record.reasoning_tokens) == (2, 5)
            assert (record.first_answer or 0) >= (record.first or 0)
        elif record.clumps[0] * behaviour.tokens_per_event <= 4:
            assert record.first_tokens == record.clumps[0] * behaviour.tokens_per_event
    if not behaviour.split:
        assert [sum(one["tokens"]) for one in served] == [16] * 6


@pytest.mark.parametrize(
    "behaviour",
    [
        QUICK,
        replace(QUICK, split=True, crlf=True),
        replace(QUICK, pings=True, close=True),
        replace(QUICK, tokens_per_event=4, cached=2),
        replace(QUICK, events_per_packet=4, reasoning=5),
    ],
    ids=["plain", "split,crlf", "pings,close", "tokens_per_event", "events_per_packet,reasoning"],
)
def test_responses_are_seen_as_the_server_sent_them(bench: BenchServer, behaviour: Behaviour) -> None:
    bench.behave(behaviour)
    seen = load(bench, Plan(parallel=3, number=6), path="responses")
    truth = {one["user"]: one for one in bench.truth()["served"]}

    assert errors(seen) == {"": 6}
    assert len(truth) == 6
    off = []
    for record, one in zip(sorted(seen.records, key=lambda r: r.sent), truth.values(), strict=True):
        assert len(record.chunks) == -(-16 // behaviour.tokens_per_event)
        assert (record.output_tokens, record.counted_by, record.finish) == (16, "usage", "stop")
        assert (record.cached_tokens, record.reasoning_tokens) == (behaviour.cached, behaviour.reasoning)
        assert ((record.first_answer or 0) > (record.first or 0)) is bool(behaviour.reasoning)
        assert (record.first or 0) - record.sent >= 0.019
        off.append((record.first or 0) - record.sent - (one["sends"][0] - one["received"]) / 1e9)
    assert statistics.median(map(abs, off)) < 1


@pytest.mark.parametrize("path", ["chat/completions", "responses", "completions", "embeddings", "rerank"])
def test_every_endpoint_without_streaming(bench: BenchServer, path: str) -> None:
    asked = {
        "responses": {"input": "a"},
        "completions": {"prompt": "a"},
        "embeddings": {"input": ["a"]},
        "rerank": {"query": "a", "documents": ["b"]},
    }
    sent = [LoadRequest(json.dumps(asked.get(path, {"messages": [{"content": "a"}]})).encode())] * 4
    seen = load(bench, Plan(parallel=2, number=4), sent, path=path)

    assert errors(seen) == {"": 4}
    assert all(record.first is None and record.ended - record.sent > 0.03 for record in seen.records)


def test_slots_make_requests_wait_at_the_server(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, slots=1, gap=0.0))
    seen = load(bench, Plan(parallel=4, number=4))

    begun = min(record.sent for record in seen.records)
    assert max(record.first or 0 for record in seen.records) - begun > 0.075


def test_what_waits_is_sent_by_a_server_that_closes_after_each_answer(bench: BenchServer) -> None:
    """All are due at once, two connections are allowed, and nothing new comes that would open another."""
    bench.behave(replace(QUICK, close=True))

    seen = load(bench, Plan(rate=5000, arrivals="constant", number=20, max_parallel=2, limit=10))
    served = bench.truth()["served"]

    assert errors(seen) == {"": 20}
    assert seen.client.queue >= 10
    assert len(served) == 20


def test_a_server_that_drops_idle_connections_is_asked_again(bench: BenchServer) -> None:
    """One connection, closed by the server just when the next request is on its way to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        body = b'{"choices": [{"finish_reason": "stop"}]}'
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        accepted: list[int] = []

        def serve() -> None:
            for _ in range(4):
                connection, _address = listener.accept()
                with connection:
                    accepted.append(1)
                    if connection.recv(1 << 16):
                        connection.sendall(answer)
                        # Gone before the client can see it: its next request finds nobody.
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/chat/completions"
        seen = run_load(reach(url), requests(3), Plan(parallel=1, number=3, stall=2))
        thread.join(5)

    assert errors(seen) == {"": 3}
    assert seen.client.reconnects == 2


@pytest.mark.parametrize(
    "plan",
    [Plan(parallel=4, duration=1.5), Plan(rate=40, arrivals="constant", duration=1.5, max_parallel=4)],
    ids=["closed", "open"],
)
def test_a_server_that_dies_in_the_middle_ends_the_load_in_time(plan: Plan) -> None:
    with bench_server(replace(QUICK, gap=0.01)) as bench:

        def kill(progress: Progress) -> None:
            if progress.done:
                os.kill(bench.process, signal.SIGKILL)

        begun = time.monotonic()
        seen = run_load(reach(f"{bench.url}/v1/chat/completions"), requests(400), plan, tick=kill)

    assert seen.stopped == ""
    assert time.monotonic() - begun < 30
    assert errors(seen).keys() == {"", "cut", "refused"}
    # Refused ones are tried again with a pause, not as fast as can be.
    assert errors(seen)["refused"] < 100


def test_tls(certificate: Path) -> None:
    with bench_server(QUICK, tls=certificate / "both") as bench:
        target = reach(f"{bench.url}/v1/chat/completions", ca=certificate / "certificate")
        seen = run_load(target, requests(12), Plan(parallel=3, number=12))

        assert errors(seen) == {"": 12}
        assert {len(record.chunks) for record in seen.records} == {16}
        assert seen.client.reconnects == 0
        with pytest.raises(pytest.UsageError, match=r"does not speak HTTPS: .*certificate verify failed"):
            reach(f"{bench.url}/v1/chat/completions")


def test_transformers_serve(transformers_server: str) -> None:
    """A real server: chat, responses and completions."""
    from pytest_modeleval.models.spec import TINY

    asked: dict[str, dict[str, Any]] = {
        "chat/completions": {"messages": [{"role": "user", "content": "What is 2 + 2?"}]},
        "responses": {"input": [{"role": "user", "content": "What is 2 + 2?"}], "max_output_tokens": 8},
        "completions": {"prompt": "One, two,"},
    }
    for path, prompt in asked.items():
        for stream in (True, False):
            limit = {} if path == "responses" else {"max_tokens": 8}
            content = json.dumps({"model": str(TINY), "stream": stream, **limit, **prompt}).encode()
            target = reach(f"{transformers_server}/{path}", model=str(TINY))
            seen = run_load(target, [LoadRequest(content, max_tokens=8)] * 4, Plan(parallel=2, number=4, stall=60))

            assert errors(seen) == {"": 4}, seen.records.details
            for record in seen.records:
                assert (record.first is not None) == stream
                assert 0 < (record.output_tokens or 0) <= 8
                assert (record.input_tokens or 0) > 0
                assert record.counted_by == "usage"


class Old(socketserver.StreamRequestHandler):
    """A server of HTTP/1.0: it keeps a connection for who asks for that."""

    def handle(self) -> None:
        self.server.connections += 1  # type: ignore[attr-defined]
        said = b'{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'
        while head := list(takewhile(b"\r\n".__ne__, self.rfile)):
            fields = dict(line.lower().rstrip().split(b": ", 1) for line in head[1:] if b": " in line)
            self.rfile.read(int(fields.get(b"content-length", 0)))
            is_kept = fields.get(b"connection") == b"keep-alive"
            kept = b"connection: keep-alive\r\n" if is_kept else b""
            self.wfile.write(b"HTTP/1.0 200 OK\r\n%scontent-length: %d\r\n\r\n%s" % (kept, len(said), said))
            if not is_kept:
                return


def test_a_server_of_http_1_0_keeps_its_connections() -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Old) as server:
        server.connections = 0  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        target = reach(f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions")
        seen = run_load(target, requests(12, stream=False), Plan(parallel=2, number=12))
        server.shutdown()

    assert errors(seen) == {"": 12}
    assert seen.client.reconnects == 0
    # One more asked whether the endpoint is there.
    assert server.connections == 3  # type: ignore[attr-defined]
