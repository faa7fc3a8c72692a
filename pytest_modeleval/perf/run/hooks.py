"""The pytest hooks of a run with load tests; each hands over."""

import gc
from collections.abc import Generator
from functools import partial
from typing import Any

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.gate.gate import Exit
from pytest_modeleval.items.shipped import shipped_benchmarks
from pytest_modeleval.options.options import MARK
from pytest_modeleval.options.sources import allure_results, is_active, read_options
from pytest_modeleval.outputs.write import fail
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.options.asked import (
    PERF,
    PLUGIN,
    fixture_of,
    is_asked,
    read_perf,
    refuse_unheeded,
    refuse_unjudged,
)
from pytest_modeleval.perf.outcomes import (
    STATUSES,
    Failed,
    Invalid,
    LoadOutcome,
    decide,
    decide_search,
    exit_status,
    refuse,
)
from pytest_modeleval.perf.points import points
from pytest_modeleval.perf.reports.files import properties, write_all
from pytest_modeleval.perf.reports.live import LiveLine
from pytest_modeleval.perf.reports.terminal import write
from pytest_modeleval.perf.run.items import Param, is_load, param_of, params
from pytest_modeleval.perf.run.pytest_benchmark import announced, record
from pytest_modeleval.perf.run.session import LoadSession
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.search import Found, Knee, read_find
from pytest_modeleval.reports.notes import broken_off
from pytest_modeleval.results.expected import ENDED
from pytest_modeleval.sample import StopRun

_ALONE = "a load test measures alone, and these would load the server and this machine too"
_WORKERS = f"load tests cannot run under -n: {_ALONE}; leave -n out"


def register(config: pytest.Config) -> "LoadHooks":
    """The hooks of load tests, registered the first time that they are wanted."""
    hooks: LoadHooks | None = config.pluginmanager.get_plugin(PLUGIN)
    if hooks is None:
        hooks = LoadHooks(config)
        config.pluginmanager.register(hooks, PLUGIN)
    return hooks


def start(config: pytest.Config) -> None:
    """Make this a run of load tests alone; `pytest.UsageError` for what cannot be, before anything is sent."""
    options = read_perf(config)
    if not is_active(config):
        raise pytest.UsageError("a load test needs a model: give --model NAME")
    if getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None):
        raise pytest.UsageError(_WORKERS)
    if not options.speed:
        points(options, 0)
    if options.find:
        read_find("--perf-find", options.find)
    register(config)
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(shipped_benchmarks() / "perf")]


def parametrize(metafunc: pytest.Metafunc, fixture: str) -> None:
    """Give a load test its loads; a skipped one without a model."""
    if not is_active(metafunc.config):
        skip = pytest.mark.skip(reason="no model: give --model NAME")
        metafunc.parametrize(fixture, [pytest.param(None, id="no-model", marks=skip)], indirect=True)
        return
    register(metafunc.config).parametrize(metafunc, fixture)


