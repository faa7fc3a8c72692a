"""Runs, samples, scores and completions in one SQLite file, shared by all processes of a run."""

import hashlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.limits import used_up
from pytest_modeleval.record import INTERRUPTED
from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.blobs import storable
from pytest_modeleval.store.kept import completion_in, written
from pytest_modeleval.store.rows import TABLES, BlobRow, OutcomeRow, Row, ScoreRow, insertion
from pytest_modeleval.store.schema import connect

# Rows wait in memory until there are so many scores, or characters of pictures and documents.
_SCORES_AT_ONCE, _BLOBS_AT_ONCE = 256, 8 << 20


class Question(NamedTuple):
    """The hash of what is asked, that of who is asked (`models.identity`), and the run that asks."""

    asked: str
    who: str
    run: str

    @property
    def key(self) -> str:
        """The key of the answer that the run gets: beside those of all others to the same, so that no index is needed.

        One costs every answer 35 µs of waiting for the disk, and asking waits with it.
        """
        return self.asked + hashlib.sha256("".join(self).encode()).hexdigest()[len(self.asked) :]


def keys_of(asked: str) -> tuple[str, str]:
    """Between what the keys of all answers to a question lie; digits of a hash end with f."""
    return asked, f"{asked}g"


# Of two tables of answers: those of the first, each with all to its question, found by their keys. Neither SQLite's own
# order of the two nor an equal `asked` alone would do: 12,000 answers took a minute.
BESIDE = (
    "completions new cross join completions old on old.key between new.asked and new.asked || 'g' "
    "and old.asked = new.asked"
)

# A time that is none, or of no calendar, would be neither old nor new.
DATED = "typeof(created) = 'real' and created between 0 and 1e11"


class Kept(NamedTuple):
    """A stored answer, when it was kept in seconds since the epoch, its key, and the run whose it is."""

    completion: Completion
    created: float
    key: str
    run: str = ""


