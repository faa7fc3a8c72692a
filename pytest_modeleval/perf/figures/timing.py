"""One request's own figures, out of its record."""

from collections.abc import Mapping
from itertools import accumulate, pairwise
from operator import sub

from pytest_modeleval.perf.client.record import Observation

Values = Mapping[str, float]


def values_of(record: Observation) -> dict[str, float]:
    """A request's own figures, those that it has; `SPREADS` defines them."""
    values = {
        "latency": record.ended - record.scheduled,
        "service": record.ended - record.sent,
        "queue": record.sent - record.scheduled,
    }
    if record.first is not None:
        values["ttft"] = record.first - record.scheduled
        if record.conversation:
            values["later_turn_ttft" if record.turn else "first_turn_ttft"] = values["ttft"]
    if record.first_answer is not None:
        values["ttfa"] = record.first_answer - record.scheduled
    if record.input_tokens is not None:
        values["input_tokens"] = record.input_tokens
    if record.output_tokens is not None:
        values["output_tokens"] = record.output_tokens
        if values["latency"] > 0:
            values["answer_rate"] = record.output_tokens / values["latency"]
    later = (record.output_tokens or 0) - record.first_tokens
    if record.first is not None and record.last is not None and record.last > record.first and later > 0:
        values["tpot"] = (record.last - record.first) / later
        values["speed"] = 1 / values["tpot"]
    times = read_times(record)
    if len(times) > 1:
        values["stall"] = max(map(sub, times[1:], times))
    return values


def read_times(record: Observation) -> list[float]:
    """When each socket read with content came: chunks of one read have one arrival."""
    if len(record.clumps) in (0, len(record.chunks)):
        return list(record.chunks)
    return [record.chunks[end - 1] for end in accumulate(record.clumps)]


def token_gaps(record: Observation) -> list[float]:
    """The time per token of each read after the first, once for each of its tokens.

    A read's tokens are its chunks' sizes where the server tells them; else its chunks times the request's mean number
    of tokens a chunk, which is taken as 1 up to a quarter off: servers hold a token back, or do not count the last.
    """
    if is_plain(record):
        return list(map(sub, record.chunks[1:], record.chunks))
    return [gap / tokens for gap, tokens, times in read_gaps(record) for _ in range(times)]


def is_plain(record: Observation) -> bool:
    """Whether each read brought one chunk of one token."""
    clumps = len(record.clumps)
    return not record.sizes and clumps in (0, len(record.chunks)) and _tokens_per_chunk(record, 1) == 1.0


def read_gaps(record: Observation) -> list[tuple[float, float, int]]:
    """Of each read after the first with any token: the gap before it, its tokens, and how often it counts."""
    clumps = record.clumps or [1] * len(record.chunks)
    per_chunk = _tokens_per_chunk(record, clumps[0]) if clumps else 1.0
    times = read_times(record)
    gaps = list(map(sub, times[1:], times))
    found: list[tuple[float, float, int]] = []
    for gap, (begin, end) in zip(gaps, pairwise(accumulate(clumps)), strict=True):
        tokens = float(sum(record.sizes[begin:end])) if record.sizes else (end - begin) * per_chunk
        found.append((gap, tokens, max(1, round(tokens)) if tokens > 0 else 0))
    return found


def _tokens_per_chunk(record: Observation, first: int) -> float:
    later = len(record.chunks) - first
    if not record.output_tokens or later < 1:
        return 1.0
    ratio = (record.output_tokens - record.first_tokens) / later
    return ratio if not 0.75 <= ratio <= 1.25 and ratio > 0 else 1.0
