"""One session's evaluation: what the plugin's hooks hand over to."""

import gc
import json
import os
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.arena.pairs import battles_of, pairs_of, together
from pytest_modeleval.arena.standings import Battles
from pytest_modeleval.asking.asker import Askers, askers
from pytest_modeleval.asking.given import is_alone, taken_of
from pytest_modeleval.asking.plan import Planner
from pytest_modeleval.asking.prefetch import Prefetch
from pytest_modeleval.asking.programs import KeptSandbox
from pytest_modeleval.asking.recall import Rules
from pytest_modeleval.asking.rehearsal import NothingRuns
from pytest_modeleval.asking.resuming import command_of, find_interrupted
from pytest_modeleval.asking.spending import Metered, Purse, Spent
from pytest_modeleval.asking.stop_signal import Decided, sweep
from pytest_modeleval.custom.collecting import hashes_of, ids_of, modules_of
from pytest_modeleval.foreign import harmless
from pytest_modeleval.gate.gate import Gate
from pytest_modeleval.history.flips import Key
from pytest_modeleval.history.named import asked_in
from pytest_modeleval.history.past import Run
from pytest_modeleval.history.reruns import leave_out, read_only
from pytest_modeleval.items.collect import selected, side
from pytest_modeleval.items.shipped import files_of, shipped_benchmarks, shipped_names
from pytest_modeleval.judging.labels import read_labels
from pytest_modeleval.judging.settings import RULE
from pytest_modeleval.judging.verdict import SOLUTIONS
from pytest_modeleval.limits import used_up
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import identity_of
from pytest_modeleval.models.offline import stay_offline
from pytest_modeleval.models.opener import open_model, openers
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import definition_of
from pytest_modeleval.options.options import Options
from pytest_modeleval.options.sources import read_options, settings_of
from pytest_modeleval.outputs.endings import refuse_outputs, refuse_overwritten
from pytest_modeleval.outputs.write import fail, tell_refused, write
from pytest_modeleval.perf.options.asked import has_loads
from pytest_modeleval.record import INTERRUPTED, Record
from pytest_modeleval.reports.plan import table as plan_table
from pytest_modeleval.results.expected import ENDED, Expected
from pytest_modeleval.results.fingerprint import who_has
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.levels import Levels
from pytest_modeleval.results.lost import lost_record
from pytest_modeleval.results.programs import Programs
from pytest_modeleval.results.recorder import Recorder
from pytest_modeleval.results.results import Results
from pytest_modeleval.results.setup import plain
from pytest_modeleval.results.verdicts import score_rows
from pytest_modeleval.run.finish import conclude, finished
from pytest_modeleval.run.in_turn import InTurn
from pytest_modeleval.run.judges import (
    refuse_judges,
    seeds_of_votes,
    settings_of_judges,
    setup_of_judges,
    with_settings,
)
from pytest_modeleval.run.labels import refuse_other_samples
from pytest_modeleval.run.making import collection_of, collector_of
from pytest_modeleval.run.models import models_of
from pytest_modeleval.run.preflight import (
    refuse_few_handles,
    refuse_for_baseline,
    refuse_foreign_answers,
    refuse_foreign_votes,
    refuse_incomparable,
    refuse_unfilled,
    refuse_without_role,
)
from pytest_modeleval.run.sandbox import Opener, pinned, refuse_unknown_kind
from pytest_modeleval.run.thinking import SHOWN, judge_thoughts, known_thoughts
from pytest_modeleval.sample import StopRun
from pytest_modeleval.sandbox.kinds import default_kind
from pytest_modeleval.store.alive import this_process
from pytest_modeleval.store.store import Store

# The name under which a worker tells the controller why nothing more can be asked.
STOPPED, PROGRAMS = "modeleval_stopped", "modeleval_programs"


