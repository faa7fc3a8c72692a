"""Samples that failed, in the terminal: a line or two each, what regressed first; an error of code once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from textwrap import wrap
from typing import TYPE_CHECKING

import pytest
from _pytest._io.wcwidth import wcswidth

from pytest_modeleval.record import ERROR, MEASURED, RIGHT, UNSCORED, WRONG, Record
from pytest_modeleval.reports.columns import clipped
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.finished import FinishedRun

if TYPE_CHECKING:
    from pytest_modeleval.store.rows import StoredSample

# Lines of wrong answers and of errors that are shown unless -rf, -rE or -v asks for all.
_FIRST = 5
_STATUS = {
    RIGHT: ("passed", ".", "PASSED"),
    WRONG: ("failed", "F", "FAILED"),
    MEASURED: ("passed", ".", "MEASURED"),
    ERROR: ("error", "E", "ERROR"),
    UNSCORED: ("skipped", "s", "SKIPPED"),
}
# Under a gate, which alone passes or fails: what pytest does not know is counted beside its own, and not red.
_UNDER_GATE = {WRONG: ("wrong", "w", "WRONG"), ERROR: ("errored", "e", "ERROR")}
_CATEGORIES = [category for category, *_ in (*_STATUS.values(), *_UNDER_GATE.values())]
# What was expected and what was got, before why.
_PARTS = 2
Reports = Sequence[pytest.TestReport]


def status(record: Record, *, live: bool, gated: bool) -> tuple[str, str, str | tuple[str, Mapping[str, bool]]]:
    """The category, letter and word of a sample's report; no letters beside a live line."""
    if gated and record.outcome in _UNDER_GATE:
        category, letter, word = _UNDER_GATE[record.outcome]
        return category, "" if live else letter, (word, {"yellow": True})
    category, letter, word = _STATUS[record.outcome]
    return category, "" if live else letter, word


class Failed:
    """The samples that failed, which are taken out of pytest's own long sections until they are put back."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._whole = {category: terminal.stats.get(category, []) for category in _CATEGORIES}
        self.wrong, self.errors, self.crashes = self._told(WRONG), self._told(ERROR), self._crashes()
        taken = {id(report) for report in (*self.wrong, *self.errors, *self.crashes)}
        for category, reports in self._whole.items():
            self._set(category, [report for report in reports if id(report) not in taken])

    def put_back(self) -> None:
        """Let pytest count them."""
        for category, reports in self._whole.items():
            self._set(category, reports)

    def write(self, run: FinishedRun | None) -> None:
        """The sections of them."""
        _write_crashes(self._terminal, self.crashes)
        _write_samples(self._terminal, "wrong", self.wrong, "f", run)
        _write_samples(self._terminal, "errors", self.errors, "E", run)

    def _set(self, category: str, reports: list[pytest.TestReport]) -> None:
        self._terminal.stats.pop(category, None)
        if reports:
            self._terminal.stats[category] = reports

    def _told(self, outcome: str) -> Reports:
        """Those that are told in a line or two, and need no traceback."""
        return [each for each in self._of(outcome) if isinstance(each.longrepr, str)]

    def _crashes(self) -> Reports:
        """Those of which a benchmark's code raised an error of its own."""
        return [each for each in self._of(ERROR) if getattr(each.longrepr, "reprcrash", None)]

    def _of(self, outcome: str) -> Iterator[pytest.TestReport]:
        for report in (each for reports in self._whole.values() for each in reports):
            record = Record.of(getattr(report, "user_properties", ()))
            if record is not None and record.outcome == outcome:
                yield report


def _write_crashes(terminal: pytest.TerminalReporter, reports: Reports) -> None:
    """Each error of a benchmark's code once, with its traceback and how many samples met it."""
    found: dict[tuple[str, str, int], list[pytest.TestReport]] = {}
    for report in reports:
        crash = report.longrepr.reprcrash  # type: ignore[union-attr]
        found.setdefault((crash.message.partition(":")[0].strip(), crash.path, crash.lineno), []).append(report)
    for (kind, path, line), those in found.items():
        terminal.write_sep("-", "error in code")
        count = f"{len(those):,} samples, such as" if len(those) > 1 else "the sample"
        terminal.write_line(f"{kind} of {count} {_node(those[0])}")
        terminal.write_line(f"at {path}:{line}")
        if terminal.config.option.tbstyle != "no":
            those[0].toterminal(terminal.config.get_terminal_writer())


