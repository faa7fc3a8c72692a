"""Loads against the bench server: what it really did is the truth."""

import gc
import resource
import signal
import statistics
import time
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.figures.figures import figures
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.verdict.validity import decide

from .conftest import QUICK
from .loads import body, errors, load, measured, requests

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