class Store:
    """The store in ``folder``; made on first use. Raises `StopRun` when it cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite"
        self._lock = threading.Lock()
        self._waiting: dict[type[Row], list[Row]] = {kind: [] for kind in TABLES}
        self._large = 0
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
        return self._kept(
            "key between ? and ? and who = ? and ? in (run, '') order by created desc",
            (*keys_of(asked), who, run or ""),
        )

    def completion(self, key: str) -> Kept | None:
        """The answer of a key; None when there is none. Answers of version 0.1 are found by nothing else."""
        return self._kept("key = ?", (key,))

    def _kept(self, where: str, parameters: Sequence[Any]) -> Kept | None:
        rows = self.rows(
            f"select completion, created, key, coalesce(run, '') from completions where {DATED} and {where} limit 1",
            parameters,
        )
        completion = completion_in(rows[0][0]) if rows else None
        return Kept(completion, *rows[0][1:]) if completion else None

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """What a query finds."""
        try:
            with self._lock:
                return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._unusable("read", error) from None

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

    def mean_tokens_of_items(self, model: str, benchmark: str) -> tuple[float, float] | None:
        """The mean tokens of an item's prompts and of its answers in earlier runs; None where none tells."""
        ((prompt, completion),) = self.rows(
            "select avg(prompt_tokens), avg(completion_tokens) from scores where model = ? and benchmark = ? and "
            "metric = 'main' and value is not null and prompt_tokens between 1 and 2147483647 and "
            "completion_tokens between 0 and 2147483647",
            (model, benchmark),
        )
        return None if prompt is None else (float(prompt), float(completion))

    def tokens_in_role(self, by: str, benchmark: str, verdicts: Sequence[str] = ()) -> tuple[int, int, float, float]:
        """How many items asked a model in a role, how many answers it gave, and all tokens of prompts and answers.

        Those are what the benchmark's test asked, or a judge's ``verdicts`` of these names, which are asked beside it.
        """
        counts = ", ".join(
            f"sum(case json_type(answer, '$.{name}') when 'integer' then json_extract(answer, '$.{name}') end)"
            for name in ("prompt_tokens", "completion_tokens")
        )
        given, who = "(select * from answers where by = ?)", [by]
        if verdicts:
            names = ", ".join("?" * len(verdicts))
            given, who = f"(select * from verdicts where judge = ? and name in ({names}))", [by, *verdicts]
        ((items, answers, *sums),) = self.rows(
            f"select count(distinct run || item), count(*), {counts} from (select given.run run, given.item item, "
            "case when json_valid(completions.completion) then completions.completion end answer "
            f"from {given} given join scores using (run, item) join completions on key = given.completion "
            "where metric = 'main' and benchmark = ?)",
            (*who, benchmark),
        )
        return items, answers, float(sums[0] or 0), float(sums[1] or 0)

    def save_completion(self, question: Question, model: str, completion: Completion) -> str:
        """Keep an answer; it is on disk when this returns its key."""
        self._known.add(hash(question.asked))
        row = (question.key, model, time.time(), written(completion), *question)
        self.write("insert or replace into completions values (?, ?, ?, ?, ?, ?, ?)", [row])
        return row[0]

    def outcome(self, hash_: str) -> str | None:
        """What came of a program or a tool's call, by its hash (`rows.OutcomeRow`); None where it has not run."""
        rows = self.rows("select outcome from outcomes where hash = ?", (hash_,))
        return str(rows[0][0]) if rows else None

    def save_outcome(self, row: OutcomeRow) -> None:
        """Keep what came of a program or a call; it is on disk when this returns."""
        self.write(insertion(OutcomeRow), [row])

    @property
    def secret(self) -> str:
        """A secret of this store alone, made once for all its runs and processes."""
        self.write("insert or ignore into secrets values ('marks', ?)", [(secrets.token_hex(16),)])
        return str(self.rows("select secret from secrets where name = 'marks'")[0][0])

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

    def save(self, rows: Iterable[Row]) -> None:
        """Keep rows: soon, as they can be made again from completions, which are written at once."""
        for row in rows:
            self._waiting[type(row)].append(row)
            self._large += len(row.content) if isinstance(row, BlobRow) else 0
        if len(self._waiting[ScoreRow]) >= _SCORES_AT_ONCE or self._large >= _BLOBS_AT_ONCE:
            self.flush()

    def save_load(self, run: str, item: str, model: str, document: Mapping[str, Any]) -> None:
        """Keep what a load test measured; it is on disk when this returns."""
        text = json.dumps(document)
        self.write("insert or replace into loads values (?, ?, ?, ?, ?)", [(run, item, model, time.time(), text)])

    def earlier_load(self, run: str, item: str, model: str, *, besides: str) -> Any:
        """What the same load measured in another run: its id's beginning, or "last" for the newest there is.

        None where there is none, and an empty one where it cannot be read.
        """
        rows = self.rows(
            "select document from loads where item = ? and model = ? and run != ? "
            "and (? = 'last' or substr(run, 1, length(?)) = ?) order by measured desc limit 1",
            (item, model, besides, run, run, run),
        )
        try:
            return from_json(rows[0][0]) if rows else None
        except ValueError:
            return {}

    def flush(self) -> None:
        """Write the rows that wait."""
        waiting, self._waiting, self._large = self._waiting, {kind: [] for kind in TABLES}, 0
        try:
            if any(waiting.values()):
                self._write([(insertion(kind), rows) for kind, rows in waiting.items() if rows])
        except (KeyboardInterrupt, StopRun):
            # The run's end writes them, or says why it cannot: whoever only wanted to look may pass over it.
            self._waiting = waiting
            raise

    def close(self) -> None:
        """Write what waits and close the file."""
        try:
            self.flush()
        finally:
            self._connection.close()

    def write(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run a statement for every row, all or none; how many rows it changed."""
        return self._write([(statement, rows)]) if rows else 0

    def _write(self, statements: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> int:
        try:
            with self._lock:
                if len(statements) == 1 and len(statements[0][1]) == 1:
                    return self._connection.execute(statements[0][0], statements[0][1][0]).rowcount
                # Which ends the transaction, or takes it back where SQLite has not.
                with self._connection as connection:
                    connection.execute("begin immediate")
                    return sum(connection.executemany(*each).rowcount for each in statements)
        except UnicodeEncodeError:
            # A name with half of a surrogate pair, from somebody's data. Rows that are there stay as they are.
            texts = [(each, [_storable(row) for row in rows]) for each, rows in statements]
            return self._write(texts)
        except sqlite3.Error as error:
            raise self._unusable("write", error) from None

    def _unusable(self, what: str, error: sqlite3.Error) -> StopRun:
        advice = "What it holds is kept: make room and run the same command again"
        if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            advice = "It is damaged: move it away, and run the same command again with a new one"
        return StopRun(f"cannot {what} the run store {self.path}: {error}{used_up(self.path.parent)}. {advice}")


def _storable(row: Sequence[Any]) -> list[Any]:
    return [storable(value) if isinstance(value, str) else value for value in row]
