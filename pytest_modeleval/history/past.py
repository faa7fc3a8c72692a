"""The runs in a store, read again."""

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby, starmap
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from pytest_modeleval.history.exchanges import exchanges, with_requests
from pytest_modeleval.judging.verdict import OF_THOUGHTS
from pytest_modeleval.limits import used_up
from pytest_modeleval.options.options import closest
from pytest_modeleval.results.reuse import local_time
from pytest_modeleval.sample import Completion, last_question
from pytest_modeleval.store.kept import completion_in
from pytest_modeleval.store.messages import read_prompt
from pytest_modeleval.store.rows import (
    JudgementRow,
    RenamedRow,
    ScoreRow,
    StoredSample,
    VerdictRow,
    columns,
    sample_name,
)
from pytest_modeleval.store.schema import connect

R = TypeVar("R", VerdictRow, JudgementRow)
# How much of a run's id people type.
SHORT = 8
# Where a score's columns begin in a row of `Past.samples`, and which of all is the item's.
_OF_SCORE = 6
_ITEM = _OF_SCORE + list(columns(ScoreRow)).index('"item"')


class Run(NamedTuple):
    """A run that scored something."""

    id: str
    started: float

    @property
    def short(self) -> str:
        """Its id as people see it."""
        return self.id[:SHORT]

    @property
    def time(self) -> str:
        """When it started, in local time."""
        return local_time(self.started)