class LoadHooks:
    """The hooks of a run with load tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._live = LiveLine(config)
        self.session = LoadSession(config, self._live.draw)
        self._error: pytest.UsageError | None = None
        self._statuses: set[Exit] = set()
        self._words: dict[str, str] = {}
        self._is_worker = xdist.worker_input(config) is not None

    def parametrize(self, metafunc: pytest.Metafunc, fixture: str) -> None:
        """One parameter for each model and load; keeps the first user's error."""
        found: dict[str, Param] = {}
        try:
            options = read_perf(self._config, metafunc.definition)
            found = params(fixture, self.session.models, options, self.session.seed(options))
        except pytest.UsageError as error:
            self._error = self._error or pytest.UsageError(f"{metafunc.definition.nodeid}: {error}")
        metafunc.parametrize(fixture, list(found.values()), ids=list(found), indirect=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
        if self._error:
            raise self._error
        loads = [item for item in items if is_load(item)]
        if expected := [item for item in loads if item.get_closest_marker("xfail")]:
            raise pytest.UsageError(
                f"{expected[0].nodeid}: under xfail a missed objective would pass: leave the mark out, or give another "
                "objective (slo=…)"
            )
        if is_asked(config):
            config.hook.pytest_deselected(items=[item for item in items if not is_load(item)])
            items[:] = loads
        with announced(config, [item for item in loads if fixture_of(item) == "load"]):
            yield
        for flag, expression in (("-k", config.option.keyword), ("-m", config.option.markexpr)):
            if expression and loads and not items and is_asked(config):
                raise pytest.UsageError(
                    f"{flag} {expression!r} names no load test, and this is one: it sends what --perf-dataset and the "
                    f"like say; leave {flag} out"
                )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        # What was imported and collected until now stays to the end: no look for garbage needs to go through it, not
        # even the one at the end of the process.
        gc.freeze()
        loads = [item for item in session.items if is_load(item)]
        if session.config.option.collectonly or session.testsfailed or not loads:
            return
        if any(item.get_closest_marker(MARK) for item in session.items):
            raise pytest.UsageError(
                f"load tests and benchmarks are selected together: {_ALONE}; choose with -m {PERF} or -m 'not {PERF}'"
            )
        if not self._is_worker:
            refuse_unheeded(self._config)
            refuse_unjudged(self._config, loads)
        self.session.expected.add(item.nodeid for item in session.items)
        if allure_results(self._config, read_options(self._config)) and not self._is_worker:
            from pytest_modeleval.perf.reports.allure import listen

            listen(self._config, self.session.root)
        # A mistake that an endpoint, a tokenizer or a dataset shows ends the run, before the first load.
        params_ = [param for param in map(param_of, [] if self._is_worker else loads) if param is not None]
        try:
            for param in params_:
                self.session.provide(param.options, param.what)
            for param in params_:
                self.session.prepare(*param)
        except (StopRun, NoData) as error:
            raise pytest.UsageError(str(error)) from None

    def pytest_report_header(self) -> str:
        models = (f"{each.name} at {each.base_url}" if each.base_url else each.name for each in self.session.models)
        where = f"run {self.session.run[:8]} is kept in {self.session.folder / 'store.sqlite'}"
        return f"load test of {', '.join(models)}; {where}"

    def measure(self, request: pytest.FixtureRequest) -> Measured | Found | Knee | Speed:
        """What an item's fixture gives: a load's figures, a search's answer, a speed."""
        if self._is_worker:
            raise Failed(_WORKERS)
        try:
            found = self.session.run_one(request.node.nodeid, *request.param)
            if isinstance(found, Measured):
                record(request, found)
            return found
        finally:
            self._live.clear()
            if self.session.interrupted:
                raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        if param_of(pyfuncitem) is None:
            return (yield)
        found, searched = (pyfuncitem.funcargs.get(name) for name in ("load", "perf_search"))
        if isinstance(searched, Found | Knee):
            decide_search(searched)
        if not isinstance(found, Measured):
            return (yield)
        pyfuncitem.user_properties += properties(found)
        refuse(found)
        result = yield
        decide(found, self.session.changes_of(found))
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if not is_load(item) or call.excinfo is None or not report.failed:
            return report
        error = call.excinfo.value
        if isinstance(error, LoadOutcome):
            self._words[item.nodeid] = error.word
        if isinstance(error, Invalid) and (param := param_of(item)) and param.options.on_invalid == "warn":
            report.outcome, report.longrepr = "skipped", (str(item.path), (item.location[1] or 0) + 1, str(error))
            return report
        self._statuses.add(error.status if isinstance(error, LoadOutcome) else Exit.REGRESSION)
        if isinstance(error, LoadOutcome | pytest.UsageError | StopRun):
            report.longrepr = str(error)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> Any:
        if isinstance(report, pytest.TestReport) and report.when != "teardown" and not report.passed:
            return STATUSES.get(self._words.get(report.nodeid, ""))
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.session.expected.report(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        write(terminalreporter, self.session.found, STATUSES)
        for line in broken_off(self.session.finished) if self.session.finished else ():
            terminalreporter.write_line(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        only_loads = all(is_load(item) for item in session.items)
        if exitstatus == pytest.ExitCode.TESTS_FAILED and self._statuses and only_loads:
            session.exitstatus = int(exit_status(self._statuses))
        finish = partial(self.session.finish, is_over=exitstatus in ENDED)
        for end in (self._write_files, finish):
            try:
                end(session)
            except (OSError, pytest.UsageError, StopRun) as error:
                fail(session, str(error))

    def _write_files(self, _: pytest.Session) -> None:
        """Write what load tests alone have: every request."""
        run, measured = self.session.run, self.session.measured
        if not measured:
            return
        options = read_perf(self._config)
        if options.out:
            write_all(options.out, options.records, run, measured)
