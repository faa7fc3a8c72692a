"""What the client's own lag can have made of one request's figures, out of its record.

``docs/perf-measuring.md`` derives it. What a client does late makes a time longer, and never shorter, but for the
gap after a read that came late.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import sub

from pytest_modeleval.perf.client.parsing import AT_ONCE
from pytest_modeleval.perf.client.record import Observation
from pytest_modeleval.perf.figures.timing import Values, is_plain, read_gaps, read_times

# Seconds that two looks at two clocks are apart at most: the kernel stamps by the wall clock.
CLOCKS = 2e-5
# A rate is no higher than one for this time (seconds).
_SHORTEST = 1e-6
_TURNS = ("ttft", "first_turn_ttft", "later_turn_ttft")


def bounds_of(record: Observation, seen: Values) -> tuple[dict[str, float], dict[str, float]]:
    """The least and the most that each of a request's own figures can be, of those that were seen."""
    least, most = dict(seen), dict(seen)
    first = record.lags[0] if record.lags else 0.0
    early = {"latency": record.late + record.end_lag, "service": record.late + record.end_lag, "queue": record.late}
    early |= dict.fromkeys(_TURNS, record.late + first)
    early["ttfa"] = record.late + _answer_lag(record)
    for name in early.keys() & seen.keys():
        # What is of our own clock alone has no error of two.
        clocks = 0.0 if name == "queue" else CLOCKS
        least[name] = max(0.0, seen[name] - early[name] - clocks)
        most[name] = seen[name] + clocks
    if "answer_rate" in seen:
        tokens = record.output_tokens or 0
        least["answer_rate"], most["answer_rate"] = (
            tokens / max(_SHORTEST, each) for each in (most["latency"], least["latency"])
        )
    if record.lags and "tpot" in seen:
        least["tpot"], most["tpot"] = _tpot(record, first)
        least["speed"], most["speed"] = (1 / max(_SHORTEST, each) for each in (most["tpot"], least["tpot"]))
    if record.lags and "stall" in seen:
        lows, highs = _gap_bounds(record)
        least["stall"], most["stall"] = max(lows), max(highs)
    return least, most


def _answer_lag(record: Observation) -> float:
    """The lag of the read that brought the first chunk of the answer after the reasoning."""
    if not record.lags:
        return 0.0
    ends = accumulate(record.clumps)
    return next(
        (lag for lag, end in zip(record.lags, ends, strict=True) if record.chunks[end - 1] == record.first_answer), 0.0
    )


def _tpot(record: Observation, first: float) -> tuple[float, float]:
    assert record.first is not None
    assert record.last is not None
    span, later = record.last - record.first, (record.output_tokens or 0) - record.first_tokens
    # Of chunks that waited together, only the very first was one that came first.
    tokens = later + record.first_tokens - 1 if _is_apart(record.clumps[0], first) else later
    return max(0.0, span - record.lags[-1]) / tokens, (span + first) / later


def _is_apart(chunks: int, lag: float) -> bool:
    """Whether chunks of one read may have come one after another."""
    return chunks > 1 and lag > AT_ONCE / 1e9


def token_bounds(record: Observation) -> tuple[list[float], list[float]]:
    """The least and the most that each of `token_gaps` can be."""
    lows, highs = _gap_bounds(record)
    if is_plain(record):
        return lows, highs
    least: list[float] = []
    most: list[float] = []
    apart = map(_is_apart, record.clumps[1:], record.lags[1:])
    for low, high, is_apart, (_, tokens, times) in zip(lows, highs, apart, read_gaps(record), strict=True):
        if times:
            least += [low / tokens] * times
            most += [high if is_apart else high / tokens] * times
    return least, most


def _gap_bounds(record: Observation) -> tuple[list[float], list[float]]:
    """The least and the most that each gap between two reads can be; of reads that were several, one of their gaps."""
    times = read_times(record)
    least = list(map(sub, times[1:], times))
    most = least.copy()
    # Few reads have any lag.
    for read, lag in enumerate(record.lags):
        if lag and read:
            is_apart = _is_apart(record.clumps[read], lag)
            least[read - 1] = 0.0 if is_apart else max(0.0, least[read - 1] - lag)
        if lag and read < len(most):
            most[read] += lag
    return least, most


def late_turns(turns: Sequence[Observation]) -> float:
    """How much of a conversation's whole time the client's own lag can be."""
    between = sum(max(0.0, after.scheduled - before.ended - after.paused) for before, after in pairwise(turns))
    return between + sum(turn.late for turn in turns) + CLOCKS
