"""From the bytes of a finished exchange to its record; works after the window, or where the client has time."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.replies import count_of
from pytest_modeleval.perf.client.answers import Answer, streamed, whole
from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.framing import Body, Malformed
from pytest_modeleval.perf.client.record import Observation
from pytest_modeleval.perf.client.responses import inner
from pytest_modeleval.perf.client.stamps import arrivals


def answer_of(exchange: Exchange, *, text: bool = False) -> tuple[Answer, Body]:
    """What the response to an exchange says, and its body."""
    body = exchange.framing.body(exchange.join()) if exchange.framing.head else Body(b"", [], [])
    begun = body.content[:100].lstrip()
    is_stream = begun.startswith((b"data:", b"event:", b":", b"id:"))
    is_stream = is_stream or b"text/event-stream" in exchange.raw[: exchange.framing.head].lower()
    return (streamed if is_stream else whole)(body.content, text=text), body


@dataclass(frozen=True, slots=True)
class Read:
    """A record, its error's message, and how its reads went."""

    record: Observation
    detail: str
    # Nanoseconds from each read's arrival to our reading it.
    lag: list[int]
    # Reads with several chunks that may have waited for us, which then have one time for several arrivals.
    late_clumps: int = 0
    # Whether the first read with content is one of them.
    late_first: bool = False
    # Whether the kernel told when they arrived.
    stamped: bool = False


# Bytes of a failed response that are kept to be shown.
_SAID = 1000
# What a read within this time brings came together (nanoseconds).
_AT_ONCE = 1_000_000


def record_of(exchange: Exchange, origin: int, tokens_of: Callable[[str], int] | None = None) -> Read:
    """The record of an exchange; its times count from ``origin``.

    ``tokens_of`` counts a text's tokens where the server does not say.
    """
    arrived = arrivals(exchange.reads)
    lag = _lags(exchange, arrived)
    request, status = exchange.request, exchange.framing.status
    record = Observation(
        scheduled=(exchange.scheduled - origin) / 1e9,
        sent=(exchange.sent - origin) / 1e9,
        ended=((exchange.ended or arrived[-1]) - origin) / 1e9,
        input_tokens=request.input_tokens,
        asked_tokens=request.max_tokens,
        status=status,
        error=exchange.error,
        warm_up=exchange.warm_up,
        conversation=request.conversation,
        turn=exchange.turn,
    )
    try:
        answer, body = answer_of(exchange)
    except Malformed as malformed:
        record.error = record.error or "protocol"
        return Read(record, exchange.detail or str(malformed), lag)
    if status >= 300:
        record.error = f"http {status}"
        elsewhere = exchange.framing.elsewhere(exchange.raw)
        said = (
            f"it sends on to {elsewhere}, which no load follows"
            if elsewhere
            else body.content[:_SAID].decode(errors="replace")
        )
        return Read(record, said, lag)
    detail = exchange.detail
    if status and not record.error:
        record.error, detail = verdict(answer)
    reads = _reads_of(answer, body, exchange)
    _place_chunks(record, answer, reads, array("d", ((time - origin) / 1e9 for time in arrived)))
    _count(record, answer, exchange, tokens_of)
    late = _late_clumps(reads, arrived, exchange) if len(record.clumps) < len(reads) else set()
    stamped = any(read[4] for read in exchange.reads)
    return Read(record, detail, lag, len(late), late_first=bool(late) and reads[0] in late, stamped=stamped)


def _lags(exchange: Exchange, arrived: list[int]) -> list[int]:
    if not arrived:
        return []
    _, read, _, since, stamps = zip(*exchange.reads, strict=True)
    known = (
        arrived if all(stamps) else map(lambda came, before, stamp: came if stamp else before, arrived, since, stamps)
    )
    return list(map(sub, read, known))


