"""This process's items, asked ahead of pytest in their order; each waits for its own answer before it runs."""

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from inspect import iscoroutinefunction
from itertools import dropwhile, islice, takewhile
from typing import Any, NoReturn

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.asking.asker import Askers
from pytest_modeleval.asking.engine import Engine, Job
from pytest_modeleval.asking.given import (
    ROLE_OF,
    BlockingModel,
    ModelElsewhere,
    as_taken,
    converse,
    judge_elsewhere,
    own_names,
    panel_of,
    sandbox_elsewhere,
    sandbox_of,
    waited,
)
from pytest_modeleval.asking.judge import AskedJudge, BlockingJudge
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.asking.programs import AskedSandbox, BlockingSandbox
from pytest_modeleval.asking.shelved import Shelved
from pytest_modeleval.asking.stop_signal import Decided
from pytest_modeleval.asking.thoughts import AboutThought, ask_about_thoughts
from pytest_modeleval.asking.trial import TRIAL, AskedModel, Trial, ask_prompt, model_of, prepare, roles_of
from pytest_modeleval.items.collect import SampleRef, selected
from pytest_modeleval.names import definition_of
from pytest_modeleval.sample import Completion, NotAsked, SampleError, StopRun

Elsewhere = ModelElsewhere | BlockingModel
# How many times the requests in flight may be answered ahead of their turn where a gate may end the asking.
_AHEAD_OF_GATE = 2
# How many questions may be under way for each request that may: what waits for a slot is made, and sent at once when an
# answer comes, where making it then costs the model 1 ms a round (bench/asking.py).
_QUESTIONS = 2
# How many conversations may.
_CONVERSATIONS = 16


class _NotAsked(Exception):
    """Leaves the wait for an answer that no gate needs any more."""


