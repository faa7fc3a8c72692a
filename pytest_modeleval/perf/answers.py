"""What a response says: the chunks of an event stream, or one JSON object."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from pytest_modeleval.perf import responses

_TEXTS = ("content", "reasoning_content", "reasoning", "text")


@dataclass(slots=True)
class Answer:
    """What a response said, with an entry of the lists for every chunk with content or reasoning."""

    # Where each chunk ended in the body.
    places: list[int] = field(default_factory=list)
    # How long its text was, and whether it was reasoning.
    lengths: list[int] = field(default_factory=list)
    thoughts: list[bool] = field(default_factory=list)
    # Tokens until and with it where the server says so.
    counts: list[int] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    finish: str = ""
    # Whether it came to its end: the end is marked, or there is a reason of finishing.
    complete: bool = False
    error: str = ""
    text: list[str] = field(default_factory=list)


class _Shape:
    """Chunks of one stream differ in their text alone: what is around it tells what a chunk is without parsing it.

    Text without a quote or a backslash between the same beginning and end makes the same JSON, but for the text.
    """

    __slots__ = ("after", "before", "thought")

    def __init__(self) -> None:
        # From the line's beginning to the text, and from the text's end to the next event; empty while unknown.
        self.before = self.after = b""
        self.thought = False

    def learn(self, data: bytes, name: str, text: str, *, thought: bool) -> None:
        """Take what is around this text, where that is no doubt."""
        for separator in (b'": "', b'":"'):
            around = b'"' + name.encode() + separator
            whole = around + text.encode(errors="replace") + b'"'
            if data.count(whole) == 1:
                before, _, after = data.partition(whole)
                self.before, self.after, self.thought = b"data: " + before + around, b'"' + after + b"\n\n", thought


def streamed(content: bytes, *, text: bool = False) -> Answer:
    """What an event stream says; with ``text`` the whole answer too."""
    if b"\r" in content:
        # Lines may end with CR LF or CR too; nothing moves.
        content = content.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
    answer, shape = Answer(), _Shape()
    at = _read_alike(answer, shape, content, 0, text)
    pending = b""
    while (end := content.find(b"\n", at)) >= 0:
        line, at = content[at:end], end + 1
        if not line.startswith(b"data:"):
            continue
        if content.startswith(b"data:", at):
            # One event may have several lines of data.
            pending += line[5:] + b"\n"
            continue
        data, pending = (pending + line[5:]).strip(), b""
        if data == b"[DONE]":
            answer.complete = True
        else:
            _read_chunk(answer, shape, data, end, text)
        at = _read_alike(answer, shape, content, at + content.startswith(b"\n", at), text)
    return answer


# So many chunks are looked at together at first, then twice as many again and again while they are alike.
_TOGETHER = 16


def _read_alike(answer: Answer, shape: _Shape, content: bytes, at: int, text: bool) -> int:
    """Read the chunks of the known shape from here on; where they end."""
    around = len(shape.before) + len(shape.after)
    size = _TOGETHER * around
    while shape.before and content.startswith(shape.before, at):
        end = content.find(b"\n\n", at + size)
        events = content[at : end + 2 if end >= 0 else None]
        texts, is_all = _texts(shape, events)
        lengths = list(map(len, texts))
        # Of the two line ends after a chunk the first is its end.
        ends = list(accumulate(map(around.__add__, lengths), initial=at - 2))
        answer.places += ends[1:]
        answer.lengths += lengths
        answer.thoughts += [shape.thought] * len(texts)
        if text:
            answer.text += [said.decode(errors="replace") for said in texts]
        at, size = ends[-1] + 2, 2 * size
        if not is_all:
            break
    return at


def _texts(shape: _Shape, events: bytes) -> tuple[list[bytes], bool]:
    """The texts of the first events that have this shape, and whether these are all."""
    before, after = shape.before, shape.after
    # An event is a line and an empty one: nothing is found as quickly as a single byte.
    parts = events.split(b"\n")[:-1]
    lines = parts[::2]
    texts = [line[len(before) : 2 - len(after)] for line in lines]
    if all(texts) and _is_plain(b"".join(texts)) and events == before + (after + before).join(texts) + after:
        return texts, True
    is_alike = [
        line.startswith(before) and line.endswith(after[:-2]) and bool(said) and _is_plain(said) and not empty
        for line, said, empty in zip(lines, texts, parts[1::2], strict=False)
    ]
    return texts[: [*is_alike, False].index(False)], False


def _is_plain(text: bytes) -> bool:
    """Whether this is the same in JSON, and no end of a text in it."""
    return b'"' not in text and b"\\" not in text


def _read_chunk(answer: Answer, shape: _Shape, data: bytes, end: int, text: bool) -> None:
    try:
        chunk = json.loads(data)
    except (ValueError, RecursionError):
        answer.error = answer.error or f"no JSON: {data[:100].decode(errors='replace')}"
        return
    if not isinstance(chunk, dict):
        return
    listed = chunk.get("choices")
    choices = [choice for choice in listed if isinstance(choice, dict)] if isinstance(listed, list) else []
    if responses.is_event(chunk):
        response = responses.response_of(chunk)
        error, usage, finish = responses.error_of(chunk), inner(response, "usage"), responses.finish_of(response)
        choices, said = [], list(responses.said_by(chunk))
    else:
        error, usage = chunk.get("error"), inner(chunk, "usage")
        finish = next((str(choice["finish_reason"]) for choice in choices if choice.get("finish_reason")), "")
        said = [part for choice in choices for part in _said(choice)]
    if error:
        answer.error = json.dumps(error)[:200]
    answer.usage, answer.finish = usage or answer.usage, finish or answer.finish
    answer.complete = answer.complete or bool(answer.finish)
    if not said:
        return
    answer.places.append(end)
    answer.lengths.append(sum(len(words) for _, words in said))
    answer.thoughts.append(all(name.startswith("reasoning") for name, _ in said))
    if (count := number(usage, "completion_tokens")) is not None:
        answer.counts.append(count)
    elif len(choices) == 1 and len(said) == 1 and not answer.finish:
        shape.learn(data, *said[0], thought=answer.thoughts[-1])
    if text:
        answer.text.append("".join(words for name, words in said if name in _TEXTS))


def _said(choice: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a choice says, by the name of its field; a tool's call is content too."""
    delta = choice.get("delta") or choice.get("message") or choice
    if not isinstance(delta, dict):
        return
    for name in _TEXTS:
        if words := delta.get(name):
            yield name, words if isinstance(words, str) else json.dumps(words)
    if calls := delta.get("tool_calls"):
        yield "tool_calls", json.dumps(calls)


def whole(content: bytes, *, text: bool = False) -> Answer:
    """What a response says that is one JSON object."""
    answer = Answer()
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        answer.error = f"no JSON object: {content[:100].decode(errors='replace')}"
        return answer
    _read_chunk(answer, _Shape(), content, 0, text)
    answer.usage = answer.usage or inner(inner(said, "meta"), "tokens")
    # No chunk arrived before the whole: it has no first.
    answer.places, answer.lengths, answer.thoughts, answer.counts = [], [], [], []
    answer.complete = any(said.get(name) for name in ("choices", "output", "data", "results", "embeddings"))
    return answer


def inner(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object in this field; an empty one where there is none."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def number(usage: dict[str, Any], *names: str) -> int | None:
    """The first of these that is a count of tokens."""
    values = (usage.get(name) for name in names)
    return next((value for value in values if isinstance(value, int) and 0 <= value < 1 << 31), None)
