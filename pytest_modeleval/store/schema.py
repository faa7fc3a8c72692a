"""The store's file: its versions, and how one is brought to the next."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.store.alive import is_alive
from pytest_modeleval.store.kept import messages_in
from pytest_modeleval.store.messages import chained, sample_rows
from pytest_modeleval.store.rows import (
    TABLES,
    AnswerRow,
    Row,
    ScoreRow,
    columns,
    definition,
    insertion,
)

_FIRST = """
create table runs (
    id text primary key, started real not null, finished real, exit_status integer, options text not null
);
create table samples (
    hash text primary key, benchmark text not null, prompt text not null, target text not null
) without rowid;
create table completions (
    key text primary key, model text not null, created real not null, completion text not null
) without rowid;
create table scores (
    run text not null references runs, item text not null, metric text not null, model text not null,
    benchmark text not null, subset text not null, sample text not null, repeat integer not null,
    outcome text not null, value real, got text, expected text, why text, completion text,
    primary key (run, item, metric)
) without rowid;
"""
# What a store of the version before lacks is unknown there, so null.
_SECOND = ";".join(
    f"alter table scores add column {column}"
    for column in (
        "part text", "prompt_tokens integer", "completion_tokens integer", "seconds real", "first_token real",
        "reused integer",
    )
)  # fmt: skip
# What load tests measured: a document of figures each.
_THIRD = """
create table loads (
    run text not null references runs, item text not null, model text not null, measured real not null,
    document text not null, primary key (run, item, model)
) without rowid
"""
# What went wrong with the sample, by `mistakes.Mistake`.
_FOURTH = "alter table scores add column mistake text"
# What was asked by requests other than the sample's prompt, and the keys of all answers of an item that made such.
_FIFTH = """
create table requests (key text primary key, messages text not null) without rowid;
alter table scores add column answers text
"""
# What an answer is to, who gave it, and the run that may judge by it; null in a store of version 0.1, which did not
# say. Who gave answers, for people. What a server said of itself. Of a run how it ended, the hash of its command, the
# interrupted run whose answers it takes up, and why it takes none of a model. Of a score when its stored answer was
# kept, in place of whether it was one; null for a new answer.
_SIXTH = """
alter table completions add column asked text;
alter table completions add column who text;
alter table completions add column run text;
create index completions_asked on completions (asked);
create table models (who text primary key, model text not null, place text not null) without rowid;
create table servers (
    run text not null, model text not null, said text not null, primary key (run, model, said)
) without rowid;
create table refusals (
    run text not null, who text not null, why text not null, primary key (run, who)
) without rowid;
alter table runs add column command text;
alter table runs add column resumes text;
alter table scores rename column reused to stored;
update scores set stored = case stored when 1 then
    (select created from completions where key = scores.completion) end;
alter table runs add column ended text
"""
# Who runs it (`alive.py`), while it runs.
_SEVENTH = "alter table runs add column process text"


def _eighth(connection: sqlite3.Connection) -> None:
    """Messages and what is long in them by hash, once each; the answers of an item as rows of their own."""
    run = connection.execute
    run('alter table scores rename column part to "group"')
    run("""update scores set "group" = '' where "group" is null""")
    for table in ("samples", "scores"):
        run(f"alter table {table} rename to {table}_before")
    _fit(connection)
    # What somebody damaged may also be bytes.
    samples = run("select hash, benchmark, cast(prompt as text), cast(target as text) from samples_before")
    for hash_, benchmark, prompt, target in samples:
        row, rows = sample_rows(messages_in(prompt), target, benchmark)
        _insert(connection, [*rows, row._replace(hash=hash_)])
    for run_, item, answers in run("select distinct run, item, answers from scores_before where answers is not null"):
        keys = _keys(answers)
        asked = [run("select messages from requests where key = ?", (key,)).fetchone() for key in keys]
        requests = chained(messages_in(row[0]) if row else [] for row in asked)
        for number, (key, (last, rows)) in enumerate(zip(keys, requests, strict=True)):
            _insert(connection, [*rows, AnswerRow(run_, item, number, last, key, "model")])
    names = ", ".join(name for name in columns(ScoreRow) if name in _names(connection, "scores_before"))
    run(f"insert into scores ({names}) select {names} from scores_before")
    for table in ("samples_before", "scores_before", "requests"):
        run(f"drop table {table}")


# The key of an answer begins with what it is to (`store.Question.key`).
_NINTH = """
create temp table moved as select key as old, asked || substr(key, length(asked) + 1) as new from completions
    where asked is not null;
