"""Load tests on the terminal."""

from collections.abc import Iterable, Iterator

import pytest

from pytest_modeleval.perf.reports.change import change
from pytest_modeleval.perf.reports.narrow import lines, speeds
from pytest_modeleval.perf.reports.section import Loads
from pytest_modeleval.perf.reports.tables import answer, name_of


def write(terminal: pytest.TerminalReporter, run: Loads, words: Iterable[str]) -> None:
    """All that a run measured; first, in a line each, the items that ended as one of these words says."""
    for word in words:
        for report in terminal.stats.get(word, []):
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminal.write_line(f"{report.nodeid.rpartition('::')[2]}  {why}")
    if run.measured:
        terminal.write_sep("=", "load")
    for line in _all_lines(run, verbose=terminal.config.get_verbosity() > 0):
        terminal.write_line(line)


def _all_lines(run: Loads, *, verbose: bool) -> Iterator[str]:
    if run.measured:
        yield from lines(run.measured, verbose=verbose)
    if notes := run.sent:
        yield from ("", *notes)
    for name, find, found in run.searched:
        yield from ("", answer(name, find, found))
    for each in run.compared:
        yield from ("", *change(name_of(each.measured, run.measured), each.now, each.before))
    if run.speeds:
        yield from speeds(run.speeds)
