"""One session's evaluation: what the plugin's hooks hand over to."""

import gc
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.asking import Asker
from pytest_modeleval.collect import Collector, SampleRef, lost_record, selected, shipped_benchmarks
from pytest_modeleval.config import project_root, read_config
from pytest_modeleval.decided import Decided
from pytest_modeleval.engine import Engine, Job
from pytest_modeleval.gate.early import definition_of
from pytest_modeleval.gate.judge import Exit, Gate, Judgement, refuse_reruns
from pytest_modeleval.history.past import Past, sample_name
from pytest_modeleval.levels import Levels
from pytest_modeleval.models.opener import open_model
from pytest_modeleval.models.spec import ModelSpec, read_aliases, resolve
from pytest_modeleval.options import Options, read_options
from pytest_modeleval.pins import pins_of
from pytest_modeleval.plan import Planner
from pytest_modeleval.reports import budget
from pytest_modeleval.reports.collection import document
from pytest_modeleval.reports.export import write_json
from pytest_modeleval.reports.gate import test_reports
from pytest_modeleval.reports.plan import table as plan_table
from pytest_modeleval.reports.samples import export
from pytest_modeleval.reports.summary import write_summary
from pytest_modeleval.results import WRONG, Record, Results
from pytest_modeleval.sample import NotAsked, SampleError, StopRun, recorded_scores
from pytest_modeleval.spending import Metered, Purse, Spent, refuse_unbounded
from pytest_modeleval.store import Store
from pytest_modeleval.turns import AHEAD, TURN, Turn, ask_once, converse
from pytest_modeleval.verdicts import outcome_of, record_of, sample_row, score_rows, wrong_line

if TYPE_CHECKING:
    from pytest_modeleval.collection.run import CollectionRun
    from pytest_modeleval.history.flips import Key

# The name under which a worker tells the controller why nothing more can be asked.
STOPPED = "modeleval_stopped"
# How many times the requests in flight may be answered ahead of their turn where a gate may end the asking.
AHEAD_OF_GATE = 2


class _NotAsked(Exception):
    """Leaves the wait for an answer that no gate needs any more."""


def _key(item: pytest.Item) -> "Key | None":
    """An item's sample as the history names it."""
    ref = selected(item)
    return ref and (ref.model.name, ref.source.benchmark.name, sample_name(item.nodeid, ref.subset))


