"""Conversations as the store keeps them: of each request only what no earlier one had, so n turns take O(n)."""

import hashlib
import json
import sqlite3
from collections.abc import Container, Iterable, Iterator, Sequence

from pytest_modeleval.sample import Json, Message, last_question
from pytest_modeleval.store.addresses import digested
from pytest_modeleval.store.blobs import put_aside, put_back, storable, text_of
from pytest_modeleval.store.rows import BlobRow, MessagesRow, SampleRow

# `json.dumps` would make an encoder for every conversation.
_json = json.JSONEncoder(ensure_ascii=False).encode
Rows = list[BlobRow | MessagesRow]


def sample_rows(messages: Sequence[Message], target: str, benchmark: str, question: str = "") -> tuple[SampleRow, Rows]:
    """A sample as a row, and those of what its prompt shares with others: examples, pictures."""
    whole, target = _written(digested(messages)), storable(target)
    hash_ = hashlib.sha256(f"{whole}\0{target}".encode()).hexdigest()
    before, rows = _rows(messages[:-1], "")
    prompt, blobs = put_aside(messages[-1:])
    own = storable(question) if question and question != last_question(messages) else None
    return SampleRow(hash_, benchmark, before, _written(prompt), target, own), [*rows, *blobs]


def chained(requests: Iterable[Sequence[Message]]) -> Iterator[tuple[str, Rows]]:
    """Of each of an item's requests the hash that stands for its messages, and the rows that none before it made.

    A request goes on from the longest one that it begins with: two who talk by turns may ask two models.
    """
    known: list[tuple[list[Message], str]] = [([], "")]
    for messages in map(list, requests):
        # The longest first: of 200 turns the last one fits, and comparing all would take n³.
        longest = sorted(known, key=lambda each: len(each[0]), reverse=True)
        before, last = next(each for each in longest if messages[: len(each[0])] == each[0])
        last, rows = _rows(messages[len(before) :], last)
        known.append((messages, last))
        yield last, rows


def _written(messages: Sequence[Message]) -> str:
    return storable(_json(messages))


def _rows(messages: Sequence[Message], before: str) -> tuple[str, Rows]:
    if not messages:
        return before, []
    light, blobs = put_aside(messages)
    text = _written(light)
    row = MessagesRow(hashlib.sha256(f"{before}{text}".encode()).hexdigest(), before, text)
    return row.hash, [*blobs, row]


def read(connection: sqlite3.Connection, last: str, known: Container[str] = ()) -> tuple[list[Json], str]:
    """The messages that a hash stands for, and which of the ``known`` hashes stands for those before, left out.

    All of them, and "", where they go on from none that is known; none where they are not there or cannot be read.
    """
    parts: list[list[Json]] = []
    seen: set[str] = set()
    here = last
    while here and (here == last or here not in known):
        row = connection.execute("select before, messages from messages where hash = ?", (here,)).fetchone()
        messages = _whole(connection, row[1]) if row else []
        # What somebody damaged may also lead in a circle.
        if not messages or here in seen:
            return [], ""
        seen.add(here)
        parts.append(messages)
        here = row[0]
    return [message for part in reversed(parts) for message in part], here


def read_prompt(connection: sqlite3.Connection, before: str, prompt: str) -> list[Json]:
    """The messages of a sample's row."""
    last = _whole(connection, prompt)
    return [*read(connection, before)[0], *last] if before else last


def _whole(connection: sqlite3.Connection, messages: str) -> list[Json]:
    def content_of(hash_: str) -> str | None:
        row = connection.execute("select content from blobs where hash = ?", (hash_,)).fetchone()
        return row and text_of(row[0])

    # What somebody damaged may be bytes.
    return put_back(str(messages), content_of)
