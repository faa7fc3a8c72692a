"""JUnit XML: what is said of the whole suite, and a gate's cases in place of its samples'."""

import copy
from collections.abc import Iterable, Iterator, Sequence

import pytest
from _pytest.junitxml import LogXML, xml_key

from pytest_modeleval.foreign import one_line
from pytest_modeleval.record import ERROR, RIGHT, WRONG, Record
from pytest_modeleval.reports.gate import FILE, unasked, unreached
from pytest_modeleval.reports.notes import not_judged
from pytest_modeleval.results.finished import FinishedRun

# How `[gate] junit` has samples told.
CASES = "samples"


def tell_suite(config: pytest.Config, told: Iterable[tuple[str, object]]) -> None:
    """Put names and values among the suite's properties, where --junitxml writes one."""
    # pytest's own way there, `record_testsuite_property`, is a fixture.
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        for name, value in told:
            xml.add_global_property(name, value)


def tell_error(config: pytest.Config, report: pytest.TestReport) -> None:
    """Have a sample whose test raised be an error in the file, as it has no verdict: to pytest it is a failure."""
    xml = config.stash.get(xml_key, None)
    if xml is None or isinstance(xml, _UnderGate) or not (report.when == "call" and report.failed):
        return
    record = Record.of(report.user_properties)
    if record is not None and record.outcome == ERROR:
        case = xml.node_reporter(report)
        add = case._add_simple
        case._add_simple = lambda tag, *said: add("error" if tag == "failure" else tag, *said)  # type: ignore[method-assign]


def keep_samples_out(config: pytest.Config, how: str) -> None:
    """Have pytest's own writer take samples for what they are under a gate: no tests that pass or fail."""
    xml = config.stash.get(xml_key, None)
    if xml is not None:
        config.pluginmanager.unregister(xml)
        config.stash[xml_key] = under = _UnderGate(xml, as_cases=how == CASES)
        config.pluginmanager.register(under)


def tell_unjudged(run: FinishedRun, config: pytest.Config) -> None:
    """Make a case of each benchmark whose gate was not reached, an error that says why."""
    xml, why = config.stash.get(xml_key, None), not_judged(run)
    if xml is not None and why:
        several = len(run.models) > 1
        names = dict.fromkeys(f"{row.model} {row.benchmark}" if several else row.benchmark for row in run.rows)
        for name in names or [FILE]:
            for report in unreached(name, "; ".join(why)):
                xml.pytest_runtest_logreport(report)


class _UnderGate(LogXML):
    """pytest's writer with its state: a sample is a property of its gate's case, or a case that does not fail."""

    def __init__(self, xml: LogXML, *, as_cases: bool) -> None:
        self.__dict__ = xml.__dict__
        self._as_cases = as_cases
        # By node id and worker, until the test has ended.
        self._waiting: dict[tuple[str, object], tuple[list[pytest.TestReport], Record | None]] = {}
        # By model and benchmark, as properties.
        self._samples: dict[tuple[str, str], list[tuple[str, object]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Wait for what says whether the test is a sample."""
        key = report.nodeid, getattr(report, "node", None)
        reports, record = self._waiting.get(key, ([], None))
        reports.append(report)
        self._waiting[key] = reports, record or Record.of(report.user_properties)
        if report.when == "teardown":
            self._tell(*self._waiting.pop(key))

    def pytest_sessionfinish(self) -> None:
        """Tell of tests without an end, too."""
        while self._waiting:
            self._tell(*self._waiting.pop(next(iter(self._waiting))))
        several = len({model for model, _ in self._samples}) > 1
        for model, benchmark in list(self._samples):
            for report in unasked(f"{model} {benchmark}" if several else benchmark):
                self._tell([report], None)
        super().pytest_sessionfinish()

    def _tell(self, reports: Sequence[pytest.TestReport], record: Record | None) -> None:
        if record is not None and not self._as_cases:
            told = self._samples.setdefault((record.model, record.benchmark), [])
            name = f"{record.name}-r{record.repeat + 1}" if record.repeat else record.name
            told.append((name, _said(reports, record)))
            return
        for report in reports if record is None else _as_case(reports, record):
            if report.when == "teardown" and report.nodeid.startswith(f"{FILE}::"):
                report.user_properties += self._of(report.nodeid.removeprefix(f"{FILE}::"))
            super().pytest_runtest_logreport(report)

    def _of(self, gate: str) -> list[tuple[str, object]]:
        """The samples of a gate, which may be of one benchmark's part."""
        # A model's name may have a colon too.
        keys = [
            key
            for key in self._samples
            if gate == FILE or any(f"{gate}:".startswith(f"{name}:") for name in (key[1], " ".join(key)))
        ]
        return [told for key in keys for told in self._samples.pop(key)]


def _said(reports: Sequence[pytest.TestReport], record: Record) -> str:
    """What became of a sample, on a line."""
    why = next((each.longrepr for each in reports if isinstance(each.longrepr, str)), "")
    told = why.removeprefix("error: ").replace("\n", ", ")
    return one_line(f"{record.outcome}: {told}" if why else record.outcome)


def _as_case(reports: Sequence[pytest.TestReport], record: Record) -> Iterator[pytest.TestReport]:
    """The reports of a sample as those of a test that passes, or is skipped where there is no verdict."""
    said = _said(reports, record)
    for each in reports:
        report = copy.copy(each)
        if report.when == "teardown":
            kept = [pair for pair in report.user_properties if pair[0] != "outcome"]
            report.user_properties = [*kept, ("outcome", said if record.outcome in (WRONG, ERROR) else record.outcome)]
        if report.failed:
            is_wrong = record.outcome in (RIGHT, WRONG)
            report.outcome = "passed" if is_wrong else "skipped"
            path, line, _ = report.location
            report.longrepr = None if is_wrong else (path, line or 0, said)
        yield report
