"""The terminal: one live line while it runs, then wrong answers, errors and the table."""

import os
import textwrap
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from typing import Any

import pytest

from pytest_modeleval.asking.spending import dollars
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.record import PROPERTY
from pytest_modeleval.reports import collection, gate
from pytest_modeleval.reports.columns import counted, titled
from pytest_modeleval.reports.failed import Failed
from pytest_modeleval.reports.notes import compared, left_out, notes
from pytest_modeleval.reports.table import table, with_subsets
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import Results

# So many names are read.
_LISTED = 6
# Seconds between two drawings of the live line.
_PAUSE = 0.2


class LiveLine:
    """One line, redrawn in place: done, in flight, right, wrong, errors, tokens per second, money, time left.

    Programs that run, and the mean turn of conversations, are said where there are any. Money is that of the
    ``models`` with a price, also of those in roles, for answers that were not stored before.
    """

    def __init__(
        self,
        results: Results,
        in_flight: Callable[[], int],
        models: Iterable[ModelSpec],
        programs: Callable[[], int] = lambda: 0,
        talks: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        self._results = results
        self._in_flight, self._programs, self._talks = in_flight, programs, talks
        self._priced = {spec.name: spec for spec in models if spec.price}
        self._total = 0
        self._started = self._drawn = 0.0
        self._writer: Any = None
        self._file = ""

    @property
    def shown(self) -> bool:
        """Whether there is a live line."""
        return self._writer is not None

    def start(self, config: pytest.Config, total: int) -> None:
        """Count from now, towards ``total`` items; quiet when not a terminal, in CI, under -q, -v or -s."""
        if self._total or not total:
            return
        self._total, self._started = total, time.monotonic()
        quiet = config.get_verbosity() != 0 or config.getoption("capture", "no") == "no" or os.environ.get("CI")
        if not quiet and config.pluginmanager.has_plugin("terminalreporter"):
            writer = config.get_terminal_writer()
            self._writer = writer if writer.hasmarkup else None

    def draw(self, *, now: bool = False) -> None:
        """Redraw the line if its time has come, or ``now``."""
        clock = time.monotonic()
        if not self.shown or not self._total or (clock - self._drawn < _PAUSE and not now):
            return
        self._drawn = clock
        width = self._writer.fullwidth - 1
        self._writer.write(f"\r\x1b[K{self.text(clock - self._started)[:width]}", flush=True)

    def begin(self, nodeid: str) -> None:
        """Make room before the first item of a file, where pytest begins a new line with the file's name."""
        file = nodeid.partition("::")[0]
        if self.shown and file != self._file:
            self._file = file
            self._writer.write("\r\x1b[K")

    def text(self, seconds: float) -> str:
        """The line after so many seconds."""
        results = self._results
        parts = [f"{results.done}/{self._total}"]
        if in_flight := self._in_flight():
            parts.append(f"{in_flight} in flight")
        if programs := self._programs():
            parts.append(counted(programs, "program"))
        talks, turns = self._talks()
        if talks:
            parts.append(f"{counted(talks, 'conversation')} at turn {max(1, round(turns / talks))}")
        if judged := results.right + results.wrong:
            parts.append(f"{results.right / judged:.1%} right")
        parts.append(f"{results.wrong} wrong")
        if results.errors:
            parts.append(f"{results.errors} error" + "s" * (results.errors > 1))
        parts.append(f"{results.completion_tokens / max(seconds, 1e-9):,.0f} tokens/s")
        if self._priced:
            paid = sum(dollars(spec, *results.paid.get(name, (0, 0))) for name, spec in self._priced.items())
            parts.append(f"${paid:,.2f}")
        if results.done and results.done < self._total:
            left = seconds / results.done * (self._total - results.done)
            parts.append(f"{_clock(left)} left")
        return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def summary(terminal: pytest.TerminalReporter, run: FinishedRun | None, *, is_written: bool) -> Generator[None]:
    """Around pytest's own summary: keep samples out of its long sections, then write their lines and the table."""
    failed = Failed(terminal)
    try:
        yield
    finally:
        failed.put_back()
    failed.write(run)
    if run is not None:
        _write_run(terminal, run, is_written=is_written)


def _write_run(terminal: pytest.TerminalReporter, run: FinishedRun, *, is_written: bool) -> None:
    for why, helps, names in left_out(run):
        terminal.write_line(f"not run, because {why} ({helps}): {_named(names)}")
    drawn = run.collection
    if drawn is not None:
        for line in collection.not_run(drawn):
            terminal.write_line(line)
    if run.rows:
        terminal.write_sep("=", "scores" if drawn is None else collection.title(drawn))
        width = terminal.config.get_terminal_writer().fullwidth
        every = terminal.config.get_verbosity() > 0
        rows = with_subsets(run.rows, run.subset_rows) if every else run.rows
        for line in table(rows, run.began, width) if drawn is None else collection.tables(run.levels):
            terminal.write_line(line)
    if run.is_evaluation:
        for section in run.sections:
            for line in titled(section.tables()):
                terminal.write_line(line)
    for line in (*map(compared, run.comparisons), *notes(run), *(_explained(run) if is_written else ())):
        terminal.write_line(line)
    if run.decision is not None:
        gate.write(terminal, run.decision)


def _named(benchmarks: Collection[str]) -> str:
    """The benchmarks, or how many they are where nobody would read all of their names."""
    return ", ".join(benchmarks) if len(benchmarks) <= _LISTED else f"{len(benchmarks)} benchmarks"


def _explained(run: FinishedRun) -> Iterator[str]:
    """What the first run of a new user says: that of the model which comes with the package."""
    if list(run.models) != ["tiny"] or not run.totals.wrong or run.decision:
        return
    wrong = "1 wrong answer is" if run.totals.wrong == 1 else f"{run.totals.wrong:,} wrong answers are"
    yield (
        f"tiny is a model of 700,000 parameters that comes with this package; its {wrong} "
        "its own, and exit status 1 says that there are some."
    )
    yield "Next: modeleval doctor (is a server here?), then pytest --model http://127.0.0.1:8000/v1 --eval smoke"


def asked(config: pytest.Config, said: str) -> list[str]:
    """What the run asks, as lines; none under -q."""
    if not said or config.get_verbosity() < 0:
        return []
    return textwrap.wrap(f"modeleval: asks {said}", config.get_terminal_writer().fullwidth - 1, subsequent_indent="  ")


def write_asked(config: pytest.Config, said: str) -> None:
    """Write what the run asks where pytest reports no collection: in the process that has workers."""
    if (terminal := config.pluginmanager.get_plugin("terminalreporter")) is not None:
        for line in asked(config, said):
            if terminal.isatty:
                # pytest-xdist's "ready: 2/2 workers" stands on a line that it writes anew.
                terminal.write("\n")
            terminal.ensure_newline()
            terminal.write_line(line)


def plan(config: pytest.Config, lines: Sequence[str]) -> None:
    """Write a plan, under -q too."""
    writer = config.get_terminal_writer()
    writer.line()
    writer.sep("=", "plan")
    for line in lines or ["nothing is selected that asks a model"]:
        writer.line(line)


def forget(config: pytest.Config, report: pytest.TestReport) -> None:
    """Let go of what a report no longer says: a silent setup or teardown that passed, a counted right answer's record.

    pytest keeps every report to its end, three a test; these are most of what it holds for a test that has run.
    """
    if report.when == "call" and report.passed:
        report.user_properties = [pair for pair in report.user_properties if pair[0] != PROPERTY]
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    kept = terminal.stats.get("") if terminal is not None else None
    if kept and kept[-1] is report and report.when != "call" and report.passed and not report.sections:
        kept.pop()
