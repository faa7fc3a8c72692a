"""The pytest hooks, each of which hands over; without a model only the first few exist."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.fixtures import (  # noqa: F401 - pytest finds them here
    completion,
    load,
    model,
    perf_search,
    perf_speed,
    rule,
    sample,
)
from pytest_modeleval.options.flags import add_flags
from pytest_modeleval.options.options import COMMANDS, FLAGS, MARK
from pytest_modeleval.options.sources import add_handed, is_active, refuse_ini_keys
from pytest_modeleval.perf.options.asked import PERF, fixture_of, is_asked
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS

if TYPE_CHECKING:
    from pytest_modeleval.run.evaluation import Evaluation


def pytest_addoption(parser: pytest.Parser) -> None:
    add_flags(parser, (*FLAGS, *COMMANDS), "model evaluation: {}")
    add_flags(parser, PERF_FLAGS)
    add_handed(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    from pytest_modeleval import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: a benchmark, one item a sample (pytest-modeleval)")
    config.addinivalue_line("markers", f"{PERF}(parallel=…, slo=…): a load test, an item a load (pytest-modeleval)")
    if config.option.help:
        return
    refuse_ini_keys(config)
    if is_asked(config):
        from pytest_modeleval.perf.run.hooks import start

        start(config)
    elif is_active(config):
        config.pluginmanager.register(ActiveHooks(config), "modeleval-active")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser, args: list[str]) -> Generator[None, object, object]:
    result = yield
    # Conftests have added their flags by now. To parse takes milliseconds, which a start without our flags is spared.
    if any(argument.startswith(("--mo", "--e", "--pe", "--al")) for argument in args):
        _, strange = parser.parse_known_and_unknown_args(args)
        if strange:
            from pytest_modeleval.run.typed import refuse_flags

            refuse_flags(strange, [flag.name for flag in (*FLAGS, *COMMANDS, *PERF_FLAGS)])
    return result


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    active = session.config.pluginmanager.get_plugin("modeleval-active")
    try:
        result = yield
    except pytest.UsageError as error:
        from pytest_modeleval.run.typed import explained

        collector = active.evaluation.collector if active else None
        # Where data could not be made ready, the node ids below it are not found either.
        if collector and collector.error:
            raise collector.error from None
        raise explained(error, session.config, collector.sizes if collector else {}) from None
    if not is_active(session.config) and session.config.option.keyword:
        from pytest_modeleval.run.typed import refuse_without_model

        refuse_without_model(session.config, session.items)
    return result


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    if config.option.modeleval_history is None and config.option.modeleval_diff is None:
        return None
    from pytest_modeleval.run.commands import answer

    return answer(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if fixture := fixture_of(metafunc.definition):
        from pytest_modeleval.perf.run.hooks import parametrize

        parametrize(metafunc, fixture)
        return
    active = metafunc.config.pluginmanager.get_plugin("modeleval-active")
    if active is not None:
        active.parametrize(metafunc)
    elif metafunc.definition.get_closest_marker(MARK) and "sample" in metafunc.fixturenames:
        skip = pytest.mark.skip(reason="no model: give --model NAME")
        metafunc.parametrize("sample", [pytest.param(None, id="no-model", marks=skip)], indirect=True)


class ActiveHooks:
    """The hooks of a run that names a model."""

    def __init__(self, config: pytest.Config) -> None:
        from pytest_modeleval import xdist
        from pytest_modeleval.asking.given import own_names
        from pytest_modeleval.asking.resuming import command_of
        from pytest_modeleval.custom.collecting import arguments, collected, modules_of, own_id
        from pytest_modeleval.items.collect import declaration
        from pytest_modeleval.record import Record
        from pytest_modeleval.reports import terminal
        from pytest_modeleval.run.evaluation import STOPPED, Evaluation
        from pytest_modeleval.run.header import header
        from pytest_modeleval.run.preflight import refuse_idle_flags
        from pytest_modeleval.run.typed import placed

        xdist.pin_gpu(config)
        # What a model's library warns of is no error of a sample, also where the project makes warnings errors.
        config.addinivalue_line("filterwarnings", r"default:::(torch|transformers|openai|httpx2|pytest_modeleval)\b")
        self.evaluation: Evaluation = Evaluation(config)
        self._files = modules_of(self.evaluation.options)
        typed = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        typed = [placed(argument, config.invocation_params.dir) for argument in typed]
        places = [str(path) for path in self.evaluation.places]
        config.args = arguments(self._files, typed, config.invocation_params.dir) or places
        self._own_id = own_id
        self._declaration, self._record_of, self._terminal, self._stopped, self._collected, self._header = (
            declaration,
            Record.of,
            terminal,
            STOPPED,
            collected,
            header,
        )
        self._config, self._command_of, self._own_names = config, command_of, own_names
        self._refuse_idle_flags = refuse_idle_flags
        self._is_worker = xdist.worker_input(config) is not None
        self._live = terminal.LiveLine(self.evaluation.results, lambda: self.evaluation.in_flight)

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a benchmark's test its samples, and an ordinary test that takes the model each of several."""
        declared = self._declaration(metafunc)
        if declared is not None:
            self.evaluation.collector.parametrize(metafunc, declared)
        elif len(self.evaluation.models) > 1 and "model" in self._own_names(metafunc.definition):
            metafunc.parametrize("model", [spec.name for spec in self.evaluation.models], indirect=True)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return self._collected(self._files, file_path, parent)

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        own = self._own_id(module_path, parent)
        module: pytest.Module | None = pytest.Module.from_parent(parent, path=module_path, **own) if own else None
        return module

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return self._collected(self._files, path, parent)

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        return self._header(config, self.evaluation)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["modeleval_run"] = self.evaluation.run
        node.workerinput["modeleval_process"] = self.evaluation.process
        node.workerinput["modeleval_only"] = self.evaluation.only
        node.workerinput["modeleval_command"] = self._command_of(self._config, self.evaluation.options)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        # The controller collects nothing itself; every worker has the same items.
        self._live.start(node.config, len(ids))
        self.evaluation.expect(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, report: pytest.TestReport) -> None:
        self.evaluation.lose(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.evaluation.abandon(node.gateway.id)
        why = getattr(node, "workeroutput", {}).get(self._stopped)
        if why:
            raise pytest.UsageError(why)

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        self.evaluation.draw(session)
        # Collecting makes objects that all live to the end: looking through them for garbage again and again took a
        # third of the time of collecting 100,000 samples (bench/scale.py), and every later look would too.
        gc.disable()
        try:
            return (yield)
        finally:
            gc.freeze()
            gc.enable()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        self._refuse_idle_flags(self._config, items)
        self.evaluation.deselect(items)
        self.evaluation.arrange(items, failed=bool(session.testsfailed))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # pytest's own --lf leaves items out after every other plugin.
        self.evaluation.refuse_incomparable(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.config.option.collectonly or session.testsfailed:
            return None
        if self.evaluation.options.plan:
            self._terminal.plan(session.config, self.evaluation.plan(session))
            return True
        self.evaluation.start(session)
        self._live.start(session.config, len(session.items))
        return None

    # Around what reruns an item, so that its answer is judged again, and around pytest-timeout's clock, which is for
    # what the item does itself; inside pytest's own wrapper, which collects warnings.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.evaluation.wait_for(item, self._live.draw)
        try:
            return (yield)
        finally:
            self.evaluation.end_copy()
            self.evaluation.recorder.forget(item)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._live.begin(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        with self.evaluation.recorder.recording(pyfuncitem):
            return (yield)

    @pytest.hookimpl(tryfirst=True, specname="pytest_pyfunc_call")
    def pytest_run_async_body(self, pyfuncitem: pytest.Function) -> bool | None:
        return self.evaluation.run_body(pyfuncitem) or None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self.evaluation.recorder.describe(item, call, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        if not self._is_worker:
            self.evaluation.count(report)
            self._live.draw()
        result = yield
        if not self._is_worker:
            self._terminal.forget(self._config, report)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> Any:
        if not isinstance(report, pytest.TestReport) or report.when == "teardown" or str(report.outcome) == "rerun":
            return None
        record = self._record_of(report.user_properties)
        if record is None or hasattr(report, "wasxfail"):
            return None
        return self._terminal.status(record, live=self._live.shown)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        yield from self._terminal.summary(terminalreporter, self.evaluation.finished)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._live.draw(now=True)
        self.evaluation.finish(session, int(exitstatus))
