"""What must be true of a load however fast the machine is: the server's own record, and a verdict that its figures say."""

import statistics
from collections.abc import Mapping
from typing import Any

from pytest_modeleval.perf.server.process import BenchServer


def true_ttft(bench: BenchServer) -> float:
    """The median milliseconds to the first token, by the bench server's own record: no stall of this machine moves it."""
    served = [one for one in bench.truth()["served"] if len(one["sends"]) > 1]
    return float(statistics.median((one["sends"][0] - one["received"]) / 1e6 for one in served))


def true_tpot(bench: BenchServer) -> float:
    """The median milliseconds from one token to the next, likewise."""
    served = [one["sends"] for one in bench.truth()["served"] if len(one["sends"]) > 1]
    return float(statistics.median((sends[-1] - sends[0]) / 1e6 / (len(sends) - 1) for sends in served))


def broken_bounds(found: Mapping[str, Any]) -> list[str]:
    """How the reasons begin, or go on, that a load of perf.json must be INVALID for, by docs/perf-measuring.md alone."""
    client, latency = found["client"], found["figures"]["p50_latency"]
    asked = client["parallel_asked"]
    checks = [
        ("the client itself can have made", found["client_error"]["p50_latency"][0] > 0.5 * latency),
        ("were on their way on average", bool(asked) and client["parallel"] < 0.97 * asked),
        ("of the rate asked for was sent", abs(client["on_schedule"] - 1) > 0.05),
    ]
    return [words for words, is_broken in checks if is_broken]


def assert_honest(found: Mapping[str, Any], status: int) -> None:
    """A busy machine may make a load INVALID, but only for what its own figures show, each bound once."""
    broken = broken_bounds(found)
    assert len(found["invalid"]) == len(broken), found["invalid"]
    assert all(words in reason for words, reason in zip(broken, found["invalid"], strict=True)), found["invalid"]
    assert status == (9 if broken else 0)
