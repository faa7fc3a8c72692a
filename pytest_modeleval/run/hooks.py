"""The pytest hooks of a run that names a model; each hands over."""

import gc
from collections.abc import Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.arena import battle
from pytest_modeleval.arena.pairs import sample_of
from pytest_modeleval.asking.given import own_names
from pytest_modeleval.asking.resuming import command_of
from pytest_modeleval.custom.collecting import arguments, collected, own_id
from pytest_modeleval.items.collect import declaration, stands_for_nothing
from pytest_modeleval.items.shipped import files_of
from pytest_modeleval.outputs.write import FAILURES
from pytest_modeleval.perf.options.asked import has_loads
from pytest_modeleval.record import Record
from pytest_modeleval.reports import terminal
from pytest_modeleval.reports.failed import status
from pytest_modeleval.reports.junit import keep_samples_out, tell_error
from pytest_modeleval.run.asked import of_ids, of_items
from pytest_modeleval.run.evaluation import PROGRAMS, STOPPED, Evaluation
from pytest_modeleval.run.header import header
from pytest_modeleval.run.preflight import refuse_idle_flags
from pytest_modeleval.run.typed import placed


class ActiveHooks:
    """The hooks of a run that names a model."""

    def __init__(self, config: pytest.Config) -> None:
        xdist.pin_gpu(config)
        # What a model's library warns of is no error of a sample, also where the project makes warnings errors.
        config.addinivalue_line("filterwarnings", r"default:::(torch|transformers|openai|httpx2|pytest_modeleval)\b")
        self.evaluation = Evaluation(config)
        self._files = self.evaluation.files
        typed = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else []
        typed = [placed(argument, config.invocation_params.dir) for argument in typed]
        typed += map(str, files_of(self.evaluation.options.eval))
        asked = arguments(self._files, typed, config.invocation_params.dir)
        config.args = asked or [str(path) for path in self.evaluation.places()]
        self._types_tests = any("::" in argument for argument in typed)
        self._config = config
        self._is_worker = xdist.worker_input(config) is not None
        priced = [*self.evaluation.models, *self.evaluation.others]
        in_turn = self.evaluation.in_turn
        self._live = terminal.LiveLine(
            self.evaluation.results,
            lambda: in_turn.in_flight,
            priced,
            lambda: in_turn.programs,
            lambda: in_turn.talks,
        )

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a benchmark's test its samples, and an ordinary test that takes the model each of several."""
        declared = declaration(metafunc)
        if declared is not None:
            self.evaluation.collector.parametrize(metafunc, declared)
        elif len(self.evaluation.models) > 1 and "model" in own_names(metafunc.definition):
            metafunc.parametrize("model", [spec.name for spec in self.evaluation.models], indirect=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self) -> Generator[None, Any, Any]:
        made = yield
        # Left in, they would be counted as deselected; pytest looks for those of a typed test itself.
        is_left_out = isinstance(made, list) and made and stands_for_nothing(made[0]) and not self._types_tests
        return [] if is_left_out else made

    @pytest.hookimpl(tryfirst=True, specname="pytest_pycollect_makeitem")
    def pytest_make_battles(self, collector: pytest.Collector, obj: object) -> Sequence[pytest.Item] | None:
        options = self.evaluation.options
        return battle.made(collector, obj, options.arena_prompt) if options.arena else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return collected(self._files, file_path, parent)

    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
        own = own_id(module_path, parent)
        module: pytest.Module | None = pytest.Module.from_parent(parent, path=module_path, **own) if own else None
        return module

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return collected(self._files, path, parent)

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        return header(config, self.evaluation)

    def pytest_report_collectionfinish(self, config: pytest.Config, items: list[pytest.Item]) -> list[str]:
        return terminal.asked(config, of_items(items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["modeleval_run"] = self.evaluation.run
        node.workerinput["modeleval_process"] = self.evaluation.process
        node.workerinput["modeleval_only"] = self.evaluation.only
        node.workerinput["modeleval_command"] = command_of(self._config, self.evaluation.options)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        if not self.evaluation.options.arena:
            return None
        # Who has asked a sample's question knows the answer for all battles over it.
        return xdist.scheduler_of_groups(config, log, partial(sample_of, asked=self.evaluation.asked))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        # The controller collects nothing itself; every worker has the same items.
        if not self.evaluation.expected.total:
            asked = of_ids(ids, self.evaluation.asked, self.evaluation.ids)
            terminal.write_asked(node.config, asked)
        self._live.start(node.config, len(ids))
        self.evaluation.expect(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, report: pytest.TestReport) -> None:
        self.evaluation.lose(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.evaluation.abandon(node.gateway.id)
        told = getattr(node, "workeroutput", {})
        self.evaluation.programs = self.evaluation.programs.plus(*told.get(PROGRAMS, ({}, {})))
        why = told.get(STOPPED)
        if why:
            self.evaluation.stop(why)

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
        refuse_idle_flags(self._config, items)
        self.evaluation.deselect(items)
        self.evaluation.arrange(items, failed=bool(session.testsfailed))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # Here and no sooner: pytest's own --lf leaves items out after every other plugin.
        self.evaluation.refuse_incomparable(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.config.option.collectonly or session.testsfailed:
            return None
        if self.evaluation.options.plan and not has_loads(self._config, session.items):
            terminal.plan(session.config, self.evaluation.plan(session))
            return True
        if self.evaluation.gate.is_active and not self._is_worker:
            keep_samples_out(session.config, self.evaluation.options.junit)
        self.evaluation.start(session)
        self._live.start(session.config, len(session.items))
        return None

    # Around what reruns an item, so that its answer is judged again, and around pytest-timeout's clock, which is for
    # what the item does itself; inside pytest's own wrapper, which collects warnings.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.evaluation.in_turn.wait_for(item, self._live.draw)
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
        return self.evaluation.in_turn.run_body(pyfuncitem) or None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        self.evaluation.recorder.shorten(item, call)
        report = yield
        self.evaluation.recorder.describe(item, call, report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        if not self._is_worker:
            self.evaluation.count(report)
            self._live.draw()
            tell_error(self._config, report)
        result = yield
        if not self._is_worker:
            terminal.forget(self._config, report)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> Any:
        if not isinstance(report, pytest.TestReport) or report.when == "teardown" or str(report.outcome) == "rerun":
            return None
        record = Record.of(report.user_properties)
        if record is None or hasattr(report, "wasxfail"):
            return None
        return status(record, live=self._live.shown, gated=self.evaluation.gate.is_active)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        evaluation, failures = self.evaluation, self._config.stash.get(FAILURES, [])
        run = None if evaluation.is_of_loads else evaluation.finished
        # What cannot be written has another exit status, of which pytest's own argument knows nothing.
        yield from terminal.summary(terminalreporter, run, is_written=not failures)
        for why in failures:
            terminalreporter.write_line(why, red=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        self._live.draw(now=True)
        self.evaluation.finish(session, int(exitstatus))
