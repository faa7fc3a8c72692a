"""Loads against the bench server: what it really did is the truth."""

import gc
import json
import os
import resource
import signal
import socket
import socketserver
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import count, pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Load, LoadRequest, Observation, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.figures.figures import figures
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server
from pytest_modeleval.perf.verdict.validity import decide

from .conftest import QUICK


def body(index: int = 0, *, stream: bool = True, **more: Any) -> bytes:
    messages = [{"role": "user", "content": f"question {index}"}]
    return json.dumps({"model": "bench", "messages": messages, "stream": stream, "user": str(index), **more}).encode()


def requests(number: int, **more: Any) -> list[LoadRequest]:
    return [LoadRequest(body(index, **more)) for index in range(number)]


def load(bench: BenchServer, plan: Plan, sent: Any = None, *, path: str = "chat/completions", **options: Any) -> Load:
    asked = requests(plan.number or 8) if sent is None else sent
    return run_load(reach(f"{bench.url}/v1/{path}"), asked, plan, **options)


def errors(seen: Load) -> dict[str, int]:
    return dict(Counter(seen.records.texts("error")))


def measured(seen: Load) -> list[Observation]:
    return [record for record in seen.records if not record.warm_up]


# What is measured.


def test_a_closed_loop_sees_what_the_server_did(bench: BenchServer) -> None:
    seen = load(bench, Plan(parallel=4, number=20))
    truth = bench.truth()

    assert errors(seen) == {"": 20}
    # One connection each, one that tried the endpoint, one that reset and one that asks now.
    assert truth["connections"] <= 4 + 3
    served = sorted(truth["served"], key=lambda one: one["received"])
    off = []
    for record, one in zip(sorted(seen.records, key=lambda record: record.sent), served, strict=True):
        assert len(record.chunks) == len(one["sends"]) == 16
        off.append((record.first or 0) - record.sent - (one["sends"][0] - one["received"]) / 1e9)
        assert (record.output_tokens, record.counted_by, record.finish) == (16, "usage", "length")
        assert record.scheduled <= record.sent < (record.first or 0) <= (record.last or 0) <= record.ended
    # On a quiet machine it is 0.05 ms: this only shows that the times are of one clock.
    assert statistics.median(map(abs, off)) < 1
    assert 0 < seen.client.parallel <= 4


def test_the_window_leaves_warm_up_and_ramp_out(bench: BenchServer) -> None:
    seen = load(bench, Plan(parallel=4, number=8, warm_up=6, ramp_up=0.1), requests(60))
    warm = [record for record in seen.records if record.warm_up]

    assert len(measured(seen)) == 8
    assert len(warm) >= 6
    assert seen.window[0] == pytest.approx(min(record.scheduled for record in measured(seen)))
    assert seen.window[0] >= 0.1
    assert seen.window[1] == max(record.ended for record in measured(seen))
    assert max(record.sent for record in warm) < seen.window[0] + 1


def test_a_duration_ends_sending_and_awaits_what_is_on_its_way(bench: BenchServer) -> None:
    numbers = count()
    endless = (LoadRequest(body(next(numbers))) for _ in iter(int, 1))
    seen = load(bench, Plan(parallel=2, duration=0.3), endless)

    assert errors(seen) == {"": len(seen.records)}
    assert max(record.sent for record in seen.records) < 2
    assert 2 <= len(seen.records) <= 2 * 9
    assert seen.stopped == ""


def test_requests_that_end_before_the_number_end_the_load(bench: BenchServer) -> None:
    assert len(load(bench, Plan(parallel=4, number=100), requests(5)).records) == 5
    assert len(load(bench, Plan(rate=100, number=100), requests(5)).records) == 5


