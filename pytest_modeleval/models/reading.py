"""A chat response read to its completion: a stream of events, or one JSON object, whatever was asked for."""

import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass, field

from pytest_modeleval.models import responses
from pytest_modeleval.models.replies import (
    MOST_BYTES,
    Broken,
    Said,
    add_said,
    count_of,
    failure_in,
    finish_of,
    first_choice,
    is_idle,
    message_of,
    parsed,
    thinking_tokens_of,
    usage_of,
)
from pytest_modeleval.models.streamed import whole_calls, whole_details
from pytest_modeleval.models.thinking import split_thinking
from pytest_modeleval.sample import Completion, Filtered, Json, SampleError

# How a stream of events may begin; the longest of these is what must have come to tell.
_EVENTS = (b"data:", b"event:", b"retry:", b"id:", b":")
_ENOUGH = max(map(len, _EVENTS))
# What may come before that.
_BLANK = b"\xef\xbb\xbf \r\n"
_END_OF_LINE = re.compile(rb"[\r\n]")


@dataclass(slots=True)
class _Reply:
    """What was read of a response."""

    said: Said
    finish: str = ""
    usage: Json = field(default_factory=dict)
    fingerprint: object = None
    first_token: float | None = None
    # Thoughts as their server wants them back: of a response its whole output, of a chat OpenRouter's details.
    items: Sequence[Json] = ()


async def completion(begun: bytes, pieces: AsyncIterable[bytes] | None, started: float) -> Completion:
    """The completion that a response's body is, of what has come of it and the pieces to come; None: it is whole.

    Raises `Broken` for what is no answer, `SampleError` where there is no choice, and `Filtered`.
    """
    reading, begun = aiter(pieces) if pieces is not None else None, begun.lstrip(_BLANK)
    while reading and len(begun) < _ENOUGH and (piece := await anext(reading, None)) is not None:
        begun = (begun + piece).lstrip(_BLANK)
    if begun.startswith(_EVENTS):
        reply = await _streamed(_events(begun, reading), started)
    else:
        reply = _whole(begun + b"".join([piece async for piece in reading]) if reading else begun)
    return _completion(reply, time.perf_counter() - started)


def answered(content: bytes, beside: Sequence[str] = ("choices",)) -> Json:
    """The JSON object of a whole reply, which answers in one of these fields; `Broken` for an error in it."""
    body = parsed(content)
    if words := failure_in(body, answered=beside):
        raise Broken(f"the server answered 200 with an error: {words}", body)
    return body


def _whole(content: bytes) -> _Reply:
    body = answered(content)
    if responses.is_event(body):
        said, usage, finish = responses.read(body)
        return _Reply(said, finish, usage, items=responses.reasoning_in(body))
    choice = first_choice(body)
    if choice is None:
        # An empty list is how some say that a filter left nothing; without one it is no answer at all.
        kind = Broken if body.get("choices") is None else SampleError
        raise kind("the server answered without a choice")
    said = Said()
    add_said(said, message_of(choice))
    return _Reply(said, finish_of(choice), usage_of(body), body.get("system_fingerprint"), items=said.details)


async def _streamed(events: AsyncIterator[tuple[str, bytes]], started: float) -> _Reply:
    reply = _Reply(Said())
    is_whole = False
    async for name, data in events:
        if data == b"[DONE]":
            is_whole = True
            break
        chunk = parsed(data)
        if responses.is_event(chunk):
            _take_event(reply, chunk, started)
            continue
        if words := failure_in({"error": chunk} if name == "error" else chunk):
            raise Broken(f"the server broke off with an error: {words}", chunk)
        reply.usage = usage_of(chunk) or reply.usage
        reply.fingerprint = chunk.get("system_fingerprint") or reply.fingerprint
        choice = first_choice(chunk, streamed=True)
        if choice is None:
            continue
        reply.finish = finish_of(choice) or reply.finish
        # An empty chunk or one with the role alone is no token.
        if add_said(reply.said, message_of(choice, streamed=True)) and reply.first_token is None:
            reply.first_token = time.perf_counter() - started
    if not (is_whole or reply.finish):
        raise Broken("the stream broke off before the answer was finished")
    reply.said.calls = list(whole_calls(reply.said.calls))
    reply.items = reply.items or whole_details(reply.said.details)
    return reply


def _take_event(reply: _Reply, event: Json, started: float) -> None:
    """Take in an event of a response; its last one repeats the whole, which holds."""
    said, usage, finish = responses.read(event)
    reply.said.add(said)
    reply.usage, reply.finish = usage or reply.usage, finish or reply.finish
    if said and reply.first_token is None:
        reply.first_token = time.perf_counter() - started
    if finish:
        reply.said = responses.written(event) or reply.said
        reply.items = responses.reasoning_in(event)


async def _events(begun: bytes, pieces: AsyncIterator[bytes] | None) -> AsyncIterator[tuple[str, bytes]]:
    """Name and data of each event (WHATWG HTML §9.2.6) as its last line arrives; what has no end at the end counts.

    Those that only keep the connection open are left out.
    """
    name, data = b"", [b""]
    async for line in _lines(begun, pieces):
        if not line:
            if not is_idle(name, said := b"\n".join(data).strip()):
                yield name.decode(errors="replace"), said
            name, data = b"", [b""]
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.strip()
    if not is_idle(name, said := b"\n".join(data).strip()):
        yield name.decode(errors="replace"), said


async def _lines(begun: bytes, pieces: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    """The lines of a stream without their ends: LF, CR LF, or CR."""
    buffer, at = bytearray(begun), 0
    while True:
        # A CR at the end of a piece may be half of a CR LF.
        while (end := _end_of_line(buffer, at)) >= 0:
            yield bytes(buffer[:end])
            del buffer[: end + (2 if buffer[end : end + 2] == b"\r\n" else 1)]
            at = 0
        at = max(0, len(buffer) - 1)
        if len(buffer) > MOST_BYTES:
            raise Broken(f"an event is longer than {MOST_BYTES >> 20} MiB")
        piece = await anext(pieces, None) if pieces else None
        if piece is None:
            break
        buffer += piece
    if buffer:
        yield bytes(buffer.rstrip(b"\r"))


def _end_of_line(buffer: bytearray, at: int) -> int:
    """Where the line ends; -1 while that is not known."""
    found = _END_OF_LINE.search(buffer, at)
    if found is None or (found[0] == b"\r" and found.end() == len(buffer)):
        return -1
    return found.start()


def _completion(reply: _Reply, latency: float) -> Completion:
    if reply.finish == "content_filter":
        raise Filtered("the server's content filter cut the answer")
    said, usage = reply.said, reply.usage
    if not (said or reply.finish):
        raise Broken("neither an answer nor a reason why it ended")
    content, reasoning, refusal = map("".join, (said.text, said.thinking, said.refusal))
    thinking, text = (reasoning.strip(), content.strip("\n")) if reasoning else split_thinking(content)
    return Completion(
        text=text or refusal,
        thinking=thinking,
        finish_reason=reply.finish if text or not refusal else "refusal",
        tool_calls=tuple(said.calls),
        prompt_tokens=count_of(usage, "prompt_tokens", "input_tokens"),
        completion_tokens=count_of(usage, "completion_tokens", "output_tokens"),
        first_token=reply.first_token,
        latency=latency,
        fingerprint=reply.fingerprint[:200] if isinstance(reply.fingerprint, str) else "",
        tagged=not reasoning and text != content.strip("\n"),
        thinking_tokens=thinking_tokens_of(usage),
        reasoning_items=tuple(reply.items),
    )