class Evaluation:
    """Options, models, store, engine and results of one pytest session in one process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.options: Options = read_options(config)
        if self.options.aa and self.options.repeats == 1:
            self.options = replace(self.options, repeats=2)
        root = project_root(config.invocation_params.dir)
        tables = read_config(root)
        aliases = read_aliases(tables["models"])
        if len(set(self.options.model)) < len(self.options.model):
            raise pytest.UsageError(f"--model names a model twice: {', '.join(self.options.model)}")
        self.models: list[ModelSpec] = [resolve(name, aliases, self.options.generation) for name in self.options.model]
        if self.options.budget:
            refuse_unbounded(self.models, self.options.budget)
        if self.options.plan:
            xdist.stay_in_one_process(config)
        self.folder: Path = root / ".modeleval"
        self.collection = self._read_collection()
        typed = config.args_source is pytest.Config.ArgsSource.ARGS
        keywords, marks = config.option.keyword or "", config.option.markexpr or ""
        self.collector = Collector(
            self.options,
            self.models,
            self.collection.over(tables["benchmarks"]) if self.collection else tables["benchmarks"],
            self.folder / "datasets.json",
            keywords,
            marks,
            typed=typed,
        )
        self.results = Results()
        worker = xdist.worker_input(config)
        self.only: list[Key] | None = worker["modeleval_only"] if worker else self._read_only()
        gated = replace(self.options, baseline=None) if self.options.only else self.options
        self.gate = Gate(gated, [spec.name for spec in self.models])
        self.judgement: Judgement | None = None
        self.levels = Levels()
        self._is_worker = worker is not None
        self._owner = str(worker["workerid"]) if worker else "main"
        self._purse: Purse | None = None
        self.spent: Spent | None = None
        self.run = str(worker["modeleval_run"]) if worker else uuid.uuid4().hex
        self.decided = Decided(self.folder / f"decided-{self.run}.json") if self.gate.early else None
        if self.decided and getattr(config.option, "dist", "no") == "each":
            raise pytest.UsageError("--eval-stop-early weighs one answer a sample: leave --dist each out")
        self._fed: set[str] = set()
        self._pinned: set[tuple[str, str]] = set()
        self._engine: Engine[Turn] | None = None
        self._store: Store | None = None
        self.askers: dict[str, Asker] = {}

    def _read_collection(self) -> "CollectionRun | None":
        if self.options.collection is None:
            return None
        from pytest_modeleval.collection.run import CollectionRun

        return CollectionRun.of(self.options.collection, self.options, shipped_benchmarks())

    def _read_only(self) -> "list[Key] | None":
        if self.options.only is None:
            return None
        from pytest_modeleval.history.reruns import refuse_gate, to_rerun

        refuse_gate(self.options)
        with closing(Past(self.folder)) as past:
            return to_rerun(past, [spec.name for spec in self.models], self.options)

    @property
    def places(self) -> list[Path]:
        """What is run where no path was typed: the shipped benchmarks, or the collection's files."""
        return list(dict.fromkeys(self.collection.files.values())) if self.collection else [shipped_benchmarks()]

    # The session

    def draw(self, session: pytest.Session) -> None:
        """Draw the collection's samples, if there is one."""
        if self.collection is None:
            return
        save_to = None if self._is_worker else self.options.collection_save
        try:
            place = partial(self.collector.place, chosen=True)
            self.collector.drawn = self.collection.draw(session, self.options, place, save_to=save_to)
        except pytest.UsageError as error:
            self.stop(str(error))

    def plan(self, session: pytest.Session) -> list[str]:
        """What the run would take, as lines; nothing is asked."""
        store = Store(self.folder)
        askers = {spec.name: Asker(spec, self._open_model, store, self.options.cache, None) for spec in self.models}
        planner = Planner(store, askers, self.gate.discordance)
        try:
            for item in session.items:
                ref = selected(item)
                if ref is not None and not item.get_closest_marker("skip"):
                    planner.add(ref)
            lines = planner.lines(self.models)
        except (StopRun, pytest.UsageError) as error:
            self.stop(str(error))
        store.close()
        return plan_table(lines) if lines else []

    def start(self, session: pytest.Session) -> None:
        """Open the store and the engine, and ask ahead for what this process was given."""
        self._store = Store(self.folder)
        described = {k: v for k, v in asdict(self.options).items() if v is not None}
        self._store.begin_run(self.run, described)
        if self.options.budget:
            self._purse = Purse(self._store.path, self.run, self._owner, self.options.budget)
        if xdist.is_controller(self._config):
            return
        concurrency = xdist.share(self._config, self.options.concurrency)
        for spec in self.models:
            self.askers[spec.name] = Asker(spec, self._open_model, self._store, self.options.cache, concurrency)
        closers = [asker.close for asker in self.askers.values()]
        self._engine = Engine(closers, ahead=AHEAD_OF_GATE if self.decided else None)
        self.expect([item.nodeid for item in session.items])
        self._feed(session)

    def expect(self, nodeids: Sequence[str]) -> None:
        """Know which items this run has, in the process that decides when enough was asked."""
        if self.gate.early and not self._is_worker:
            self.gate.early.begin(nodeids)

    def finish(self, session: pytest.Session, exit_status: int) -> None:
        """Cancel what is in flight and write what waits."""
        # pytest looks for garbage several times at its end; what is left now is no garbage.
        gc.freeze()
        if self._store is not None and not self._is_worker:
            if self.decided:
                self.decided.forget()
            if self._purse is not None:
                self.spent = self._purse.spent(priced=all(spec.price for spec in self.models))
            self._judge(session, exit_status)
            self._write(session)
        if self._engine is not None:
            self._engine.close()
            self._engine = None
        if self._purse is not None:
            self._purse.close()
            self._purse = None
        if self._store is not None:
            store, self._store = self._store, None
            try:
                if not self._is_worker:
                    store.end_run(self.run, exit_status)
                store.close()
            except StopRun as error:
                self._config.get_terminal_writer().line(f"\n{error}", red=True)

    def _judge(self, session: pytest.Session, exit_status: int) -> None:
        """Let the gate decide the exit status, where there is one and the run came to its end."""
        if exit_status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        # A failed test that is no sample stays a failure.
        samples_only = session.testsfailed <= self.results.wrong + self.results.errors
        if self.spent is not None and self.spent.ran_out:
            # What was asked before is no sample of the whole: it is neither judged nor blessed.
            session.exitstatus = int(Exit.BUDGET_SPENT) if samples_only else exit_status
            return
        try:
            if self.options.save_baseline:
                self.gate.save(self.options.save_baseline)
            if not self.gate.is_active:
                return
            self.judgement = self.gate.judge()
        except (pytest.UsageError, OSError) as error:
            self._say(session, str(error))
            return
        passes = self.options.gate_on_inconclusive == "pass"
        if samples_only:
            session.exitstatus = int(self.judgement.exit_status(inconclusive_passes=passes))
        for reports in test_reports(self.judgement, inconclusive_passes=passes):
            for report in reports:
                self._config.hook.pytest_runtest_logreport(report=report)

    def _write(self, session: pytest.Session) -> None:
        drawn, rows = self.collector.drawn, self.results.rows()
        collection = document(drawn, self.levels.rows()) if drawn else None
        try:
            if path := self.options.json:
                run = {"id": self.run, "exit_status": int(session.exitstatus)}
                if self.spent is not None:
                    run["budget"] = budget.document(self.spent)
                write_json(path, rows, run, collection=collection)
            if path := self.options.summary:
                write_summary(path, rows, self.judgement, self.spent)
            if (path := self.options.export) and self._store is not None:
                self._store.flush()
                missing = self.results.done - export(path, self.folder, self.run)
                if missing > 0:
                    # A worker writes its scores some hundreds at a time.
                    line = f"\n{path} lacks {missing} samples: their worker crashed before it had stored their scores"
                    self._config.get_terminal_writer().line(line, red=True)
        except OSError as error:
            self._say(session, f"cannot write {path}: {error}")
        except StopRun as error:
            self._say(session, str(error))

    def _say(self, session: pytest.Session, what: str) -> None:
        """Say in one line what went wrong at the end."""
        self._config.get_terminal_writer().line(f"\n{what}", red=True)
        session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def deselect(self, items: list[pytest.Item]) -> None:
        """Leave what --eval-only does not name."""
        if self.only is None:
            return
        wanted = set(map(tuple, self.only))
        kept = [item for item in items if _key(item) in wanted]
        self._config.hook.pytest_deselected(items=[item for item in items if _key(item) not in wanted])
        items[:] = kept

    def arrange(self, items: list[pytest.Item]) -> None:
        """End the run for a user's mistake found while collecting; put the items into the order of an early stop."""
        try:
            self.collector.refuse_empty(items)
            self._refuse_incomparable(items)
        except pytest.UsageError as error:
            self.stop(str(error))
        if self.gate.early:
            self.gate.early.arrange(items)

    def _refuse_incomparable(self, items: Sequence[pytest.Item]) -> None:
        """What the gate would refuse at the end is refused before anything is asked."""
        if not self.gate.is_active:
            return
        refuse_reruns(self._config, items)
        names: dict[str, set[str]] = {}
        parts: dict[str, set[str]] = {}
        for ref in filter(None, map(selected, items)):
            benchmark = ref.source.benchmark.name
            if benchmark not in names:
                self.gate.refuse_pins(benchmark, pins_of(ref.source, ref.model, self.collector.lock))
            names.setdefault(benchmark, set()).add(f"{ref.subset}-{ref.row:05}")
            group = ref.source.benchmark.dataset.subsets.get(ref.subset, "")
            parts.setdefault(benchmark, set()).update({ref.subset, group} - {""})
        self.gate.refuse_selection(names, parts)

    def count(self, report: pytest.TestReport) -> None:
        """Count the record on a report, if it carries one; it does on one phase's report only."""
        if report.when != "teardown" and (record := Record.of(report.user_properties)) is not None:
            self.results.add(record)
            if self.gate.is_active or self.options.save_baseline:
                self.gate.ledger.add(record)
            if self.gate.early and self.decided and (claim := self.gate.early.add(report.nodeid, record)):
                self.decided.tell(definition_of(report.nodeid), f"gate {claim}")
                self._drop_decided()
            self.levels.add(record)

    def lose(self, report: pytest.TestReport) -> None:
        """Make the report of a sample that went down with its worker an error."""
        if record := lost_record(report.nodeid, self.models, self.results, self.collector.drawn):
            why = str(report.longrepr)
            report.longrepr = f"error: {why}"
            report.user_properties.append(record.to_property())
            self._keep(score_rows(self.run, report.nodeid, record, None, "", why))

    def abandon(self, worker: str) -> None:
        """Wait no more for what a worker that is gone was asking."""
        if self._purse is not None:
            self._purse.abandon(worker)

    @property
    def in_flight(self) -> int:
        """The samples that are being asked in this process."""
        return self._engine.in_flight if self._engine else 0

    def _open_model(self, spec: ModelSpec) -> Any:
        model = open_model(spec, self._config.hook)
        # Recorded answers cost nothing.
        return Metered(model, spec, self._purse) if self._purse and spec.api != "replay" else model

    # Asking

    def _feed(self, session: pytest.Session) -> None:
        assert self._engine is not None
        jobs = []
        for item in xdist.given_items(session):
            ref = selected(item)
            if ref is None or item.nodeid in self._fed or item.get_closest_marker("skip"):
                continue
            body = ref.source.benchmark
            if body.is_async and not set(getattr(item, "fixturenames", ())) - {"request"} <= AHEAD:
                # It needs fixtures of its own, so it starts in its turn.
                continue
            self._fed.add(item.nodeid)
            jobs.append(self._job(item, ref, None))
        if jobs:
            self._engine.feed(jobs)

    def _job(self, item: pytest.Item, ref: SampleRef, arguments: dict[str, Any] | None) -> Job[Turn]:
        asker = self.askers[ref.model.name]
        node = item.name
        work: Callable[[], Awaitable[Turn]]
        if ref.source.benchmark.is_async:
            work = lambda: converse(asker, ref, node, arguments)  # noqa: E731
        else:
            work = lambda: ask_once(asker, ref, node)  # noqa: E731
        return Job(item.nodeid, work, asker.at_once)

    def wait_for(self, item: pytest.Item, tick: Callable[[], None]) -> None:
        """Wait for an item's answer before pytest runs it; end the run when nothing more can be asked."""
        ref = selected(item)
        if self._engine is None or ref is None or self._skip_decided(item):
            return
        session = item.session
        if self._is_worker:
            self._feed(session)
        if item.nodeid not in self._fed:
            if ref.source.benchmark.is_async or item.get_closest_marker("skip"):
                return
            # xdist has taken this one out of its queue already.
            self._fed.add(item.nodeid)
            self._engine.feed_first(self._job(item, ref, None))

        def tick_and_feed() -> None:
            tick()
            if self._skip_decided(item):
                raise _NotAsked
            if self._is_worker:
                self._feed(session)

        with suppress(_NotAsked):
            item.stash[TURN] = self._result(item, tick_and_feed)

    def _skip_decided(self, item: pytest.Item) -> bool:
        """Have an item skipped, with the reason, whose gate is decided."""
        if self.decided is None:
            return False
        if self._is_worker and self.decided.look():
            self._drop_decided()
        reason = self.decided.reason(definition_of(item.nodeid))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        return reason is not None

    def _drop_decided(self) -> None:
        decided = self.decided
        if self._engine is not None and decided is not None:
            self._engine.drop(lambda nodeid: decided.reason(definition_of(nodeid)) is not None)

    @contextmanager
    def recording(self, item: pytest.Function) -> Iterator[None]:
        """Record the scores that an item's body makes."""
        turn = item.stash.get(TURN, None)
        token = recorded_scores.set(turn.scores if isinstance(turn, Turn) else None)
        try:
            yield
        finally:
            recorded_scores.reset(token)

    def run_body(self, item: pytest.Function) -> bool:
        """Run an async body, or take how it ended when it ran ahead; False for a body that pytest runs itself."""
        ref = selected(item)
        if ref is None or not ref.source.benchmark.is_async:
            return False
        turn = item.stash.get(TURN, None)
        if turn is None:
            assert self._engine is not None
            names = ref.source.benchmark.body.__code__.co_varnames
            arguments = {k: v for k, v in item.funcargs.items() if k in names and k not in AHEAD}
            self._engine.feed_first(self._job(item, ref, arguments))
            turn = item.stash[TURN] = self._result(item, lambda: None)
        if isinstance(turn, NotAsked):
            pytest.skip(str(turn))
        if isinstance(turn, SampleError):
            raise turn
        if turn.ended is not None:
            raise turn.ended
        return True

    def _result(self, item: pytest.Item, tick: Callable[[], None]) -> Turn | SampleError:
        assert self._engine is not None
        try:
            return self._engine.result(item.nodeid, tick)
        except (StopRun, pytest.UsageError) as error:
            self.stop(str(error))
            raise

    def _pins(self, ref: SampleRef) -> dict[str, str]:
        """The pins of a benchmark, the first time that this process reports a sample of it."""
        key = ref.model.name, ref.source.benchmark.name
        if key in self._pinned:
            return {}
        self._pinned.add(key)
        return pins_of(ref.source, ref.model, self.collector.lock)

    def stop(self, why: str) -> NoReturn:
        """End the run with one line. A worker leaves the line to its controller."""
        if self._is_worker:
            self._config.workeroutput[STOPPED] = why  # type: ignore[attr-defined]
            pytest.exit(why)
        raise pytest.UsageError(why)

    # Reporting

    def describe(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Put the item's record on its report; say a wrong answer and an error in one line."""
        ref = selected(item)
        if ref is None:
            return
        if report.when == "teardown" and TURN in item.stash:
            # The item itself lives to the end of the session; its texts are in the store.
            del item.stash[TURN]
        outcome = outcome_of(call, report)
        if outcome is None:
            return
        turn = item.stash.get(TURN, None)
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, SampleError) and error.__cause__ is None:
            report.longrepr = f"error: {error}"
        elif outcome == WRONG and isinstance(turn, Turn):
            report.longrepr = wrong_line(turn, report)
        turn = turn if isinstance(turn, Turn) else None
        row = sample_row(turn.sample, ref.source.benchmark.name) if turn else None
        record = record_of(ref, outcome, turn, sample=row[0][:12] if row else "", pins=self._pins(ref))
        if turn and turn.answers:
            report.duration = record.latency
        report.user_properties.append(record.to_property())
        if row and self._store is not None:
            self._store.save_sample(row)
        self._keep(score_rows(self.run, item.nodeid, record, turn, row[0] if row else "", str(error or "")))

    def _keep(self, rows: Sequence[Sequence[Any]]) -> None:
        """Keep scores in the store, where there is one."""
        if self._store is not None:
            try:
                self._store.save_scores(rows)
            except StopRun as stopped:
                self.stop(str(stopped))
