"""What a response says: the chunks of an event stream, or one JSON object."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from pytest_modeleval.models import responses
from pytest_modeleval.models.endpoints import ANSWERED
from pytest_modeleval.models.replies import (
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
    usage_of,
)
from pytest_modeleval.sample import Json

# What stands for something else in a text of JSON.
_SPECIAL = bytes([*range(0x20), *b'"\\'])


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
    usage: Mapping[str, Any] = field(default_factory=dict)
    # How many chunks had come when it was told: one that comes after is not counted in it.
    told: int = 0
    finish: str = ""
    # Whether it came to its end: there is a reason of finishing, or something was said and the end is marked.
    complete: bool = False
    error: str = ""
    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)


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
        for separator in (b'": "', b'":"') if name else ():
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
    answer, shape, is_done = Answer(), _Shape(), False
    at = _read_alike(answer, shape, content, 0, text)
    while (event := _event(content, at)) is not None:
        name, data, end, at = event
        if data == b"[DONE]":
            is_done = True
        elif not is_idle(name, data):
            _read_chunk(answer, shape, name, data, end, text)
        at = _read_alike(answer, shape, content, at, text)
    answer.complete = bool(answer.finish or (is_done and answer.places))
    return answer


def _event(content: bytes, at: int) -> tuple[bytes, bytes, int, int] | None:
    """The event that begins here (WHATWG HTML §9.2.6): name, data, where its last line of data ends, and the next one.

    None where no whole line is left.
    """
    name, data, last, begin = b"", [b""], at, at
    while (end := content.find(b"\n", at)) >= 0:
        line, at = content[at:end], end + 1
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value)
            last = end
        elif field == b"event":
            name = value.strip()
        elif not line.strip():
            break
    return None if at == begin else (name, b"\n".join(data).strip(), last, at)


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
            (answer.thinking if shape.thought else answer.text).extend(said.decode() for said in texts)
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
    # Between two texts no letter may be cut.
    if all(texts) and _is_plain(b" ".join(texts)) and events == before + (after + before).join(texts) + after:
        return texts, True
    is_alike = [
        line.startswith(before) and line.endswith(after[:-2]) and bool(said) and _is_plain(said) and not empty
        for line, said, empty in zip(lines, texts, parts[1::2], strict=False)
    ]
    return texts[: [*is_alike, False].index(False)], False


def _is_plain(text: bytes) -> bool:
    """Whether this is the same in JSON, and no end of a text in it."""
    if text.translate(None, _SPECIAL) != text:
        return False
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def _read_chunk(answer: Answer, shape: _Shape, name: bytes, data: bytes, end: int, text: bool) -> None:
    try:
        chunk = parsed(data)
        if name == b"error" and not responses.is_event(chunk) and (failed := failure_in({"error": chunk})):
            raise Broken(failed)
        _take(answer, shape, chunk, data, end, text)
    except Broken as broken:
        answer.error = answer.error or str(broken)


def _take(answer: Answer, shape: _Shape | None, chunk: Json, data: bytes, end: int, text: bool) -> None:
    """Take in a chunk of a stream, or (without a shape) a whole answer; raises `Broken` for a failed one."""
    choice: Json = {}
    if responses.is_event(chunk):
        said, usage, finish = responses.read(chunk)
    else:
        # Where the kinds without choices answer, a message is no error, as it is none beside choices.
        if failed := failure_in(chunk, answered=("choices", *ANSWERED)):
            raise Broken(failed)
        said, usage, choice = Said(), usage_of(chunk), first_choice(chunk, streamed=shape is not None) or {}
        add_said(said, message_of(choice, streamed=shape is not None))
        finish = finish_of(choice)
    answer.finish = finish or answer.finish
    if said:
        answer.places.append(end)
        words = [*said.thinking, *said.text, *said.refusal]
        answer.lengths.append(sum(map(len, words)) + (len(json.dumps(said.calls)) if said.calls else 0))
        answer.thoughts.append(not (said.text or said.refusal or said.calls))
        if text:
            answer.text += [*said.text, *said.refusal]
            answer.thinking += said.thinking
        if (count := count_of(usage, "completion_tokens")) is not None:
            answer.counts.append(count)
        elif shape and len(words) == 1 and not said.calls and not answer.finish:
            shape.learn(data, _name(choice, words[0]), words[0], thought=answer.thoughts[-1])
    if usage:
        answer.usage, answer.told = usage, len(answer.places)


def _name(choice: Json, words: str) -> str:
    """The one field of a choice, or of its delta, that says this; "" where there is none, or several."""
    delta = choice.get("delta")
    fields = [*choice.items(), *(delta.items() if isinstance(delta, Mapping) else ())]
    names = [name for name, value in fields if value == words]
    return names[0] if len(names) == 1 else ""


def whole(content: bytes, *, text: bool = False) -> Answer:
    """What a response says that is one JSON object."""
    answer = Answer()
    try:
        said = parsed(content)
        _take(answer, None, said, content, 0, text)
    except Broken as broken:
        answer.error = str(broken)
        return answer
    answer.complete = bool(answer.finish or answer.places or any(map(said.get, ANSWERED)))
    # No chunk arrived before the whole: it has no first.
    answer.places, answer.lengths, answer.thoughts, answer.counts, answer.told = [], [], [], [], 0
    return answer
