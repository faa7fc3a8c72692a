"""The load tests of one pytest session: loads are run, extended while undecided, judged and kept."""

import random
import secrets
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.datasets import Place
from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.models.offline import stay_offline
from pytest_modeleval.models.served import named_models
from pytest_modeleval.models.spec import ModelSpec, read_aliases
from pytest_modeleval.options.sources import read_options, settings_of
from pytest_modeleval.outputs.endings import refuse_outputs
from pytest_modeleval.outputs.write import write
from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Load, Plan
from pytest_modeleval.perf.client.resources import allow_files, refuse_unwritable
from pytest_modeleval.perf.document import document
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.options.options import PerfOptions
from pytest_modeleval.perf.outcomes import kept, throughput
from pytest_modeleval.perf.points import Point, point
from pytest_modeleval.perf.reports.section import Compared, Loads
from pytest_modeleval.perf.run.serving import Serving
from pytest_modeleval.perf.run.workload import Workload, generator
from pytest_modeleval.perf.speed import TOKENS, Speed, measure_speed, refuse_served
from pytest_modeleval.perf.verdict.comparing import Change, Limit, changes, checked
from pytest_modeleval.perf.verdict.search import Find, Found, Knee, highest, knee
from pytest_modeleval.perf.verdict.slo import Slo
from pytest_modeleval.perf.verdict.validity import decide
from pytest_modeleval.perf.verdict.verdicts import needed_requests
from pytest_modeleval.record import COMPLETE, INTERRUPTED
from pytest_modeleval.results.expected import Expected
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.setup import setup_of
from pytest_modeleval.store.store import Store

if TYPE_CHECKING:
    from pytest_modeleval.perf.verdict.calibrate import Floor

# The figures that a calibration has a floor of.
_CALIBRATED = ("ttft", "itl", "tpot", "latency")
Tick = Callable[[str, Plan, Progress], None]


