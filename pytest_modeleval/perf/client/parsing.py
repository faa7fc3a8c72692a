"""From the bytes of a finished exchange to its record; works after the window, or where the client has time."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from operator import sub

from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.replies import count_of
from pytest_modeleval.models.responses import inner
from pytest_modeleval.perf.client.answers import Answer, streamed, whole
from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.framing import Body, Malformed
from pytest_modeleval.perf.client.record import Observation
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
# More bytes than these after a chunk's last are another event: the ends of its lines and of its piece.
_LINE_ENDS = 8
# What a read within this time brings came together (nanoseconds).
AT_ONCE = 1_000_000


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
        end_lag=lag[-1] / 1e9 if lag and not exchange.reads[-1][4] else 0.0,
        late=exchange.late / 1e9,
        paused=exchange.paused / 1e9,
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
    reads, followed = _reads_of(answer, body, exchange)
    _place_chunks(record, answer, reads, array("d", ((time - origin) / 1e9 for time in arrived)))
    _count(record, answer, exchange, tokens_of)
    late = _late_clumps(reads, arrived, exchange) if len(record.clumps) < len(reads) else set()
    unsure = late | {read for read in followed if _waited(exchange, arrived, read) > AT_ONCE}
    record.lags = _chunk_lags(reads, unsure, arrived, exchange, lag)
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
    clumps = Counter(reads)
    waited = {read: _waited(exchange, arrived, read) for read in clumps}
    at_once = Counter(count for read, count in clumps.items() if waited[read] <= AT_ONCE)
    usual = at_once.most_common(1)[0][0] if at_once else 1
    return {read for read, count in clumps.items() if count > usual and waited[read] > AT_ONCE}


def _waited(exchange: Exchange, arrived: list[int], read: int) -> int:
    """How long a read's first bytes may have waited for us."""
    _, now, _, since, _ = exchange.reads[read]
    return now - min(arrived[read], since)


def _chunk_lags(
    reads: list[int], unsure: set[int], arrived: list[int], exchange: Exchange, lag: list[int]
) -> "array[float]":
    """How much earlier the chunks of each read with any can have come than its time; empty where none can.

    The kernel's stamp is that of a read's last packet. Chunks of an unsure one came after the read before it, and not
    further apart than any two reads of this answer.
    """
    found, clumps = array("f"), Counter(reads)
    if not reads:
        return found
    times = [arrived[read] for read in clumps]
    longest = max(map(sub, times[1:], times), default=arrived[-1] - exchange.sent)
    for read, count in clumps.items():
        before = max(exchange.sent, arrived[read - 1] if read else 0)
        by_kernel = min(arrived[read] - before, count * longest) if read in unsure else 0
        found.append((by_kernel if exchange.reads[read][4] else lag[read]) / 1e9)
    return found if any(found) else array("f")


def verdict(answer: Answer) -> tuple[str, str]:
    """The class of what is wrong with an answer, and the message; both empty where nothing is."""
    if answer.error:
        return ("server" if answer.complete or answer.places else "protocol"), answer.error
    return ("", "") if answer.complete else ("cut", "no finish reason came, and no token with an end marked after it")


def _reads_of(answer: Answer, body: Body, exchange: Exchange) -> tuple[list[int], set[int]]:
    """The number of the read that brought each chunk's end, and the reads in which something else follows the last."""
    reads, followed, piece, read = [], set[int](), 0, 0
    pieces, places, ends = body.pieces, body.places, list(accumulate([len(one[0]) for one in exchange.reads]))
    for place in answer.places:
        last = place - 1
        while piece + 1 < len(pieces) and pieces[piece + 1] <= last:
            piece += 1
        raw = places[piece] + last - pieces[piece]
        while ends[read] <= raw:
            read += 1
        reads.append(read)
        (followed.add if ends[read] - raw > _LINE_ENDS else followed.discard)(read)
    return reads, followed


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
