"""Records and loads made by hand, of which everything is known."""

from array import array
from collections.abc import Sequence
from typing import Any

from pytest_modeleval.perf.client.record import Client, Load, Observation, Plan
from pytest_modeleval.perf.client.records import Records


def streamed(
    sent: float,
    *,
    ttft: float = 0.1,
    gap: float = 0.01,
    tokens: int = 128,
    a_chunk: int = 1,
    a_read: int = 1,
    scheduled: float | None = None,
    sizes: bool = False,
    **more: Any,
) -> Observation:
    """A request whose tokens come every ``gap`` seconds, ``a_chunk`` in a chunk and ``a_read`` chunks in a read.

    As a server does that waits until a chunk, or a packet, is full: the first one comes at ``ttft``.
    """
    chunks = tokens // a_chunk
    reads = chunks // a_read
    arrivals = [sent + ttft + gap * a_chunk * a_read * read for read in range(reads)]
    values: dict[str, Any] = {
        "scheduled": sent if scheduled is None else scheduled,
        "sent": sent,
        "ended": arrivals[-1] + 0.001,
        "first": arrivals[0],
        "first_answer": arrivals[0],
        "last": arrivals[-1],
        "chunks": array("d", [arrival for arrival in arrivals for _ in range(a_read)]),
        "sizes": array("I", [a_chunk] * chunks if sizes else []),
        "clumps": array("I", [a_read] * reads),
        "input_tokens": 100,
        "output_tokens": tokens,
        "counted_by": "usage",
        "first_tokens": a_chunk * a_read,
        "finish": "length",
        "status": 200,
    }
    return Observation(**values | more)


def failed(sent: float, error: str = "http 500", *, after: float = 0.02, **more: Any) -> Observation:
    """A request without a whole answer."""
    values: dict[str, Any] = {"scheduled": sent, "sent": sent, "ended": sent + after, "error": error}
    return Observation(**values | more)


CLIENT = Client(
    stamps="kernel",
    lag=1e-5,
    clumped=0.0,
    coalesced=0.0,
    cpu=0.1,
    schedule_lag=1e-4,
    parallel=8,
    parallel_asked=8,
    rate=0.0,
    rate_asked=None,
)


def load(records: Sequence[Observation], plan: Plan | None = None, **more: Any) -> Load:
    """A load with these records, its window from the first to the end of the last that is in the figures."""
    kept = Records()
    for record in records:
        kept.append(record)
    counted = [record for record in records if not record.warm_up] or list(records)
    window = min((r.sent for r in counted), default=0.0), max((r.ended for r in counted), default=0.0)
    values: dict[str, Any] = {"records": kept, "window": window, "client": CLIENT, "plan": plan or Plan(parallel=8)}
    return Load(**values | more)