create index temp.moved_old on moved (old);
update completions set key = (select new from moved where old = key) where asked is not null;
update scores set completion = (select new from moved where old = completion)
    where completion in (select old from moved);
update answers set completion = (select new from moved where old = completion)
    where completion in (select old from moved);
drop table moved;
drop index completions_asked
"""


def _insert(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    for row in rows:
        connection.execute(insertion(type(row)), row)


def _keys(text: object) -> list[str]:
    """A list of keys; none where it cannot be read."""
    try:
        found = from_json(str(text))
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(key, str) for key in found) else []


# What each version does to a store of the version before: statements, or a function. Columns that a type of `rows.py`
# gained, and that may be null, are added without one: "" is such a version.
_VERSIONS: Sequence[str | Callable[[sqlite3.Connection], None]] = (
    *(_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH),
    _eighth,
    _NINTH,
    # What scores are, and samples' axes.
    "",
    # Samples' own questions.
    "",
    # The rows of samples that go by their ids.
    "",
    # What judges said, and the secret that marks around answers are made of.
    "create table secrets (name text primary key, secret text not null) without rowid",
    # What all judges came to.
    "",
    # What came of programs.
    "",
    # The tools that were offered.
    "",
)
VERSION = len(_VERSIONS)


def connect(path: Path) -> sqlite3.Connection:
    """The store's file, made or brought to this version; `pytest.UsageError` for one of a newer version."""
    # Autocommit: an answer is kept as soon as it is written, whatever happens to this process.
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.create_function("is_alive", 1, is_alive)
    # A row whose bytes are no UTF-8 any more is read for what it is, and keeps nobody from all others.
    connection.text_factory = partial(str, encoding="utf-8", errors="replace")
    try:
        _bring_up(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    run = connection.execute
    # With a write-ahead log, NORMAL loses nothing when a process dies; only a power cut can take the last answers.
    run("pragma journal_mode = wal")
    run("pragma synchronous = normal")
    version = run("pragma user_version").fetchone()[0]
    if version > VERSION:
        raise pytest.UsageError(
            f"the run store {path} has version {version}, this pytest-modeleval knows {VERSION}: "
            "upgrade it (pip install -U pytest-modeleval), or move the file away"
        )
    if version < VERSION:
        run("begin immediate")
        # Another process may have done it meanwhile.
        for step in _VERSIONS[run("pragma user_version").fetchone()[0] :]:
            for statement in step.split(";") if isinstance(step, str) else ():
                run(statement)
            if not isinstance(step, str):
                step(connection)
        _fit(connection)
        run(f"pragma user_version = {VERSION}")
        run("commit")


def _fit(connection: sqlite3.Connection) -> None:
    """Make the tables that `rows.py` has types of, and their columns, where they are not there."""
    for kind, (table, _) in TABLES.items():
        connection.execute(definition(kind))
        there = _names(connection, table)
        for name, typed in columns(kind).items():
            if name not in there:
                connection.execute(f"alter table {table} add column {name} {typed}")
    # Of stores with millions of scores, most have none with an id.
    connection.execute(
        'create index if not exists scores_with_id on scores (benchmark, subset, sample) where "row" is not null'
    )


def _names(connection: sqlite3.Connection, table: str) -> set[str]:
    return {f'"{name}"' for _, name, *_ in connection.execute(f"pragma table_info({table})")}
