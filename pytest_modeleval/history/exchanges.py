"""All requests for a sample of a run, read again: of each what no earlier one had."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_modeleval.sample import Completion, Json
from pytest_modeleval.store.blobs import text_of
from pytest_modeleval.store.kept import messages_in
from pytest_modeleval.store.messages import read
from pytest_modeleval.store.rows import UNDER_EVALUATION, Exchange, StoredSample


def exchanges(
    connection: sqlite3.Connection, of: tuple[str, str], answer: Callable[[str], tuple[Completion | None, float]]
) -> list[Exchange]:
    """What was asked ``of`` a run's item, in order; none where the prompt alone was asked, without tools."""
    rows = connection.execute(
        "select asked, completion, by, tools from answers where run = ? and item = ? order by number", of
    ).fetchall()
    tools = {hash_: _tools(connection, hash_) for hash_ in {row[3] for row in rows} if hash_}
    found: list[Exchange] = []
    # By the hashes of what was asked, who was asked it, and where.
    known: dict[str, dict[str, int]] = {}
    for place, (asked, key, by, offered) in enumerate(rows):
        messages, before = read(connection, asked, known)
        to, places = "" if by == UNDER_EVALUATION else by, known.get(before, {})
        after = places.get(to, max(places.values(), default=None))
        repeated = 0 if after is None else found[after].repeated + len(found[after].asked)
        found.append(Exchange(messages, repeated, answer(key)[0], to, after, tools.get(offered, ())))
        known.setdefault(asked, {})[to] = place
    return found


def with_requests(sample: StoredSample, asked: Sequence[Exchange]) -> StoredSample:
    """The sample with all that was asked for it; of its prompt alone no more is kept than the tools."""
    if not asked:
        return sample
    first = asked[0]
    is_alone = len(asked) == 1 and not first.to and first.asked == sample.prompt
    return replace(sample, exchanges=() if is_alone else asked, tools=first.tools)


def _tools(connection: sqlite3.Connection, hash_: str) -> Sequence[Json]:
    row = connection.execute("select content from blobs where hash = ?", (hash_,)).fetchone()
    return messages_in(text_of(row[0])) if row else ()