class Prefetch:
    """The engine at work on one session's items; ``stop`` ends the run with one line."""

    def __init__(
        self,
        session: pytest.Session,
        askers: Askers,
        decided: Decided | None,
        stop: Callable[[str], NoReturn],
    ) -> None:
        self._session, self._askers, self._decided, self._stop = session, askers, decided, stop
        self._is_worker = xdist.worker_input(session.config) is not None
        self._fed: set[str] = set()
        # The samples that this process has run, by their items' ids.
        self.ran: dict[str, SampleRef] = {}
        self._last: object = None
        self._engine: Engine[Trial | Shelved] = Engine([askers.close], backlog=_AHEAD_OF_GATE if decided else None)
        self._feed()

    @property
    def in_flight(self) -> int:
        """The requests that models are at; more conversations than these may be under way."""
        return sum(asker.slots.in_flight for asker in self._askers.all if asker.slots)

    @property
    def talks(self) -> tuple[int, int]:
        """How many conversations with tools are under way, and how many turns these have had."""
        turns = [talk.turns for talk in list(self._askers.talks.values()) if talk.most]
        return len(turns), sum(turns)

    @property
    def programs(self) -> int:
        """The programs that run, or wait for a core."""
        return len(self._askers.sandbox.under_way) if self._askers.sandbox else 0

    def look_again(self) -> None:
        """Have the models' servers say once more what they are, after their last answers."""
        for number, asker in enumerate(self._askers.all):
            name = f"{asker.spec.name} {number}"
            work: Callable[[], Awaitable[Any]] = asker.look_again
            # Beside whatever is still in flight, and in vain where nothing more can be asked.
            self._engine.feed_first(Job(name, work, lambda: sys.maxsize))
            with suppress(StopRun):
                self._engine.result(name, lambda: None)

    def close(self) -> None:
        """Cancel what is in flight."""
        self._engine.close()

    def drop_decided(self) -> None:
        """Ask no more of what is decided."""
        if (decided := self._decided) is not None:
            self._engine.drop(lambda nodeid: decided.reason(definition_of(nodeid)) is not None)

    def wait_for(self, item: pytest.Item, tick: Callable[[], None]) -> None:
        """Wait for an item's answer before pytest runs it; end the run when nothing more can be asked."""
        ref = selected(item)
        if ref is None or self._skip_decided(item):
            return
        self.ran[item.nodeid] = ref
        self._feed_more()
        if item.nodeid not in self._fed:
            if ref.source.benchmark.is_async or item.get_closest_marker("skip"):
                return
            # xdist has taken this one out of its queue already.
            self._fed.add(item.nodeid)
            self._engine.feed_first(self._job(item, ref))

        def tick_and_feed() -> None:
            tick()
            if self._skip_decided(item):
                raise _NotAsked
            self._feed_more()

        with suppress(_NotAsked):
            item.stash[TRIAL] = self._result(item, tick_and_feed)

    def _skip_decided(self, item: pytest.Item) -> bool:
        """Have an item skipped, with the reason, whose gate is decided."""
        if self._decided is None:
            return False
        if self._is_worker and self._decided.look():
            self.drop_decided()
        reason = self._decided.reason(definition_of(item.nodeid))
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
        return reason is not None

    def run_body(self, item: pytest.Function) -> bool:
        """Run an async body, or take how it ended when it ran ahead; False for a body that pytest runs itself."""
        ref = selected(item)
        if ref is None or not ref.source.benchmark.is_async:
            return False
        trial = item.stash.get(TRIAL, None)
        if trial is None or (isinstance(trial, Trial) and not trial.ran):
            own = own_names(item)
            others = {name: value for name, value in item.funcargs.items() if name not in own}
            # Behind this one, which is wanted now.
            self._engine.feed_next([self._job(other, its, others) for other, its in self._alike(item)])
            self._engine.feed_first(self._job(item, ref, item.funcargs, trial))
            trial = item.stash[TRIAL] = self._result(item, lambda: None)
        ended = trial if isinstance(trial, SampleError) else trial.ended
        if isinstance(ended, NotAsked):
            pytest.skip(str(ended))
        if ended is not None:
            raise ended
        return True

    def model_for(self, item: pytest.Function, name: str) -> Elsewhere:
        """The model of that name, to be asked by an item in its own turn."""
        ref, asker = selected(item), self._askers.models[name]
        trial = item.stash.get(TRIAL, None)
        # An ordinary test is no sample: nobody looks at its answers.
        asked = (
            model_of(asker, ref, trial, self._askers.limits)
            if ref and isinstance(trial, Trial)
            else AskedModel(asker, [], [], {"sample_id": item.nodeid}, limits=self._askers.limits)
        )
        return self._elsewhere(item, asked)

    def role_for(
        self, item: pytest.Function, name: str
    ) -> Elsewhere | Sequence[Elsewhere] | AskedJudge | BlockingJudge:
        """What an item takes by the name of a role's argument, to be asked in its own turn."""
        ref, trial, role = selected(item), item.stash.get(TRIAL, None), ROLE_OF[name]
        if ref and isinstance(trial, Trial):
            found = roles_of(self._askers, role, ref, trial)
        else:
            others = self._askers.roles.get(role, ())
            found = [AskedModel(asker, [], [], {"sample_id": item.nodeid}, role=spec) for spec, asker in others]
        if name == "judge":
            its = trial if isinstance(trial, Trial) else None
            panel = panel_of(self._askers, ref, its) if ref and its else Panel(found, self._askers.judging)
            return judge_elsewhere(panel, self._engine, is_async=_is_async(item, ref))
        return as_taken(name, [self._elsewhere(item, asked) for asked in found])

    def sandbox_for(self, item: pytest.Function) -> AskedSandbox | BlockingSandbox:
        """The sandbox for an item in its own turn."""
        is_async = _is_async(item, selected(item))
        return sandbox_elsewhere(sandbox_of(self._askers), self._engine, is_async=is_async)

    def _elsewhere(self, item: pytest.Function, asked: AskedModel) -> Elsewhere:
        if _is_async(item, selected(item)):
            return ModelElsewhere(asked, self._engine)
        return BlockingModel(asked, partial(waited, self._engine))

    def ask_prompt(self, item: pytest.Function, trial: Trial) -> Completion:
        """Ask the prompt of an item in its own turn."""
        ref = selected(item)
        assert ref is not None
        return self._engine.wait(ask_prompt(self._askers.models[ref.model.name], ref, trial))

    def judge_thoughts(self, questions: Sequence[AboutThought]) -> dict[str, Trial]:
        """What judges say of thoughts before answers that this process has asked for, by item."""
        asked = [(each, self.ran[each.item]) for each in questions]
        return self._engine.wait(ask_about_thoughts(self._askers, asked))

    def _alike(self, item: pytest.Function) -> Iterator[tuple[pytest.Item, SampleRef]]:
        """The items right behind one that are given the same values of the same fixtures, made once for all of them."""
        if not _outlives(item):
            return
        behind = dropwhile(lambda other: other is not item, xdist.given_items(self._session))
        for other in takewhile(lambda other: _is_alike(item, other), islice(behind, 1, None)):
            ref = selected(other)
            if ref is not None and other.nodeid not in self._fed and not other.get_closest_marker("skip"):
                self._fed.add(other.nodeid)
                yield other, ref

    def _result(self, item: pytest.Item, tick: Callable[[], None]) -> Trial | SampleError:
        try:
            result = self._engine.result(item.nodeid, tick)
            return result.taken() if isinstance(result, Shelved) else result
        except SampleError as error:
            return error
        except (StopRun, pytest.UsageError) as error:
            self._stop(str(error))

    def _feed_more(self) -> None:
        """Feed what a worker was sent since it was looked last; of thousands that wait most were fed before."""
        if self._is_worker and (last := xdist.last_given(self._session)) != self._last:
            self._last = last
            self._feed()

    def _feed(self) -> None:
        jobs = []
        for item in xdist.given_items(self._session):
            ref = selected(item)
            if ref is None or item.nodeid in self._fed or item.get_closest_marker("skip"):
                continue
            body = ref.source.benchmark
            if body.is_async and not set(getattr(item, "fixturenames", ())) - {"request"} <= own_names(item):
                # It needs fixtures of its own, so it starts in its turn.
                continue
            self._fed.add(item.nodeid)
            jobs.append(self._job(item, ref))
        if jobs:
            self._engine.feed(jobs)

    def _job(
        self, item: pytest.Item, ref: SampleRef, others: Mapping[str, Any] | None = None, trial: Trial | None = None
    ) -> Job[Trial | Shelved]:
        asker = self._askers.models[ref.model.name]
        # An early stop asks no more ahead than it must.
        if not ref.source.benchmark.is_async:
            names = own_names(item)
            many = 1 if self._decided else _QUESTIONS

            async def shelved() -> Trial | Shelved:
                return Shelved.of(await prepare(asker, ref, names), ref)

            return Job(item.nodeid, shelved, lambda: many * asker.at_once(), ref.model.name)
        # Its requests wait for slots; between them it waits for tools, or for another model.
        many = 1 if self._decided else _CONVERSATIONS
        return Job(
            item.nodeid,
            lambda: converse(self._askers, ref, others or {}, trial),
            lambda: many * asker.at_once(),
            f"{ref.model.name}, conversations",
        )


def _is_async(item: pytest.Function, ref: SampleRef | None) -> bool:
    return ref.source.benchmark.is_async if ref else iscoroutinefunction(item.function)


def _outlives(item: pytest.Function) -> bool:
    """Whether all that an item is given besides its sample and model is made for more than this item."""
    made = item._fixtureinfo.name2fixturedefs
    return all(made[name][-1].scope != "function" for name in {*item.fixturenames} & {*made} - own_names(item))


def _is_alike(item: pytest.Function, other: pytest.Item) -> bool:
    """Whether another item runs the same body with the same fixtures."""
    if not isinstance(other, pytest.Function) or other.function is not item.function or other.parent is not item.parent:
        return False
    # No fixture but the sample may have parameters.
    return all(set(each.callspec.params) == {"sample"} for each in (item, other))