class Past:
    """The store in ``folder``, for reading; `pytest.UsageError` when there is none."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.sqlite"
        if not self.path.is_file():
            raise pytest.UsageError(f"there is no run store {self.path} yet: a run with --model makes it")
        try:
            self._connection = connect(self.path)
        except sqlite3.Error as error:
            raise pytest.UsageError(f"cannot open the run store {self.path}: {error}{used_up(folder)}") from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def secret(self) -> str:
        """What the marks around judged answers are made of; empty where none was judged."""
        return str(*next(self._connection.execute("select secret from secrets where name = 'marks'"), ()))

    def runs(self) -> list[Run]:
        """The runs that scored something, oldest first."""
        scored = "exists (select 1 from scores where run = id)"
        rows = self._connection.execute(f"select id, started from runs where {scored} order by started, id")
        return [Run(*row) for row in rows]

    def run(self, text: str, *, besides: str = "") -> Run:
        """The run of an id, the beginning of one, ``last`` or ``last~1``; none whose id is ``besides``."""
        runs = [run for run in self.runs() if run.id != besides]
        back = re.fullmatch(r"last(?:~(\d{1,9}))?", text)
        if back and (number := int(back[1] or 0)) < len(runs):
            return runs[-1 - number]
        found = [run for run in runs if text and run.id.startswith(text)]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} runs begin with {text!r}" if found else f"there is no run {text!r}"
        close = None if found else closest(text, ["last", *(run.short for run in runs)], cutoff=0.75)
        newest = [f"{run.short} ({run.time}, {', '.join(self.models(run))})" for run in reversed((found or runs)[-10:])]
        hint = f"; did you mean {close!r}?" if close else "."
        raise pytest.UsageError(f"{what} in {self.path}{hint} Known, newest first: {', '.join(newest) or 'none'}")

    def models(self, run: Run) -> list[str]:
        """The models that a run asked."""
        rows = self._connection.execute("select distinct model from scores where run = ?", (run.id,))
        return sorted(name for (name,) in rows)

    def thinkers(self, run: Run) -> list[str]:
        """The models of a run some of whose answers have a thought, or were told to have one."""
        has_thought = (
            "select 1 from (select case when json_valid(completions.completion) then completions.completion end answer "
            "from scores join completions on key = scores.completion where scores.run = ? and scores.model = ?) "
            "where trim(json_extract(answer, '$.thinking')) != '' or json_extract(answer, '$.thinking_tokens') > 0 "
            "limit 1"
        )
        return [
            model for model in self.models(run) if self._connection.execute(has_thought, (run.id, model)).fetchone()
        ]

    def judges(self, run: Run, model: str, benchmark: str) -> list[str]:
        """The names of those that were asked in a run about a model's answers to a benchmark."""
        rows = self._connection.execute(
            "select distinct judge from verdicts join scores using (run, item) "
            "where run = ? and model = ? and benchmark = ? and name not in (?, ?)",
            (run.id, model, benchmark, *OF_THOUGHTS),
        )
        return sorted(name for (name,) in rows)

    def served_as(self, run: Run) -> list[tuple[str, str]]:
        """The models of a run, each with the names by which servers know who gave its answers."""
        return self._connection.execute(
            "select distinct scores.model, models.model from scores join completions on key = scores.completion "
            "join models using (who) where scores.run = ?",
            (run.id,),
        ).fetchall()

    def givers(self, run: Run) -> list[str]:
        """The run, and those in which its answers were given: stored before, or by a run that answered as a model."""
        found = left = {run.id}
        while left:
            rows = self._connection.execute(
                "select distinct completions.run, case when place = '' then substr(models.model, 1, instr("
                "models.model, '#') - 1) end from scores join completions on key = scores.completion "
                f"left join models using (who) where scores.run in ({', '.join('?' * len(left))})",
                list(left),
            )
            left = {each for row in rows for each in row if each} - found
            found = found | left
        return sorted(found)

    def benchmarks(self) -> list[str]:
        """Every benchmark of which something was scored."""
        return sorted(name for (name,) in self._connection.execute("select distinct benchmark from scores"))

    def numbered(self, run: str) -> tuple[Run, int]:
        """A run by its whole id, also one that scored nothing, and the how-manieth of the store it is."""
        (started,) = self._connection.execute("select started from runs where id = ?", (run,)).fetchone()
        (number,) = self._connection.execute("select count(*) from runs where started <= ?", (started,)).fetchone()
        return Run(run, started), int(number)

    def answer(self, key: str) -> tuple[Completion | None, float]:
        """A stored answer and when it was stored; (None, 0.0) when it is not there or cannot be read."""
        row = self._connection.execute("select completion, created from completions where key = ?", (key,)).fetchone()
        found = completion_in(row[0]) if row else None
        return (found, row[1]) if found else (None, 0.0)

    def kept(self, whos: Sequence[str]) -> tuple[int, float | None]:
        """How many answers are stored that somebody (`models.identity`) gave, and when the oldest was."""
        marks = ", ".join("?" * len(whos))
        row = self._connection.execute(
            f"select count(*), min(created) from completions where who in ({marks})", whos
        ).fetchone()
        return int(row[0]), row[1]

    def attempts(self, run: Run, benchmark: str = "") -> Iterator[ScoreRow]:
        """What became of a run's items, by the samples' own scores, in the order of their ids."""
        rows = self._connection.execute(
            f"select {', '.join(columns(ScoreRow))} from scores "
            "where run = ? and metric = 'main' and ? in ('', benchmark)",
            (run.id, benchmark),
        )
        return map(self._today, starmap(ScoreRow, rows))

    def verdicts(self, run: str, *, item: str | None = None, name: str | None = None) -> list[VerdictRow]:
        """What judges said in a run, of one item or metric or all, in the order that they were answered."""
        return self._judged(VerdictRow, "verdicts", run=run, item=item, name=name)

    def judgements(self, run: str, *, item: str | None = None) -> list[JudgementRow]:
        """What all judges came to in a run, of one item or all."""
        return self._judged(JudgementRow, "judgements", run=run, item=item)

    def _judged(self, kind: type[R], table: str, **of: str | None) -> list[R]:
        asked = {column: value for column, value in of.items() if value is not None}
        rows = self._connection.execute(
            f"select {', '.join(columns(kind))} from {table} where {' and '.join(f'{name} = ?' for name in asked)} "
            "order by item, number",
            list(asked.values()),
        )
        return list(starmap(kind, rows))

    def metrics(self, run: str) -> list[str]:
        """The metrics of a run's scores."""
        rows = self._connection.execute("select distinct metric from scores where run = ?", (run,))
        return sorted(name for (name,) in rows)

    def axes(self, run: str) -> dict[str, bool]:
        """The axes of a run's samples, and whether each has numbers alone."""
        each = "json_each(case when json_valid(axes) then axes end)"
        rows = self._connection.execute(
            f"select key, min(type in ('integer', 'real')) from scores, {each} "
            "where run = ? and typeof(key) = 'text' group by key order by key",
            (run,),
        )
        return {name: bool(is_number) for name, is_number in rows}

    def items(self, run: str) -> int:
        """How many items a run has an outcome of."""
        row = self._connection.execute("select count(distinct item) from scores where run = ?", (run,)).fetchone()
        return int(row[0])

    def samples(
        self, run: str, items: Collection[str] | None = None, *, answers: bool = True
    ) -> Iterator[StoredSample]:
        """A run's items, or those of them that are named, in the order of their ids; with or without ``answers``."""
        names = ", ".join(f"scores.{name}" for name in columns(ScoreRow))
        answer, joined = "null, null", ""
        if answers:
            answer = "completions.completion, created"
            joined = "left join completions on key = scores.completion"
        rows = self._connection.execute(
            f"select samples.before, prompt, target, question, {answer}, {names} from scores "
            f"left join samples on hash = sample {joined} where scores.run = ? order by item, metric",
            (run,),
        )
        is_judged = self._connection.execute("select 1 from verdicts where run = ? limit 1", (run,)).fetchone()
        for item, metrics in groupby(rows, key=itemgetter(_ITEM)):
            if items is None or item in items:
                found = list(metrics)
                scores = [self._today(ScoreRow(*row[_OF_SCORE:])) for row in found]
                sample = self._sample(found[0][:_OF_SCORE], scores)
                if answers:
                    sample = with_requests(sample, exchanges(self._connection, (run, item), self.answer))
                if is_judged:
                    said, came_to = self.verdicts(run, item=item), self.judgements(run, item=item)
                    sample = replace(sample, verdicts=said, judgements=came_to)
                yield sample

    @cached_property
    def _named(self) -> dict[str, tuple[float, dict[tuple[str, str], str]]]:
        """Since when a benchmark's samples have ids, and their names, by the benchmark; by subset and content."""
        found: dict[str, tuple[float, dict[tuple[str, str], str]]] = {}
        rows = self._connection.execute(
            "select benchmark, subset, sample, item, min(started) from scores join runs on id = run "
            """where "row" is not null and sample != '' group by benchmark, subset, sample, item"""
        )
        for benchmark, subset, sample, item, started in rows:
            since, names = found.get(benchmark, (started, {}))
            found[benchmark] = min(since, started), names
            name = sample_name(item, subset)
            # Of two samples that ask the same, nobody knows which it was.
            names[subset, sample] = name if names.get((subset, sample), name) == name else ""
        return found

    @cached_property
    def _started(self) -> dict[str, float]:
        return dict(self._connection.execute("select id, started from runs"))

    def _today(self, row: ScoreRow) -> ScoreRow:
        """The row, called by the id that its sample has in later runs, which ask and expect the same."""
        since, names = self._named.get(row.benchmark, (0.0, {}))
        name = names.get((row.subset, row.sample))
        if not name or row.row is not None or self._started[row.run] >= since:
            return row
        return RenamedRow.of(row, name)

    def _sample(self, row: Sequence[Any], scores: Sequence[ScoreRow]) -> StoredSample:
        before, prompt, target, question, answer, created = row
        completion = completion_in(answer) if answer else None
        messages = None if prompt is None else read_prompt(self._connection, before, prompt)
        kept = created if completion else 0.0
        return StoredSample(scores, messages, target, completion, kept, question=question)

    def asked(self, sample: str) -> str:
        """What a sample asked; empty when the store does not know."""
        row = self._connection.execute(
            "select before, prompt, question from samples where hash = ?", (sample,)
        ).fetchone()
        return (row[2] or last_question(read_prompt(self._connection, *row[:2]))) if row else ""