def _late_clumps(reads: list[int], arrived: list[int], exchange: Exchange) -> set[int]:
    """Reads with more chunks than the server puts together, that may have waited for us."""
    waited = [read - min(came, since) for came, (_, read, _, since, _) in zip(arrived, exchange.reads, strict=True)]
    clumps = Counter(reads)
    at_once = Counter(count for read, count in clumps.items() if waited[read] <= _AT_ONCE)
    usual = at_once.most_common(1)[0][0] if at_once else 1
    return {read for read, count in clumps.items() if count > usual and waited[read] > _AT_ONCE}


def verdict(answer: Answer) -> tuple[str, str]:
    """The class of what is wrong with an answer, and the message; both empty where nothing is."""
    if answer.error:
        return ("server" if answer.complete or answer.places else "protocol"), answer.error
    return ("", "") if answer.complete else ("cut", "no finish reason came, and no token with an end marked after it")


def _reads_of(answer: Answer, body: Body, exchange: Exchange) -> list[int]:
    """The number of the read that brought each chunk's end."""
    reads, piece, read = [], 0, 0
    pieces, places, ends = body.pieces, body.places, list(accumulate([len(one[0]) for one in exchange.reads]))
    for place in answer.places:
        last = place - 1
        while piece + 1 < len(pieces) and pieces[piece + 1] <= last:
            piece += 1
        raw = places[piece] + last - pieces[piece]
        while ends[read] <= raw:
            read += 1
        reads.append(read)
    return reads


def _place_chunks(record: Observation, answer: Answer, reads: list[int], times: "array[float]") -> None:
    if not reads:
        return
    record.chunks = array("d", [times[read] for read in reads])
    record.clumps = array("I", Counter(reads).values())
    record.first, record.last = record.chunks[0], record.chunks[-1]
    record.first_answer = next(
        (time for time, thought in zip(record.chunks, answer.thoughts, strict=True) if not thought), None
    )


def _count(record: Observation, answer: Answer, exchange: Exchange, tokens_of: Callable[[str], int] | None) -> None:
    usage, chunks = answer.usage, len(record.chunks)
    record.finish = one_line(answer.finish)
    told = count_of(usage, "prompt_tokens", "input_tokens", "total_tokens")
    record.input_tokens = record.input_tokens if told is None else told
    details = inner(usage, "prompt_tokens_details") or inner(usage, "input_tokens_details")
    record.cached_tokens = count_of(details, "cached_tokens")
    if record.cached_tokens is None:
        record.cached_tokens = count_of(usage, "cached_tokens", "prompt_cache_hit_tokens")
    details = inner(usage, "completion_tokens_details") or inner(usage, "output_tokens_details")
    record.reasoning_tokens = count_of(details, "reasoning_tokens")
    record.output_tokens = count_of(usage, "completion_tokens", "output_tokens")
    # What was told before the last chunk does not count it; and no chunks are of no tokens.
    if record.output_tokens is not None and answer.told >= chunks and (record.output_tokens or not chunks):
        record.counted_by = "usage"
    elif tokens_of and exchange.framing.head and not record.error.startswith("http"):
        said = answer_of(exchange, text=True)[0]
        record.output_tokens = sum(tokens_of("".join(words)) for words in (said.thinking, said.text) if words)
        record.counted_by = "tokenizer"
    else:
        record.output_tokens, record.counted_by = (chunks, "chunks") if chunks else (None, "")
    if chunks and len(answer.counts) == chunks:
        before = [0, *answer.counts]
        record.sizes = array("I", [max(0, count - was) for was, count in zip(before, answer.counts, strict=False)])
    record.first_tokens = _first_tokens(record, answer)


def _first_tokens(record: Observation, answer: Answer) -> int:
    """Tokens of the first read: as told, else one a chunk, else its share of the text where chunks carry several."""
    if not record.clumps:
        return 0
    together = record.clumps[0]
    if record.sizes:
        return sum(record.sizes[:together])
    total = record.output_tokens or 0
    if total <= len(record.chunks) or not sum(answer.lengths):
        return together
    return max(together, round(total * sum(answer.lengths[:together]) / sum(answer.lengths)))
