"""What a load test sends, what it saw of each request, and what it knows of itself."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from pytest_modeleval.perf.client.records import Records

Arrivals = Literal["constant", "poisson", "gamma", "trace"]
Counted = Literal["usage", "tokenizer", "chunks", ""]


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """One request, ready to be sent: its whole JSON body, sampling and ``stream`` inside."""

    # In a conversation that quotes what the model really said, of every turn: made from the answers to those before it.
    body: bytes | Callable[[Sequence[str]], bytes]
    # Exact where known: made by a tokenizer, or by feedback from the server.
    input_tokens: int | None = None
    max_tokens: int | None = None
    # Requests of one conversation go one after another, in the given order.
    conversation: str = ""
    # Seconds from the start of the load, of a recorded trace.
    at: float | None = None
    # Seconds that its conversation waits before it, as for a tool.
    pause: float = 0.0
    # Lines of its head beside those of every request.
    head: bytes = b""
    # Whether later turns quote what is answered.
    quoted: bool = False


@dataclass(slots=True)
class Observation:
    """What was seen of one request; times are seconds from the start of the load, on one monotonic clock."""

    # When it should have been sent: by the schedule in an open loop, when a stream was free for it in a closed one.
    scheduled: float
    sent: float
    # The end of the response, or when it was given up.
    ended: float
    # The first chunk with content or reasoning: a role or an empty text is not a token.
    first: float | None = None
    # The first chunk with content, after any reasoning.
    first_answer: float | None = None
    last: float | None = None
    # Arrival of every chunk with content or reasoning.
    chunks: "array[float]" = field(default_factory=lambda: array("d"))
    # Tokens of each of these chunks where the server says so (continuous usage), else empty.
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    # How many of these chunks each socket read carried; more than one: these have one arrival time.
    clumps: "array[int]" = field(default_factory=lambda: array("I"))
    # Of each of these reads, how much earlier than said its chunks can have come; empty where none can.
    lags: "array[float]" = field(default_factory=lambda: array("f"))
    # How much earlier ``ended`` can have been; how late the client itself sent the request: see perf-measuring.md.
    end_lag: float = 0.0
    late: float = 0.0
    # How long its conversation waited before it, as for a tool.
    paused: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    counted_by: Counted = ""
    # Tokens that arrived with the first read that had any, for TPOT = (last - first) / (output_tokens - first_tokens).
    first_tokens: int = 0
    # ``max_tokens`` of the request, to compare with.
    asked_tokens: int | None = None
    finish: str = ""
    status: int = 0
    # "", "http 500", "cut", "timeout", "stall", "refused", "protocol" or "server" (an error inside a stream).
    error: str = ""
    # Outside the figures: sent for warming up or during the ramp.
    warm_up: bool = False
    conversation: str = ""
    # 0 for a conversation's first request and for one without a conversation.
    turn: int = 0


@dataclass(frozen=True)
class Plan:
    """How much is sent, and when."""

    # A closed loop: so many requests at any time.
    parallel: int | None = None
    # An open loop: so many requests a second, whatever the server does.
    rate: float | None = None
    arrivals: Arrivals = "poisson"
    # Shape of the gamma distribution: 1 is Poisson, below 1 burstier, above 1 more regular.
    burstiness: float = 1.0
    # Requests in the figures; with ``duration``, whichever comes first. Neither: all that are given.
    number: int | None = None
    # Seconds during which requests are sent; those on their way then are awaited.
    duration: float | None = None
    # Requests sent before those of the figures, without a pause between.
    warm_up: int = 0
    # Seconds in which the load grows to its full height; requests sent meanwhile are outside the figures.
    ramp_up: float = 0.0
    # Seconds without a byte after which a request is given up, and seconds it may take in all.
    stall: float = 120.0
    timeout: float = 600.0
    # Seconds the whole load may take; what is on its way then has timed out.
    limit: float | None = None
    # In an open loop: more than this wait in the client, seen as its queue.
    max_parallel: int = 1024
    # Decides the arrivals.
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        if (self.parallel is None) == (self.rate is None and self.arrivals != "trace"):
            raise pytest.UsageError("a load is parallel (a closed loop) or has a rate or a trace (an open one)")
        for name in (
            "parallel",
            "rate",
            "number",
            "duration",
            "limit",
            "stall",
            "timeout",
            "max_parallel",
            "burstiness",
        ):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise pytest.UsageError(f"a load's {name.replace('_', ' ')} is {value}: it must be more than 0")
        for name in ("warm_up", "ramp_up"):
            if getattr(self, name) < 0:
                raise pytest.UsageError(
                    f"a load's {name.replace('_', '-')} is {getattr(self, name)}: it cannot be negative"
                )


@dataclass(frozen=True)
class Client:
    """How the client itself did while it measured; seconds and shares."""

    # "kernel" (receive stamps of the kernel) or "user" (stamps on reading).
    stamps: Literal["kernel", "user"]
    # From a packet's arrival in the kernel to our reading it, 99th percentile; None without kernel stamps.
    lag: float | None
    # Share of the reads with content that carried several chunks which may have waited for us, as their gaps are lost;
    # or that share of each answer's first such read, if it is more.
    clumped: float
    # Share of the reads with content that carried several chunks, together when they arrived or not.
    coalesced: float
    # Share of one core that the loop used during the window.
    cpu: float
    # From the scheduled to the real sending, 99th percentile.
    schedule_lag: float
    # Mean number of requests on their way at once in the window's steady part (from when all streams are busy until
    # the last request was sent), and what the plan asked for (None in an open loop).
    parallel: float
    parallel_asked: int | None
    # Requests a second sent in the window, and what the plan asked for (None in a closed loop).
    rate: float
    rate_asked: float | None
    # The time that the schedule gave the requests, as a share of the time that sending them took; 1 in a closed loop.
    on_schedule: float = 1.0
    # The most requests that waited at once in the client for a connection.
    queue: int = 0
    # Connections that had to be opened during the window.
    reconnects: int = 0
    # Mean number of conversations that waited for a tool in that steady part, without a request on its way.
    paused: float = 0.0


@dataclass(frozen=True)
class Load:
    """A load test's result."""

    records: "Records"
    # From the first request of the figures to the end of the last, in seconds from the start of the load.
    window: tuple[float, float]
    client: Client
    plan: Plan
    # Why it ended before its time: "interrupted" (Ctrl-C), "limit" (`Plan.limit`) or "" where it did not.
    stopped: Literal["", "interrupted", "limit"] = ""
    # On their way when it was interrupted: neither records nor errors.
    unfinished: int = 0
    # Turns never sent, as an earlier one of their conversation failed.
    dropped: int = 0