def _write_samples(
    terminal: pytest.TerminalReporter, title: str, reports: Reports, char: str, run: FinishedRun | None
) -> None:
    """A line or two a report: all with -rf (-rE for errors) or -v, else the first few and how many more there are.

    With -vv the whole conversation stands below each.
    """
    if not reports:
        return
    worse = {(each.model, each.benchmark, each.sample) for each in run.regressed} if run else set()
    regressed = {id(report) for report in reports if _key(report) in worse}
    reports = sorted(reports, key=lambda report: id(report) not in regressed)
    # "fE" is pytest's default, which asks for nothing in particular.
    asked = "" if (chars := terminal.config.option.reportchars) == "fE" else chars
    verbosity = terminal.config.get_verbosity()
    every = verbosity > 0 or any(c in asked for c in (char, "a", "A"))
    shown = reports if every else reports[:_FIRST]
    terminal.write_sep("-", f"{title}, {len(regressed):,} of them regressed" if regressed else title)
    told = _conversations(run, {report.nodeid for report in shown}) if run and verbosity > 1 else {}
    for report in shown:
        for line in _lines(report, terminal.config.get_terminal_writer().fullwidth, marked=id(report) in regressed):
            terminal.write_line(line)
        if report.nodeid in told:
            from pytest_modeleval.reports import conversation

            for line in conversation.lines(told[report.nodeid]):
                terminal.write_line(line)
    if len(shown) < len(reports):
        terminal.write_line(f"… and {len(reports) - len(shown):,} more (-r{char} shows all)")


def _lines(report: pytest.TestReport, width: int, *, marked: bool) -> Iterable[str]:
    """The sample's question, and what came of it: on one line where there is room. Why is said in full."""
    begin = f"{_node(report)}{'  regressed:' * marked}  "
    record = Record.of(report.user_properties)
    # What the scorer missed may stand in what was never written.
    ended = "; cut off" if record and record.mistake == Mistake.CUT_OFF else ""
    asked, *verdict = f"{str(report.longrepr).removeprefix('error: ')}{ended}".split("\n")
    verdict, why = verdict[:_PARTS], " ".join(verdict[_PARTS:])
    whole = f"{begin}{', '.join([asked, *verdict])}{f' {why}' * bool(why)}"
    if not verdict or wcswidth(whole) <= width:
        return [whole]
    second = f"    {_verdict(verdict, width - 4)}"
    together = f"{second} {why}".rstrip()
    told = [together] if wcswidth(together) <= width else [second, *_wrapped(why, width)]
    return [f"{begin}{clipped(asked, max(width - len(begin), 20))}", *told]


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines of so many columns; a flag is not broken."""
    indent = " " * 4
    return wrap(text, max(width, 20), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _verdict(parts: Sequence[str], width: int) -> str:
    """What was expected, and got: where both have no room, half of it for each."""
    *first, last = parts
    if not first or wcswidth(", ".join(parts)) <= width:
        return clipped(", ".join(parts), width)
    expected = clipped(first[0], max(width // 2, width - 2 - wcswidth(last)))
    return f"{expected}, {clipped(last, width - 2 - wcswidth(expected))}"


def _node(report: pytest.TestReport) -> str:
    return report.nodeid.rpartition("::")[2]


def _key(report: pytest.TestReport) -> tuple[str, str, str] | None:
    record = Record.of(report.user_properties)
    return (record.model, record.benchmark, record.name) if record else None


def _conversations(run: FinishedRun, items: Collection[str]) -> dict[str, "StoredSample"]:
    """What the store has of some items, by their node ids."""
    from pytest_modeleval.history.past import Past

    with closing(Past(run.folder)) as past:
        return {sample.main.item: sample for sample in past.samples(run.id, items)}