@pytest.mark.parametrize(
    "plan", [Plan(parallel=60, number=60), Plan(rate=1000, number=60, max_parallel=60)], ids=["closed", "open"]
)
def test_a_load_raises_the_limit_on_open_files(bench: BenchServer, plan: Plan) -> None:
    bench.behave(replace(QUICK, ttft=1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/dev/fd").iterdir())) + 20, hard))
    try:
        seen = load(bench, plan)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert errors(seen) == {"": 60}


@pytest.mark.parametrize("arrivals", ["constant", "poisson", "gamma"])
def test_an_open_loop_sends_on_schedule_whatever_the_server_does(bench: BenchServer, arrivals: Any) -> None:
    bench.behave(replace(QUICK, ttft=1))
    seen = load(bench, Plan(rate=100, arrivals=arrivals, number=40, max_parallel=64))

    assert errors(seen) == {"": 40}
    # The first answer came when all had been sent.
    assert max(record.sent for record in seen.records) < min(record.first or 0 for record in seen.records)
    assert seen.client.rate_asked == 100
    assert 0 < seen.client.on_schedule < 1.5


def test_latency_counts_from_when_a_request_was_due(bench: BenchServer) -> None:
    """A client that stops for a moment does not hide that its users would have waited."""
    bench.behave(replace(QUICK, gap=0.0, tokens=1))
    stalled: list[float] = []

    def stall(_: Progress) -> None:
        if not stalled:
            stalled.append(time.monotonic())
            time.sleep(0.2)

    seen = load(bench, Plan(rate=50, arrivals="constant", number=60), tick=stall)

    late = [record.sent - record.scheduled for record in seen.records]
    assert max(late) > 0.15
    gaps = [after.scheduled - before.scheduled for before, after in pairwise(seen.records)]
    assert [round(gap, 6) for gap in sorted(gaps)][30] == 0.02
    # The longest latency may be the stall's own, and says so.
    least, most = figures([seen]).spreads["latency"].bounds("max")
    assert most - least > 0.15


def test_a_slow_server_makes_the_client_queue_and_says_so(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, ttft=0.1))
    seen = load(bench, Plan(rate=200, arrivals="constant", number=40, max_parallel=2))

    assert seen.client.queue >= 30
    waits = [record.sent - record.scheduled for record in seen.records]
    assert max(waits) > 1
    assert seen.client.schedule_lag < max(waits)
    assert "raise the most in parallel" in str(decide(seen))


def test_a_trace_is_sent_when_it_was_recorded(bench: BenchServer) -> None:
    trace = [LoadRequest(body(index), at=at) for index, at in enumerate([0.0, 0.05, 0.05, 0.2])]
    seen = load(bench, Plan(arrivals="trace"), trace)

    assert [round(record.scheduled, 6) for record in sorted(seen.records, key=lambda one: one.scheduled)] == [
        0,
        0.05,
        0.05,
        0.2,
    ]
    assert all(0 <= record.sent - record.scheduled < 2 for record in seen.records)


def test_a_trace_can_be_cut_by_number_and_duration(bench: BenchServer) -> None:
    trace = [LoadRequest(body(index), at=index / 50) for index in range(20)]

    assert len(load(bench, Plan(arrivals="trace", number=5), trace).records) == 5
    assert len(load(bench, Plan(arrivals="trace", duration=0.1), trace).records) == 5
    warm = load(bench, Plan(arrivals="trace", number=5, warm_up=3), trace)
    assert [record.warm_up for record in sorted(warm.records, key=lambda one: one.scheduled)] == [True] * 3 + [
        False
    ] * 5


# Conversations.


def turns(conversation: str, number: int) -> list[LoadRequest]:
    def asked(turn: int) -> Any:
        def make(answers: Sequence[str]) -> bytes:
            assert len(answers) == turn
            said = [{"role": "assistant", "content": answer} for answer in answers]
            return json.dumps({"messages": said, "stream": True, "user": f"{conversation}{turn}"}).encode()

        return make

    return [LoadRequest(asked(turn), conversation=conversation, quoted=True) for turn in range(number)]


@pytest.mark.parametrize("plan", [Plan(parallel=3, number=9), Plan(rate=200, number=9)], ids=["closed", "open"])
def test_turns_of_a_conversation_go_one_after_another_and_quote_the_answers(bench: BenchServer, plan: Plan) -> None:
    mixed = [turn for three in zip(turns("a", 3), turns("b", 3), turns("c", 3), strict=True) for turn in three]
    for order in (mixed, [*turns("a", 3), *turns("b", 3), *turns("c", 3)]):
        bench.behave(QUICK)
        seen = load(bench, plan, order)

        assert errors(seen) == {"": 9}
        for name in "abc":
            own = sorted((one for one in seen.records if one.conversation == name), key=lambda one: one.sent)
            assert [record.turn for record in own] == [0, 1, 2]
            assert all(before.ended <= after.sent for before, after in pairwise(own))
            # The answers are quoted, so each prompt is longer.
            assert [own[0].input_tokens or 0] < [own[1].input_tokens or 0] < [own[2].input_tokens or 0]


def test_a_tools_time_is_waited_and_leaves_its_stream_busy(bench: BenchServer) -> None:
    bench.behave(QUICK)
    pauses = (0.0, 0.2, 0.1)
    asked = [
        replace(turn, pause=pause)
        for name in map(str, range(12))
        for turn, pause in zip(turns(name, 3), pauses, strict=True)
    ]
    seen = load(bench, Plan(parallel=2, number=36), asked)

    assert errors(seen) == {"": 36}
    for name in map(str, range(12)):
        own = sorted((one for one in seen.records if one.conversation == name), key=lambda one: one.sent)
        waited = [after.scheduled - before.ended for before, after in pairwise(own)]
        # It begins when the answer has been read, which is later than it came, and is never shorter.
        assert [pause <= wait + 1e-6 for pause, wait in zip(pauses[1:], waited, strict=True)] == [True, True]
    # Most of the time a conversation waits for its tools, and no other takes its place.
    assert seen.client.parallel < seen.client.paused
    assert "on their way on average" not in str(decide(seen))


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(replace(QUICK, error_every=2), "http 500"), (replace(QUICK, cut_every=2), "cut")],
    ids=["http 500", "cut"],
)
def test_a_failed_turn_ends_its_conversation(bench: BenchServer, behaviour: Behaviour, error: str) -> None:
    bench.behave(behaviour)
    seen = load(bench, Plan(parallel=1, number=9), [*turns("a", 3), *turns("b", 1)])

    assert [(record.conversation, record.error) for record in seen.records] == [("a", ""), ("a", error), ("b", "")]
    assert seen.dropped == 1


