"""The runs in a store, read again."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.limits import used_up
from pytest_modeleval.names import ItemName
from pytest_modeleval.record import RIGHT, WRONG
from pytest_modeleval.results.reuse import local_time
from pytest_modeleval.results.verdicts import HIDDEN
from pytest_modeleval.sample import Completion, Json, Sample, token_count
from pytest_modeleval.store.kept import completion_in, messages_in
from pytest_modeleval.store.store import connect

# How much of a run's id people type.
SHORT = 8


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


class Attempt(NamedTuple):
    """What became of one item in one run. ``stored`` is when its answer was kept, where it was a stored one."""

    run: Run
    item: str
    model: str
    benchmark: str
    subset: str
    sample: str
    repeat: int
    outcome: str
    value: float | None
    got: str | None
    expected: str | None
    why: str | None
    seconds: float | None
    stored: float | None
    completion_tokens: int | None = None
    completion: str | None = None

    @property
    def tokens(self) -> int | None:
        """The tokens of its answer; None where no server counted them."""
        return token_count(self.completion_tokens) or None

    @property
    def name(self) -> str:
        """The sample within its benchmark, ``main-00042``, whatever the repeat and however many models were asked."""
        return sample_name(self.item, self.subset)

    @property
    def content(self) -> str:
        """The hash of what the sample asks and expects, whether or not that may be shown."""
        return self.sample.removeprefix(HIDDEN)

    @property
    def is_scored(self) -> bool:
        """Whether it was right or wrong."""
        return self.outcome in (RIGHT, WRONG)


class Exchange(NamedTuple):
    """One of several requests for a sample: its messages after those the one before had too, and the answer."""

    asked: Sequence[Json]
    repeated: int
    completion: Completion | None


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

    def runs(self) -> list[Run]:
        """The runs that scored something, oldest first."""
        scored = "exists (select 1 from scores where run = id)"
        rows = self._connection.execute(f"select id, started from runs where {scored} order by started, id")
        return [Run(*row) for row in rows]

    def run(self, text: str) -> Run:
        """The run of an id, the beginning of one, ``last`` or ``last~1``."""
        runs = self.runs()
        back = re.fullmatch(r"last(?:~(\d{1,9}))?", text)
        if back and (number := int(back[1] or 0)) < len(runs):
            return runs[-1 - number]
        found = [run for run in runs if text and run.id.startswith(text)]
        if len(found) == 1:
            return found[0]
        what = f"{len(found)} runs begin with {text!r}" if found else f"there is no run {text!r}"
        newest = [f"{run.short} ({run.time}, {', '.join(self.models(run))})" for run in reversed((found or runs)[-10:])]
        raise pytest.UsageError(f"{what} in {self.path}. Known, newest first: {', '.join(newest) or 'none'}")

    def models(self, run: Run) -> list[str]:
        """The models that a run asked."""
        rows = self._connection.execute("select distinct model from scores where run = ?", (run.id,))
        return sorted(name for (name,) in rows)

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

    def exchanges(self, keys: str | None) -> list[Exchange]:
        """What a sample's `answers` name, in order; empty for one whose prompt alone was asked."""
        found: list[Exchange] = []
        before: list[Json] = []
        for key in from_json(keys or "[]"):
            row = self._connection.execute("select messages from requests where key = ?", (key,)).fetchone()
            messages = messages_in(row[0] if row else None)
            goes_on = len(before) < len(messages) and messages[: len(before)] == before
            repeated = len(before) if goes_on else 0
            found.append(Exchange(messages[repeated:], repeated, self.answer(key)[0]))
            before = messages
        return found

    def attempts(self, run: Run, benchmark: str = "") -> Iterator[Attempt]:
        """What became of a run's items, in the order of their ids."""
        rows = self._connection.execute(
            f"select {', '.join(Attempt._fields[1:])} from scores "
            "where run = ? and metric = 'main' and ? in ('', benchmark)",
            (run.id, benchmark),
        )
        return (Attempt(run, *row) for row in rows)

    def metrics(self, run: str) -> list[str]:
        """The metrics of a run's scores."""
        rows = self._connection.execute("select distinct metric from scores where run = ?", (run,))
        return sorted(name for (name,) in rows)

    def items(self, run: str) -> int:
        """How many items a run has an outcome of."""
        row = self._connection.execute("select count(distinct item) from scores where run = ?", (run,)).fetchone()
        return int(row[0])

    def scores(self, run: str, *, answers: bool = False) -> Iterator[dict[str, Any]]:
        """A run's scores by column, one row a metric, an item's beside each other, with what was asked.

        ``answers`` adds the stored completion as JSON, null where none was kept.
        """
        column = ", completions.completion as answer" if answers else ""
        joined = "left join completions on key = scores.completion" if answers else ""
        rows = self._connection.execute(
            f"select scores.*, prompt, target{column} from scores left join samples on hash = sample {joined} "
            "where scores.run = ? order by item, metric",
            (run,),
        )
        names = [column for column, *_ in rows.description]
        return (dict(zip(names, row, strict=True)) for row in rows)

    def asked(self, sample: str) -> str:
        """What a sample's last user message asked; empty when the store does not know."""
        row = self._connection.execute("select prompt, target from samples where hash = ?", (sample,)).fetchone()
        return asked_in(*row) if row else ""


def asked_in(prompt: str, target: str) -> str:
    """The last user message of a stored prompt."""
    return Sample(messages_in(prompt), target).asked


def sample_name(item: str, subset: str) -> str:
    """A sample's name within its benchmark, out of an item's id; what stands in its brackets where that is none."""
    found = ItemName.parse(item, subset=subset)
    return str(found.sample) if found else item.rpartition("[")[2].removesuffix("]")
