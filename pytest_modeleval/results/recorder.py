"""A sample's scores as its body makes them, its record on the report, its rows in the store."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_modeleval.asking.given import taken_of
from pytest_modeleval.asking.trial import TRIAL, Trial
from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.items.collect import SampleRef, further_parameters, reported_name, selected
from pytest_modeleval.record import WRONG
from pytest_modeleval.results.fingerprint import pins_of
from pytest_modeleval.results.judgements import judge_rows
from pytest_modeleval.results.traces import without_own
from pytest_modeleval.results.verdicts import (
    answer_rows,
    figures,
    hide,
    outcome_of,
    record_of,
    score_rows,
    wrong_line,
)
from pytest_modeleval.sample import Crashed, SampleError, StopRun, recorded_scores
from pytest_modeleval.store.messages import sample_rows
from pytest_modeleval.store.rows import Row
from pytest_modeleval.store.store import Store

# How many different errors of tools a sample's report has.
_TRACES = 3
_FIGURES = pytest.StashKey[list[tuple[str, object]]]()


class Recorder:
    """Writes one run's samples into the store; ``stop`` ends the run with one line."""

    def __init__(
        self, run: str, lock: Path, roles: Mapping[str, str], stop: Callable[[str], NoReturn], *, pins_wanted: bool
    ) -> None:
        self._run, self._lock, self._roles, self._stop = run, lock, roles, stop
        # They take some 50 ms a benchmark.
        self._pins_wanted = pins_wanted
        self._pinned: set[tuple[str, str]] = set()
        self.store: Store | None = None

    @contextmanager
    def recording(self, item: pytest.Function) -> Iterator[None]:
        """Record the scores that an item's body makes; `SampleError` where it passes whatever a judge says."""
        trial = item.stash.get(TRIAL, None)
        token = recorded_scores.set(trial.scores if isinstance(trial, Trial) else None)
        try:
            yield
            if isinstance(trial, Trial) and (why := trial.unused):
                raise SampleError(why)
        finally:
            recorded_scores.reset(token)

    def shorten(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Leave the package's own frames out of an error in a benchmark's code, before pytest reports it."""
        error = call.excinfo.value if call.excinfo else None
        own = SampleError, AssertionError, pytest.skip.Exception, pytest.fail.Exception, pytest.xfail.Exception
        if isinstance(error, Exception) and not isinstance(error, own) and selected(item) is not None:
            call.excinfo = without_own(error)

    def describe(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Put the item's record on its report; say a wrong answer and an error in one line."""
        ref = selected(item)
        if ref is None:
            return
        if report.when == "teardown" and (told := item.stash.get(_FIGURES, None)):
            # JUnit XML takes the properties of this report alone.
            report.user_properties += told
            del item.stash[_FIGURES]
        outcome = outcome_of(call, report)
        if outcome is None:
            return
        trial = item.stash.get(TRIAL, None)
        error = call.excinfo.value if call.excinfo else None
        why = str(error or "")
        if isinstance(error, Crashed) and (error := error.__cause__):
            # Where it was raised once more, and by whom, is nothing of the user's.
            report.longrepr = item.repr_failure(without_own(error))
        # A mistake of the user's that ends the run is one line, wherever it was met.
        if isinstance(error, pytest.UsageError) or (isinstance(error, SampleError) and error.__cause__ is None):
            report.longrepr = f"error: {one_line(str(error))}"
        elif outcome == WRONG and isinstance(trial, Trial):
            report.longrepr = wrong_line(trial, report, error)
        else:
            _make_harmless(report)
        trial = trial if isinstance(trial, Trial) else None
        traces = dict.fromkeys(each.trace for each in trial.talk.called if each.trace) if trial else ()
        if traces:
            report.sections.append(("what tools raised", harmless("\n".join(islice(traces, _TRACES)))))
        asked, benchmark = trial and trial.sample, ref.source.benchmark.name
        # A gate judges one verdict a sample.
        reported = benchmark if self._pins_wanted else reported_name(item, ref)
        row, messages = sample_rows(asked.messages, asked.target, benchmark, asked.question) if asked else (None, [])
        content = row.hash[:12] if row else ""
        pins = self._pins(item, ref, reported)
        if hidden := ref.source.hidden:
            why = hide(report, outcome, error, hidden)
        record = record_of(ref, outcome, trial, error=error, why=why, sample=content, pins=pins, benchmark=reported)
        if trial and trial.answers:
            report.duration = record.latency
        report.user_properties.append(record.to_property())
        if getattr(item.config.option, "xmlpath", None):
            item.stash[_FIGURES] = figures(record)
        texts: list[Row] = []
        if not hidden and row is not None:
            texts = [*messages, row, *answer_rows(self._run, item.nodeid, trial)]
        texts += judge_rows(self._run, item.nodeid, trial, row.hash if row else "", hidden)
        scores = score_rows(self._run, item.nodeid, record, trial, row.hash if row else "", why, hidden)
        self.keep([*texts, *scores])

    def forget(self, item: pytest.Item) -> None:
        """Let go of an item's texts, which are in the store: the item itself lives to the end of the session."""
        if TRIAL in item.stash:
            del item.stash[TRIAL]

    def keep(self, rows: Iterable[Row]) -> None:
        """Keep scores, what they are of and what was asked, in the store, where there is one."""
        if self.store is not None:
            try:
                self.store.save(rows)
            except StopRun as stopped:
                self._stop(str(stopped))

    def _pins(self, item: pytest.Item, ref: SampleRef, benchmark: str) -> dict[str, str] | None:
        """The pins of a benchmark, if a gate wants any, the first time that this process reports a sample of it."""
        key = ref.model.name, benchmark
        if key in self._pinned:
            return None
        self._pinned.add(key)
        if not self._pins_wanted:
            return {}
        try:
            taken = taken_of(item, self._roles)
            return pins_of(ref.source, ref.model, self._lock, taken, further_parameters(item, ref))
        except OSError as error:
            self._stop(f"cannot read {self._lock}: {error}")


def _make_harmless(report: pytest.TestReport) -> None:
    """Write out what a terminal would obey in a traceback, whose messages and locals may be a model's text."""
    chain = getattr(report.longrepr, "chain", ())
    for traceback, crash, _ in chain:
        if crash is not None:
            crash.message = harmless(crash.message)
        for entry in traceback.reprentries:
            entry.lines = [harmless(line) for line in entry.lines]