# What servers do.


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


# How it behaves.


def test_ctrl_c_keeps_what_was_measured(bench: BenchServer) -> None:
    bench.behave(replace(QUICK, ttft=0.05))

    def interrupt(progress: Progress) -> None:
        assert progress.sent >= progress.done > 0
        assert progress.first_byte is not None
        assert 0.05 <= progress.first_byte < 30, "seconds"
        signal.raise_signal(signal.SIGINT)

    seen = load(bench, Plan(parallel=4, duration=30), (LoadRequest(body(index)) for index in count()), tick=interrupt)

    assert seen.stopped == "interrupted"
    assert len(seen.records) >= 1
    assert errors(seen) == {"": len(seen.records)}
    assert 1 <= seen.unfinished <= 4


def test_the_garbage_collector_rests_and_works_again(bench: BenchServer) -> None:
    states = []
    load(bench, Plan(parallel=2, duration=0.6), requests(100), tick=lambda _: states.append(gc.isenabled()))

    assert set(states) == {False}
    assert gc.isenabled()


@pytest.mark.parametrize(("many", "most"), [(1 << 40, 20_000), (1, 1 << 40)], ids=["at once", "when idle"])
def test_what_is_kept_unparsed_is_bounded(
    bench: BenchServer, monkeypatch: pytest.MonkeyPatch, many: int, most: int
) -> None:
    from pytest_modeleval.perf.client import client

    monkeypatch.setattr(client, "_MANY_UNPARSED", many)
    monkeypatch.setattr(client, "_MOST_UNPARSED", most)
    kept: list[int] = []
    add = client.Observed.add

    def watched(observed: client.Observed, exchange: Any) -> None:
        add(observed, exchange)
        kept.append(len(observed._unparsed))

    monkeypatch.setattr(client.Observed, "add", watched)
    seen = load(bench, Plan(parallel=4, number=40))

    assert errors(seen) == {"": 40}
    assert max(kept) < 20


def test_without_the_kernels_stamps_it_stamps_itself(bench: BenchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.perf.client import wire

    monkeypatch.setattr(wire, "stamp_arrivals", lambda _: False)
    seen = load(bench, Plan(parallel=4, number=20))

    assert errors(seen) == {"": 20}
    assert seen.client.stamps == "user"
    assert seen.client.lag is not None
    assert all((record.first or 0) - record.sent >= 0.019 for record in seen.records)


def test_no_request_at_all_is_refused(bench: BenchServer) -> None:
    with pytest.raises(pytest.UsageError, match="a load needs at least one request, and none was given"):
        load(bench, Plan(parallel=1, number=1), [])


def test_more_connections_than_files_are_refused(bench: BenchServer) -> None:
    with pytest.raises(
        pytest.UsageError, match=r"9999999 connections need \d+ open files, and \d+ are allowed: see ulimit"
    ):
        load(bench, Plan(parallel=9_999_999, number=1))


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
