"""Runs, samples, scores and completions in one SQLite file, shared by all processes of a run."""

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.limits import used_up
from pytest_modeleval.record import INTERRUPTED
from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.alive import is_alive
from pytest_modeleval.store.kept import completion_in, written

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
# Each version's statements over those of the version before.
_VERSIONS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH)
VERSION = len(_VERSIONS)
# The columns of `scores`.
_COLUMNS = 22
# Scores wait in memory until so many are there: they can be made again from completions, which are written at once.
_SCORES_AT_ONCE = 256


def connect(path: Path) -> sqlite3.Connection:
    """The store's file, made or brought to this version; `pytest.UsageError` for one of a newer version."""
    # Autocommit: an answer is kept as soon as it is written, whatever happens to this process.
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.create_function("is_alive", 1, is_alive)
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
        for statements in _VERSIONS[run("pragma user_version").fetchone()[0] :]:
            for statement in statements.split(";"):
                run(statement)
        run(f"pragma user_version = {VERSION}")
        run("commit")


class Question(NamedTuple):
    """The hash of what is asked, that of who is asked (`models.identity`), and the run that asks."""

    asked: str
    who: str
    run: str

    @property
    def key(self) -> str:
        """The key of the answer that the run gets."""
        return hashlib.sha256("".join(self).encode()).hexdigest()


class Kept(NamedTuple):
    """A stored answer, when it was kept in seconds since the epoch, and its key."""

    completion: Completion
    created: float
    key: str


class Store:
    """The store in ``folder``; made on first use. Raises `StopRun` when it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite"
        self._lock = threading.Lock()
        self._samples: list[Sequence[str]] = []
        self._scores: list[Sequence[Any]] = []
        self._requests: list[Sequence[str]] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
            self._connection = connect(self.path)
            # A look-up costs a system call and, among threads, a wait: most questions are new, and this says so.
            keys = self._connection.execute("select coalesce(asked, key) from completions")
            self._known = {hash(key) for (key,) in keys}
        except (OSError, sqlite3.Error) as error:
            raise pytest.UsageError(f"cannot open the run store {self.path}: {error}{used_up(folder)}") from None

    def answer(self, asked: str, who: str, run: str | None = None) -> Kept | None:
        """The newest answer to a question, of one ``run`` where it is given; None when there is none, or it is broken.

        One that another process stored since this one began is not found.
        """
        if hash(asked) not in self._known:
            return None
        return self._kept("asked = ? and who = ? and ? in (run, '') order by created desc", (asked, who, run or ""))

    def completion(self, key: str) -> Kept | None:
        """The answer of a key; None when there is none. Answers of version 0.1 are found by nothing else."""
        return self._kept("key = ?", (key,))

    def _kept(self, where: str, parameters: Sequence[Any]) -> Kept | None:
        # A time that is none, or of no calendar, would be neither old nor new.
        rows = self.rows(
            "select completion, created, key from completions where typeof(created) = 'real' "
            "and created between 0 and 1e11 and " + where + " limit 1",
            parameters,
        )
        completion = completion_in(rows[0][0]) if rows else None
        return Kept(completion, *rows[0][1:]) if completion else None

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def mean_completion_tokens(self, model: str, benchmark: str) -> float | None:
        """The mean length of the model's stored answers to a benchmark; None when there are none that tell."""
        ((mean,),) = self.rows(
            # What is no count (sample.token_count) is left out: servers told texts, tables and 10³⁰, which were kept.
            "select avg(tokens) from (select json_extract(answer, '$.completion_tokens') tokens from "
            "(select case when json_valid(completion) then completion end answer from completions "
            "where key in (select completion from scores where model = ? and benchmark = ?)) "
            "where json_type(answer, '$.completion_tokens') = 'integer') where tokens between 0 and 2147483647",
            (model, benchmark),
        )
        return None if mean is None else float(mean)

    def save_completion(self, question: Question, model: str, completion: Completion) -> None:
        """Keep an answer; it is on disk when this returns."""
        self._known.add(hash(question.asked))
        row = (question.key, model, time.time(), written(completion), *question)
        self.write("insert or replace into completions values (?, ?, ?, ?, ?, ?, ?)", [row])

    def begin_run(self, run: str, options: Mapping[str, Any], process: str | None = None) -> None:
        """Record that a run started, once for all its processes.

        Until it ends, it is one that is interrupted as soon as the ``process`` that sums it up is gone.
        """
        self.write(
            "insert or ignore into runs (id, started, options, ended, process) values (?, ?, ?, ?, ?)",
            [(run, time.time(), json.dumps(options, default=str), INTERRUPTED, process)],
        )

    def end_run(self, run: str, exit_status: int, ended: str) -> None:
        """Record that a run ended, and whether as COMPLETE or INTERRUPTED."""
        self.write(
            "update runs set finished = ?, exit_status = ?, ended = ?, process = null where id = ?",
            [(time.time(), exit_status, ended, run)],
        )

    def save_sample(self, row: Sequence[str]) -> None:
        """Keep a sample: hash, benchmark, prompt, target."""
        self._samples.append(row)

    def save_requests(self, rows: Sequence[Sequence[str]]) -> None:
        """Keep what was asked: the answer's key, messages."""
        self._requests += rows

    def save_scores(self, rows: Sequence[Sequence[Any]]) -> None:
        """Keep scores, in the order of the table's columns."""
        self._scores += rows
        if len(self._scores) >= _SCORES_AT_ONCE:
            self.flush()

    def save_load(self, run: str, item: str, model: str, document: Mapping[str, Any]) -> None:
        """Keep what a load test measured; it is on disk when this returns."""
        text = json.dumps(document)
        self.write("insert or replace into loads values (?, ?, ?, ?, ?)", [(run, item, model, time.time(), text)])

    def earlier_load(self, run: str, item: str, model: str, *, besides: str) -> Any:
        """What the same load measured in another run: its id's beginning, or "last" for the newest there is.

        None where there is none, and an empty one where it cannot be read.
        """
        with self._lock:
            row = self._connection.execute(
                "select document from loads where item = ? and model = ? and run != ? "
                "and (? = 'last' or substr(run, 1, length(?)) = ?) "
                "order by measured desc limit 1",
                (item, model, besides, run, run, run),
            ).fetchone()
        if row is None:
            return None
        try:
            return from_json(row[0])
        except ValueError:
            return {}

    def flush(self) -> None:
        """Write the samples, requests and scores that wait."""
        samples, self._samples = self._samples, []
        scores, self._scores = self._scores, []
        requests, self._requests = self._requests, []
        self.write("insert or ignore into samples values (?, ?, ?, ?)", samples)
        self.write("insert or ignore into requests values (?, ?)", requests)
        self.write(f"insert or replace into scores values ({', '.join('?' * _COLUMNS)})", scores)

    def close(self) -> None:
        """Write what waits and close the file."""
        try:
            self.flush()
        finally:
            self._connection.close()

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement for every row, all or none; how many rows it changed."""
        if not rows:
            return 0
        try:
            with self._lock:
                if len(rows) == 1:
                    return self._connection.execute(statement, rows[0]).rowcount
                self._connection.execute("begin immediate")
                try:
                    return self._connection.executemany(statement, rows).rowcount
                finally:
                    self._connection.execute("commit")
        except sqlite3.Error as error:
            raise StopRun(
                f"cannot write the run store {self.path}: {error}{used_up(self.path.parent)}. What it holds is kept: "
                "make room and run the same command again"
            ) from None