class Evaluation:
    """Options, models, store, engine and results of one pytest session in one process."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._pid = os.getpid()
        # In seconds since the epoch; ages of answers are counted to it.
        self.began = time.time()
        self.options: Options = read_options(config)
        refuse_outputs(config.hook, self.options)
        if self.options.offline:
            stay_offline(config)
        if self.options.aa and self.options.repeats == 1:
            self.options = replace(self.options, repeats=2)
        settings = settings_of(config)
        worker = xdist.worker_input(config)
        self.run = str(worker["modeleval_run"]) if worker else uuid.uuid4().hex
        self.root = settings.root
        self.folder: Path = self.root / ".modeleval"
        self.models, self.roles = models_of(settings, self.options, self.run)
        self.judges = settings_of_judges(settings, self.options)
        refuse_judges(self.roles.get("judge", ()), self.judges)
        has_labels = self.judges.labels and self.roles.get("judge") and not self.options.arena
        self.labels = read_labels(self.judges.labels) if self.judges.labels and has_labels else None
        refuse_overwritten(self.options, [*self.models, *self.others])
        refuse_for_baseline(config, self.options)
        if self.options.plan:
            xdist.stay_in_one_process(config)
        if self.options.report and not worker:
            from pytest_modeleval.reports.allure.command import found

            found(self.root)
        self.files = modules_of(self.options)
        self.ids, self.hashes = ids_of(self.files), hashes_of(self.options)
        self.collection = collection_of(self.options)
        tables, lock = settings.tables["benchmarks"], self.folder / "datasets.json"
        pairs = pairs_of(self.models, self.roles.get("judge", ()), self.options)
        self.sandbox = self.options.sandbox or default_kind()
        self._opener = Opener(self.options, self.sandbox, config.hook)
        lacking = self._opener.lacking
        self.collector = collector_of(config, self.options, self.models, self.collection, tables, lock, pairs, lacking)
        self.battles = Battles([(one.name, two.name) for one, two in pairs], self.options.arena_baseline)
        self.battles.seeds = seeds_of_votes(self.roles.get("judge", ())) if pairs else {}
        self.results = Results()
        # The samples that pytest counts as failed: not those that an xfail expects.
        self.failed_samples = 0
        self.only: list[Key] | None = (
            worker["modeleval_only"] if worker else read_only(self.folder, self.models, self.options, self.ids)
        )
        gated = replace(self.options, baseline=None) if self.options.only else self.options
        lines = self.collection is not None and self.collection.has_lines
        self.gate = Gate(gated, lines=lines, ids=self.ids)
        self.expected = Expected()
        # What all reports are made of, once the run has ended in this process.
        self.finished: FinishedRun | None = None
        # Why nothing more was asked, or judged.
        self.stopped = ""
        # Load tests say themselves what came of the run.
        self.is_of_loads = False
        self.levels = Levels()
        self._is_worker = worker is not None
        self._owner = str(worker["workerid"]) if worker else "main"
        self._purse: Purse | None = None
        self.spent: Spent | None = None
        # The one that sums up.
        self.process = str(worker["modeleval_process"]) if worker else this_process()
        self.decided = Decided(self.folder, self.run) if self.gate.early else None
        if self.decided and xdist.each_worker_runs_all(config):
            raise pytest.UsageError("--eval-stop-early weighs one answer a sample: leave --dist each out")
        self.in_turn = InTurn(self.models, self.roles)
        # A gate's runs are compared where the same models have the roles.
        digests = Digests(self.folder / "models.json")
        who = who_has(self.roles, digests, openers(config.hook)) if self.roles else {}
        self._who_judges = who.get("judge", "")
        self.programs = Programs(self.sandbox)
        self._kept_sandbox: KeptSandbox | None = None
        self._who_has = {
            **with_settings(who, self.judges),
            "sandbox": pinned(self.sandbox, self.options.sandbox_python),
            **({"limits": json.dumps(limits)} if (limits := self.options.agent_limits) else {}),
        }
        self.recorder = Recorder(self.run, self.collector.lock, self._who_has, self.stop, pins_wanted=self.gate.decides)

    @property
    def asked(self) -> list[str]:
        """Whom items ask, as their ids and records say it: models, or pairs of them in battles."""
        return [side(*pair) for pair in self.collector.pairs] or [spec.name for spec in self.models]

    @property
    def others(self) -> list[ModelSpec]:
        """The models in roles."""
        return [spec for specs in self.roles.values() for spec in specs]

    @property
    def _judges_thoughts(self) -> bool:
        """Whether judges are asked which paragraph of a thought is the first right one."""
        return bool(self.options.thinking in SHOWN and self.roles.get("judge") and self.judges.strategy != RULE)

    @property
    def _parts_thoughts(self) -> bool:
        """Whether they are also to part it into solutions."""
        return self.options.thinking == SOLUTIONS

    def places(self) -> list[Path]:
        """What is run where no path was typed: the collection's files, a stored run's samples, or all shipped."""
        if self.collection:
            return list(dict.fromkeys(self.collection.files.values()))
        if not (again := asked_in(self.models, self.folder)):
            return [shipped_benchmarks()]
        names = {benchmark.partition(" (")[0] for _, benchmark, _ in again}
        if own := names - shipped_names():
            raise pytest.UsageError(f"--model {self.models[0].name}: it asked {', '.join(sorted(own))}: name its file")
        if self.only is None:
            self.only = sorted(battles_of(again, self.collector.pairs) if self.options.arena else again)
        return files_of(sorted(names))

    # The session

    def draw(self, session: pytest.Session) -> None:
        """Draw the collection's samples, if there is one."""
        if self.collection is None:
            return
        save_to = None if self._is_worker else self.options.collection_save
        try:
            place = partial(self.collector.place, chosen=True)
            self.collector.drawn = self.collection.draw(
                session, self.options, place, self.collector.settings, save_to=save_to
            )
        except pytest.UsageError as error:
            self.stop(str(error))

    def plan(self, session: pytest.Session) -> list[str]:
        """What the run would take, as lines; nothing is asked."""
        try:
            refuse_without_role(session.items, self.roles, self.judges.strategy)
            refuse_unfilled(session.items)
            with closing(Store(self.folder)) as store:
                judging = setup_of_judges(self.judges, self._who_judges, store, session.items, self.options.seed)
                sandbox = KeptSandbox(NothingRuns(self.sandbox), store)
                asked = replace(self._askers(store, None), judging=judging, sandbox=sandbox)
                solutions = self._parts_thoughts
                thoughts = partial(known_thoughts, store, solutions=solutions) if self._judges_thoughts else None
                with closing(Planner(store, asked, self.gate.discordance, thoughts, 1 + solutions)) as planner:
                    for item in session.items:
                        ref = selected(item)
                        if ref is not None and not item.get_closest_marker("skip"):
                            planner.add(ref, taken_of(item, self.roles), is_alone=is_alone(item))
                    lines = planner.lines([*self.models, *self.others])
        except (StopRun, pytest.UsageError) as error:
            self.stop(str(error))
        return [*plan_table(lines), *self._opener.planned(session.items)] if lines else []

    def start(self, session: pytest.Session) -> None:
        """Open the store and the engine, and ask ahead for what this process was given."""
        try:
            self._start(session)
        except (pytest.UsageError, StopRun) as error:
            self.stop(str(error))
        except (OSError, RuntimeError, MemoryError) as error:
            self.stop(f"cannot start asking: {error or type(error).__name__}{used_up(self.folder)}")

    def _start(self, session: pytest.Session) -> None:
        concurrency = xdist.share(self.config, self.options.concurrency)
        if not xdist.is_controller(self.config):
            refuse_few_handles([*self.models, *self.others], concurrency)
        store = self.recorder.store = Store(self.folder)
        if not self._is_worker:
            sweep(self.folder)
        if self.config.pluginmanager.has_plugin("allure_listener"):
            from pytest_modeleval.reports.allure.beside import keep_off_samples

            keep_off_samples(session)
        described = plain({k: v for k, v in asdict(self.options).items() if v is not None})
        store.begin_run(self.run, described, self.process)
        if self.gate.decides:
            find_interrupted(store, self.run, command_of(self.config, self.options))
        if self.options.budget:
            self._purse = Purse(store.path, self.run, self._owner, self.options.budget)
        if xdist.is_controller(self.config):
            return
        refuse_without_role(session.items, self.roles, self.judges.strategy)
        refuse_unfilled(session.items)
        refuse_foreign_answers(session.items, self.models, self.folder)
        refuse_foreign_votes(session.items, self.roles.get("judge", ()))
        self.expect([item.nodeid for item in session.items])
        refuse_other_samples(self.labels, session.items)
        judging = setup_of_judges(self.judges, self._who_judges, store, session.items, self.options.seed)
        sandbox = self._kept_sandbox = self._opener.of_run(session.items, store)
        asked = replace(self._askers(store, concurrency), judging=judging, sandbox=sandbox)
        self.in_turn.prefetch = Prefetch(session, asked, self.decided, self.stop)

    def expect(self, nodeids: Sequence[str]) -> None:
        """Know which items this run has, in the process that all reports reach; each worker names them all."""
        if self._is_worker:
            return
        if not self.expected.total or xdist.each_worker_runs_all(self.config):
            self.expected.add(nodeids)
        if self.gate.early:
            self.gate.early.begin(nodeids)

    def finish(self, session: pytest.Session, exit_status: int) -> None:
        """Judge, cancel what is in flight and write what waits."""
        # pytest looks for garbage several times at its end; what is left now is no garbage.
        gc.freeze()
        store, self.is_of_loads = self.recorder.store, has_loads(self.config, session.items)
        if (kept := self._kept_sandbox) is not None:
            self.programs = self.programs.plus(kept.tools, kept.lacking)
            if self._is_worker:
                self.config.workeroutput[PROGRAMS] = [kept.tools, kept.lacking]  # type: ignore[attr-defined]
        try:
            try:
                self._sum_up(session, store, exit_status)
            finally:
                if self.in_turn.prefetch is not None:
                    self.in_turn.prefetch.close()
        except KeyboardInterrupt:
            # Another Ctrl-C: what is not written yet will not be, but pytest still sums up.
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.finished = replace(self.finished or self._unfinished(), ended=INTERRUPTED, decision=None)
        except StopRun as error:
            fail(session, str(error))
        finally:
            self.in_turn.prefetch = None
            if self.finished is None and not self._is_worker:
                self.finished = self._unfinished()
            self._close(store, int(session.exitstatus))

    def _sum_up(self, session: pytest.Session, store: Store | None, exit_status: int) -> None:
        """Judge and write; raises `StopRun` where the store cannot be read."""
        if self.in_turn.prefetch is not None and self.gate.decides and exit_status in ENDED:
            self.in_turn.prefetch.look_again()
        if self._judges_thoughts and store is not None and self.in_turn.prefetch is not None and exit_status in ENDED:
            run = Run(self.run, self.began)
            judge_thoughts(self.in_turn.prefetch, run, session, store, solutions=self._parts_thoughts)
        if self._is_worker:
            return
        if store is None:
            self._refused(session)
            return
        if self.decided:
            self.decided.forget()
        if self._purse is not None:
            self.spent = self._purse.spent(priced=all(spec.price for spec in [*self.models, *self.others]))
        self.finished = conclude(self, session, store, exit_status)
        if not self.is_of_loads:
            write(self.finished, session, store)

    def _refused(self, session: pytest.Session) -> None:
        """Tell of a gate that was not reached, as the run ended before it began to ask."""
        is_to_ask = not (self.config.option.collectonly or self.options.plan or self.is_of_loads)
        if self.gate.decides and is_to_ask:
            self.stopped = self.stopped or "the run ended before it asked anything"
            self.finished = self._unfinished()
            tell_refused(self.finished, session)

    def _unfinished(self) -> FinishedRun:
        """The run as far as it came, where it was not concluded."""
        return finished(self, INTERRUPTED, int(pytest.ExitCode.INTERRUPTED))

    def _close(self, store: Store | None, exit_status: int) -> None:
        if self._purse is not None:
            self._purse.close()
            self._purse = None
        if store is None:
            return
        self.recorder.store = None
        try:
            if self.finished is not None:
                store.end_run(self.run, exit_status, self.finished.ended)
            store.close()
        except StopRun as error:
            self.config.get_terminal_writer().line(f"\n{error}", red=True)

    def deselect(self, items: list[pytest.Item]) -> None:
        """Leave what --eval-only does not name, and what -k names by another benchmark's name."""
        if self.only is not None:
            leave_out(items, self.only, self.config)
        if others := set(self.collector.others_of(items) if self.collector.named.keywords else ()):
            items[:] = [item for item in items if item not in others]
            self.config.hook.pytest_deselected(items=list(others))

    def arrange(self, items: list[pytest.Item], *, failed: bool) -> None:
        """End the run for a user's mistake found while collecting; put the items into the order of an early stop.

        Where a file ``failed`` to be collected, nobody knows what would have been in it.
        """
        try:
            self.collector.refuse_empty(items, failed=failed)
            # Every conftest is known by now.
            refuse_unknown_kind(self.sandbox, self.config.hook)
        except pytest.UsageError as error:
            self.stop(str(error))
        if self.gate.early:
            self.gate.early.arrange(items)
        if self.collector.pairs:
            together(items)

    def refuse_incomparable(self, items: Sequence[pytest.Item]) -> None:
        """End the run for what the gate would refuse at its end."""
        # What [gate] says is for runs with samples.
        if has_loads(self.config, items):
            return
        try:
            refuse_incomparable(self.config, self.gate, items, self.collector.lock, self._who_has)
        except pytest.UsageError as error:
            self.stop(str(error))

    def count(self, report: pytest.TestReport) -> None:
        """Count the record on a report, if it carries one; it does on one phase's report only.

        A report that pytest-rerunfailures calls a "rerun" is not the item's last word.
        """
        if report.when == "teardown":
            self.expected.report(report.nodeid)
            return
        if str(report.outcome) == "rerun":
            return
        if (record := Record.of(report.user_properties)) is not None:
            place = self.expected.place(report.nodeid)
            try:
                self.results.add(record, place)
                self.levels.add(record, place)
                if self.gate.decides:
                    self.gate.add(record)
            except pytest.UsageError as error:
                self.stop(str(error))
            self.battles.add(record)
            self.failed_samples += report.failed
            if self.gate.early and self.decided and (claim := self.gate.early.add(report.nodeid, record)):
                self.decided.tell(definition_of(report.nodeid), f"gate {claim}")
                if self.in_turn.prefetch is not None:
                    self.in_turn.prefetch.drop_decided()

    def lose(self, report: pytest.TestReport) -> None:
        """Make the report of a sample that went down with its worker an error."""
        if record := lost_record(report.nodeid, self.asked, self.results, self.collector.drawn, self.ids):
            why = str(report.longrepr)
            report.longrepr = f"error: {why}"
            report.user_properties.append(record.to_property())
            self.recorder.keep(score_rows(self.run, report.nodeid, record, None, "", why))

    def abandon(self, worker: str) -> None:
        """Wait no more for what a worker that is gone was asking."""
        if self._purse is not None:
            self._purse.abandon(worker)

    def end_copy(self) -> None:
        """End a process that a body forked and that came back from it: it would judge and save as the run does."""
        if os.getpid() != self._pid:
            os._exit(1)

    @property
    def rules(self) -> Rules:
        """What stored answers may serve the run."""
        return Rules(self.options.cache, self.run, self.gate.decides, self.began - self.options.resume_within)

    def _askers(self, store: Store, concurrency: int | None) -> Askers:
        identify = partial(identity_of, offline=self.options.offline, own=openers(self.config.hook))
        rules, opened = self.rules, self._open_model
        made = askers(self.models, self.roles, store, rules, opened, identify=identify, concurrency=concurrency)
        return replace(made, limits=self.options.agent_limits)

    def _open_model(self, spec: ModelSpec) -> Any:
        model = open_model(spec, self.config.hook)
        # Recorded answers cost nothing.
        return Metered(model, spec, self._purse) if self._purse and not spec.way.is_recorded else model

    def stop(self, why: str) -> NoReturn:
        """End the run with one line. A worker leaves the line to its controller."""
        self.stopped = why = harmless(why)
        if self._is_worker:
            self.config.workeroutput[STOPPED] = why  # type: ignore[attr-defined]
            pytest.exit(why)
        raise pytest.UsageError(why)
