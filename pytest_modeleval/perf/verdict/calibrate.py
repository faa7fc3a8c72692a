"""The floor of this machine: how far the client is from the truth of the bench server, under the load to come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.record import Load, Plan, Record, Request
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server
from pytest_modeleval.perf.verdict.validity import Verdict, decide

_TOKENS = 64
# Seconds to the first token; and as long as a calibration may take, so that it says something of bad machines too.
_TTFT, _LIMIT = 0.05, 20.0


@dataclass(frozen=True)
class Floor:
    """The 99th percentile of the client's error, in seconds, of each figure of a request."""

    ttft: float
    itl: float
    tpot: float
    latency: float
    requests: int
    parallel: int
    verdict: Verdict

    def refuses(self, figure: str, threshold: float) -> str:
        """Why a threshold in seconds on this figure (ttft, itl, tpot or latency) is too tight here; "" if it is not."""
        floor = float(getattr(self, figure))
        if threshold > floor:
            return ""
        return (
            f"{figure}<={threshold * 1000:g}ms is tighter than this machine can measure with {self.parallel} in "
            f"parallel ({floor * 1000:.2f} ms, by --perf-calibrate): use a faster or less busy machine, or a wider one"
        )


def calibrate(parallel: int, *, gap: float = 0.01, seconds: float = 2.0) -> Floor:
    """The floor with so many streams that get a token every ``gap`` seconds, measured for about so many seconds."""
    rounds = max(2, round(seconds / (_TTFT + gap * _TOKENS)))
    plan = Plan(parallel=parallel, number=rounds * parallel, limit=_LIMIT)
    with bench_server(Behaviour(ttft=_TTFT, gap=gap, tokens=_TOKENS)) as server:
        try:
            load = run_load(reach(f"{server.url}/v1/chat/completions"), requests(rounds * parallel, _TOKENS), plan)
            return _floor(load, server)
        except OSError as error:
            raise pytest.UsageError(f"--perf-calibrate: this machine's own server ended: {error}") from None


def requests(number: int, tokens: int) -> Iterator[Request]:
    """Requests that the bench server can tell apart; each is named in its record's ``conversation``."""
    for index in range(number):
        messages = [{"role": "user", "content": "What is measured here is the client. " * 8}]
        asked = {"model": "bench", "messages": messages, "max_tokens": tokens, "stream": True, "user": str(index)}
        yield Request(json.dumps(asked).encode(), max_tokens=tokens, conversation=str(index))


def _floor(load: Load, server: BenchServer) -> Floor:
    truth = {served["user"]: served for served in server.truth()["served"]}
    pairs = [(record, truth[record.conversation]) for record in load.records if not record.error]
    ttft = [abs(_ttft(record) - _true_ttft(served)) for record, served in pairs]
    latency = [abs(_latency(record) - _true_latency(served)) for record, served in pairs]
    tpot = [
        abs(_latency(record) - _ttft(record) - _true_latency(served) + _true_ttft(served)) / (_TOKENS - 1)
        for record, served in pairs
    ]
    itl = [error for record, served in pairs for error in _gap_errors(record, served)]
    return Floor(
        ttft=_p99(ttft),
        itl=_p99(itl),
        tpot=_p99(tpot),
        latency=_p99(latency),
        requests=len(pairs),
        parallel=load.plan.parallel or 0,
        verdict=decide(load),
    )


def _ttft(record: Record) -> float:
    return (record.first or record.ended) - record.sent


def _latency(record: Record) -> float:
    return (record.last or record.ended) - record.sent


def _true_ttft(served: dict[str, Any]) -> float:
    return float(served["sends"][0] - served["received"]) / 1e9


def _true_latency(served: dict[str, Any]) -> float:
    return float(served["sends"][-1] - served["received"]) / 1e9


def _gap_errors(record: Record, served: dict[str, Any]) -> Iterator[float]:
    sends = served["sends"]
    for index in range(1, min(len(sends), len(record.chunks))):
        seen = record.chunks[index] - record.chunks[index - 1]
        yield abs(seen - (sends[index] - sends[index - 1]) / 1e9)


def _p99(errors: list[float]) -> float:
    """The 99th percentile, or infinity where nothing was measured: then no threshold holds."""
    return sorted(errors)[int(0.99 * (len(errors) - 1))] if errors else float("inf")