class LoadSession:
    """What the items share: models, endpoints, the run in the store, and all that was measured."""

    def __init__(self, config: pytest.Config, tick: Tick | None = None) -> None:
        options = self._options = read_options(config)
        refuse_outputs(config.hook, options)
        self.began = time.time()
        self.expected = Expected()
        if options.offline:
            stay_offline(config)
        settings = settings_of(config)
        self.root = settings.root
        aliases = read_aliases(settings.tables["models"])
        self.folder: Path = self.root / ".modeleval"
        # Where a model's hooks are active they have said already which run this is, and of which models.
        active = config.pluginmanager.get_plugin("modeleval-active")
        self.models: list[ModelSpec] = (
            active.evaluation.models if active else named_models(options.model, aliases, options)
        )
        self.run: str = active.evaluation.run if active else uuid.uuid4().hex
        self.finished: FinishedRun | None = None
        self.measured: list[Measured] = []
        self.interrupted = False
        # By item: what was searched and found; how fast models in this process are; what changed since another run.
        self.searched: list[tuple[str, Find, Found | Knee]] = []
        self.speeds: list[Speed] = []
        self.compared: list[Compared] = []
        self._tick = tick
        self._place = lambda name: Place(
            name,
            options.data / name if options.data else None,
            self.folder / "datasets.json",
            options.hub,
            options.offline,
        )
        # Fresh prompts every time: a server's cache must not have seen them.
        self._fresh = secrets.randbits(32)
        self._workloads: dict[tuple[str, str | None, PerfOptions], Workload] = {}
        self._serving = Serving()
        self._store: Store | None = None
        self._floors: dict[int, Floor] = {}

    def seed(self, options: PerfOptions) -> int:
        """What decides prompts and arrivals."""
        return self._fresh if options.seed is None else options.seed

    def workload(self, model: ModelSpec, options: PerfOptions) -> Workload:
        """The requests for a model under these options."""
        model = self._serving.reached(model)
        key = model.name, model.base_url, options
        if key not in self._workloads:
            self._workloads[key] = Workload(model, options, self._place)
        return self._workloads[key]

    def notes(self) -> list[str]:
        """What a user should know of what was sent, each once."""
        notes = [*self._serving.notes, *(note for workload in self._workloads.values() for note in workload.notes())]
        return list(dict.fromkeys(notes))

    def provide(self, options: PerfOptions, what: Point | Find | int) -> None:
        """See that there are the files that a load takes: `pytest.UsageError` before anything is sent."""
        store = self._begin()
        if options.compare not in (None, "last"):
            _refuse_unknown(store, options.compare)
        if options.out:
            refuse_unwritable("--perf-out", options.out)
        if isinstance(what, Point):
            allow_files(what.plan.parallel or what.plan.max_parallel)

    def prepare(self, model: ModelSpec, options: PerfOptions, what: Point | Find | int) -> None:
        """Reach the endpoint, make a first prompt, calibrate: `pytest.UsageError` for what cannot be measured."""
        if isinstance(what, int):
            refuse_served(model)
            return
        workload = self.workload(model, options)
        workload.target()
        if next(workload.requests(generator(self.seed(options), "first")), None) is None:
            raise pytest.UsageError("there is nothing to send")
        if isinstance(what, Point):
            self._floor(options, what.plan, Slo(options.slo))

    def run_one(
        self, name: str, model: ModelSpec, options: PerfOptions, what: Point | Find | int
    ) -> Measured | Found | Knee | Speed:
        """What an item measures."""
        if isinstance(what, Point):
            found = self.measure(name, model, options, what)
            if options.compare:
                self._compare(found, options.compare, options.compare_fail)
            return found
        if isinstance(what, Find):
            answer = self.search(name, model, options, what)
            self.searched.append((name, what, answer))
            return answer
        tokens = options.output.draw(generator(self.seed(options))) if options.output else TOKENS
        self.speeds.append(measure_speed(model, what, tokens))
        return self.speeds[-1]

    def measure(self, name: str, model: ModelSpec, options: PerfOptions, at: Point, *, tried: bool = False) -> Measured:
        """Run a load, and longer while its objectives stay undecided; keep what it measured."""
        if self.measured and options.pause:
            time.sleep(options.pause)
        workload, slo = self.workload(model, options), Slo(options.slo)
        # Every look at the same growing load is a chance to be wrong: together they have 5 %.
        confidence = 1 - 0.05 / (1 + options.extend)
        needed = needed_requests(slo, confidence)
        at = replace(at, plan=_long_enough(at.plan, options, needed))
        floor = self._floor(options, at.plan, slo)
        found = Measured(
            name,
            model.name,
            at,
            (),
            slo,
            confidence,
            most_errors=options.max_error_rate,
            floor=floor,
            is_tried=tried,
            server=workload.target().shown(workload.url),
            prompts=workload.prompts,
        )
        for part in range(1 + options.extend):
            draw = generator(self.seed(options), model.name, at.name, part)
            plan = replace(at.plan, seed=at.plan.seed + 1000 * part)
            load = self._run(name, workload, draw, plan)
            verdict = decide(load, cold=workload.is_cold)
            found = replace(found, loads=(*found.loads, load), invalid=(*found.invalid, *verdict.reasons))
            if load.stopped or found.invalid or found.result is not Result.INCONCLUSIVE or found.figures.failed:
                break
            if len(load.records) * (1 + options.extend) < needed:
                # However often: its percentiles would still be those of too few.
                break
        self._keep(found)
        if any(load.stopped == "interrupted" for load in found.loads):
            self.interrupted = True
        return found

    def _run(self, name: str, workload: Workload, draw: random.Random, plan: Plan) -> Load:
        def tick(progress: Progress) -> None:
            self._serving.refuse_dead()
            if self._tick:
                self._tick(name, plan, progress)

        try:
            return run_load(workload.target(), workload.requests(draw), plan, tokens_of=workload.tokens_of(), tick=tick)
        except OSError as error:
            raise pytest.UsageError(f"the load cannot go on: {error}") from None

    def search(self, name: str, model: ModelSpec, options: PerfOptions, find: Find) -> Found | Knee:
        """Search the highest load that keeps the objectives, or the knee; each load tried is kept too."""

        def attempt(load: float) -> Measured:
            at = point(options, self.seed(options), find.load, load)
            found = self.measure(f"{name}[{at.name}]", model, options, at, tried=True)
            if self.interrupted:
                raise KeyboardInterrupt
            return found

        # Nothing else is judged of a search.
        options = replace(options, slo=find.slo.conditions if find.slo else ())
        if find.slo is None:
            return knee(find, lambda load: throughput(attempt(load)))
        return highest(find, lambda load: kept(attempt(load)))

    def _floor(self, options: PerfOptions, plan: Plan, slo: Slo) -> Mapping[str, float]:
        if not options.calibrate:
            return {}
        # With the bench server, which no other load needs.
        from pytest_modeleval.perf.verdict.calibrate import calibrate

        parallel = plan.parallel or max(1, round(2 * (plan.rate or 8)))
        if parallel not in self._floors:
            self._floors[parallel] = calibrate(parallel)
        floor = self._floors[parallel]
        for condition in slo.conditions:
            is_bound = condition.figure in _CALIBRATED and condition.sign in ("<=", "<")
            if is_bound and (why := floor.refuses(condition.figure, condition.limit)):
                raise pytest.UsageError(why)
        return {name: getattr(floor, name) for name in _CALIBRATED}

    def _begin(self) -> Store:
        """The store, opened before anything is measured that it is to keep."""
        if self._store is None:
            self._store = Store(self.folder)
            self._store.begin_run(self.run, {"model": [model.name for model in self.models], "perf": True})
        return self._store

    def _keep(self, found: Measured) -> None:
        self.measured.append(found)
        self._begin().save_load(self.run, found.name, found.model, document(found))

    def _compare(self, found: Measured, run: str, limits: Sequence[Limit]) -> None:
        stored = self._begin().earlier_load(run, found.name, found.model, besides=self.run)
        before, now = None if stored is None else checked(stored), document(found)
        self.compared.append(Compared(found, now, before, changes(limits, now, before)))

    def changes_of(self, found: Measured) -> Sequence[Change]:
        """What the limits say of a load's changes; empty where it is not compared."""
        return next((each.changes for each in self.compared if each.measured is found), ())

    @property
    def found(self) -> Loads:
        """What was measured until now."""
        models = [model.name for model in self.models]
        return Loads(models, self.measured, self.searched, self.speeds, self.compared, self.notes())

    def finish(self, session: pytest.Session, *, is_over: bool) -> None:
        """Make a value of the run and write it; record its end, and end what was served for it.

        It is complete where pytest's session ``is_over`` as it should be, and every selected item was reported.
        """
        try:
            if self._store is not None:
                self._write(session, self._store, COMPLETE if is_over and not self.expected.left else INTERRUPTED)
        finally:
            self._serving.close()

    def _write(self, session: pytest.Session, store: Store, ended: str) -> None:
        if ended == INTERRUPTED and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        run = self.finished = FinishedRun(
            id=self.run,
            root=self.root,
            folder=self.folder,
            began=self.began,
            options=self._options,
            models=[model.name for model in self.models],
            ended=ended,
            exit_status=int(session.exitstatus),
            selected=self.expected.total,
            reported=self.expected.total - self.expected.left,
            setup=setup_of(session.config, self.models, self._options, self.folder / "datasets.json"),
            sections=[self.found],
        )
        write(run, session, store)
        store.end_run(self.run, int(session.exitstatus), run.ended)
        store.close()


def _refuse_unknown(store: Store, run: str) -> None:
    """`pytest.UsageError` for a run to compare with that measured no load."""
    measured = [row[0] for row in store.rows("select run from loads group by run order by max(measured) desc", ())]
    if not any(other.startswith(run) for other in measured):
        newest = ", ".join(other[:8] for other in measured[:10]) or "none"
        raise pytest.UsageError(f"--perf-compare: no run {run!r} measured a load here. Known, newest first: {newest}.")


def _long_enough(plan: Plan, options: PerfOptions, needed: int) -> Plan:
    """The plan with as many requests as its objectives need, unless the user said how many or how long."""
    if options.number or options.duration or (plan.arrivals == "trace" and plan.parallel is None):
        return plan
    return replace(plan, number=max(plan.number or 0, needed))
