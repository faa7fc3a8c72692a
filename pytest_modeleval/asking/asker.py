"""One model asked: from the store if it can be, else through its slots, again when it is unavailable."""

import asyncio
import contextlib
import math
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import pytest

from pytest_modeleval.asking.concurrency import MOST, START, Slots
from pytest_modeleval.asking.fitting import ANSWERS, lack, unsendable
from pytest_modeleval.asking.programs import KeptSandbox
from pytest_modeleval.asking.recall import Recall, Rules
from pytest_modeleval.asking.resuming import Resumption, is_same
from pytest_modeleval.calls import Called
from pytest_modeleval.judging.settings import JudgeSetup
from pytest_modeleval.limits import free_handles, used_up
from pytest_modeleval.models import Model, Unavailable
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.models.sent import as_read, as_sent
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.models.stored_run import RunModel
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.requests import LogLikelihood, Message, Request
from pytest_modeleval.sample import Completion, NotAsked, SampleError, StopRun
from pytest_modeleval.store.rows import UNDER_EVALUATION, OutcomeRow
from pytest_modeleval.store.store import Question, Store

# Seconds before the second attempt; each further one waits twice as long, up to the most, with full jitter
# (Brooker 2015, "Exponential Backoff And Jitter").
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# A rate limit is a healthy server's word: it is obeyed more often than a failure is forgiven.
RATE_LIMITS = 32
# A server that asks for more patience than this will not be waited for.
LONGEST_RETRY_AFTER = 600.0
# Not the shared one, which pytest-randomly seeds alike in all workers: their pauses would end together.
JITTER = random.Random()


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion, where it is stored, when it was asked and answered, to what, and by whom.

    ``stored`` is when a reused one was kept, in seconds since the epoch; a new one has None. One that this run was
    given before has no time at all.
    """

    completion: Completion
    key: str
    asked: float | None = None
    answered: float | None = None
    messages: Sequence[Message] = ()
    stored: float | None = None
    by: str = UNDER_EVALUATION
    # The key of the same answer of the interrupted run that this one takes up: what it called has been done.
    twin: str = ""
    # Whether its tokens and seconds are this item's, and no other's that it was asked for as well.
    counted: bool = True


class Asker:
    """Asks one model. Lives on the engine's loop; the model is opened by the first question the store cannot answer."""

    def __init__(
        self, recall: Recall, open_model: Callable[[], Model], spec: ModelSpec, concurrency: int | None
    ) -> None:
        self.spec = spec
        self.slots: Slots | None = None
        self._recall = recall
        self._open_model = open_model
        self._concurrency = concurrency
        self._resumption = Resumption(recall.store, recall.rules.run, spec.name, recall.who)
        self._opening: asyncio.Task[Model] | None = None
        # By the keys of requests; one that nobody holds is gone.
        self._under_way: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def key(self, request: Request) -> str:
        """The key under which a new answer to a request is stored."""
        return self._recall.question(as_sent(self.spec, request)).key

    def known(self, request: Request) -> str:
        """The key of the stored answer that would serve the request; empty where there is none."""
        request = as_sent(self.spec, request)
        kept = self._recall.kept(self._recall.question(request), request)
        return kept.key if kept else ""

    def at_once(self) -> int:
        """How many jobs may be under way: as many as there are slots, a first few before the model is open."""
        return self.slots.limit.now if self.slots else self._concurrency or START

    async def ask(self, request: Request) -> Answer:
        """The answer, stored or new; `SampleError` when there is none, `StopRun` when there will be none for anyone."""
        if self.spec.way.is_run:
            return await self._again(request)
        request = as_sent(self.spec, request)
        question = self._recall.question(request)
        if (answer := self._stored(question, request)) is not None:
            return answer
        if self._recall.rules.cache is Cache.ONLY:
            raise self._recall.no_answer(question)
        new: list[Answer] = []

        async def again() -> Completion:
            new.append(await self._ask(question, request))
            return new[0].completion

        if (kept := self._recall.interrupted(question)) is not None:
            await self._model(request)
            if await self._resumption.same_model(kept, again):
                return Answer(kept.completion, kept.key, stored=kept.created)
            if new and is_same(kept.completion, new[0].completion):
                return replace(new[0], twin=kept.key)
        return new[0] if new else await self._ask_once(question, request)

    def _stored(self, question: Question, request: Request) -> Answer | None:
        """The stored answer that serves; None where there is none."""
        if (kept := self._recall.kept(question, request)) is None:
            return None
        # One that this run was given, to the same question of another sample, is new.
        return Answer(kept.completion, kept.key, stored=None if kept.key == question.key else kept.created)

    async def _ask_once(self, question: Question, request: Request) -> Answer:
        """A new answer, or that of an equal request that is under way, where stored ones serve."""
        if not self._recall.rules.cache.reads:
            return await self._ask(question, request)
        if (lock := self._under_way.get(question.key)) is None:
            lock = self._under_way[question.key] = asyncio.Lock()
        async with lock:
            return self._stored(question, request) or await self._ask(question, request)

    async def _again(self, request: Request) -> Answer:
        """A stored run's answer, which is as old as it is there."""
        model = await self._model(request)
        assert isinstance(model, RunModel)
        kept = await model.kept(request)
        self._refuse_lacking(kept.completion, request)
        return Answer(kept.completion, kept.key, stored=kept.created)

    async def _ask(self, question: Question, request: Request) -> Answer:
        """A new answer."""
        if not self.spec.way.is_recorded and self._recall.is_halved(question):
            raise SampleError(unsendable(request))
        model = await self._model(request)
        asked = time.time()
        try:
            completion = as_read(request, await self._persist(model, request))
            self._refuse_lacking(completion, request)
            return Answer(completion, self._recall.keep(question, completion), asked, time.time())
        except StopRun:
            assert self.slots is not None
            # Those who wait for the slot are not to ask either.
            self.slots.close_for(math.inf)
            raise

    def _refuse_lacking(self, completion: Completion, request: Request) -> None:
        """Raise for an answer that lacks what was asked for, before it is stored."""
        if not isinstance(completion, wanted := ANSWERS[type(request)]):
            raise StopRun(
                f"{self.spec.name} says that it answers {request.gives}, and gave a {type(completion).__name__} in "
                f"place of {wanted.__name__}"
            )
        if why := lack(request, completion):
            raise SampleError(why)

    def outcome(self, key: str, tool: str) -> str | None:
        """What is kept of a tool's call by its key; None where the call is to be made.

        `SampleError` where only what is stored may serve.
        """
        rules = self._recall.rules
        if rules.cache.reads and (kept := self._recall.store.outcome(key)) is not None:
            return kept
        if rules.cache is Cache.ONLY:
            raise SampleError(f"no stored result of {tool}, and --eval-cache only calls no tool")
        return None

    def keep_outcome(self, key: str, tool: str, told: str) -> None:
        """Keep what a tool's call came to, if new answers are stored; it is on disk when this returns."""
        if self._recall.rules.cache.writes:
            self._recall.store.save_outcome(OutcomeRow(key, f"tool {tool}", told))

    async def look_again(self) -> None:
        """Keep what the model's server says of itself by now: another model may have taken its place."""
        if self.slots is None:
            return
        assert self._opening is not None
        describe = getattr(await self._opening, "describe", None)
        if describe is not None and (said := await describe()) is not None:
            self._resumption.opened(said)

    async def close(self) -> None:
        """Close the model if it was opened."""
        if self._opening is not None and self._opening.done() and not self._opening.cancelled():
            if not self._opening.exception():
                await self._opening.result().close()
        elif self._opening is not None:
            self._opening.cancel()

    async def _model(self, request: Request) -> Model:
        """The model, opened; `StopRun` where it does not answer requests of this kind."""
        kind = type(request)
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(kind))
        model = await asyncio.shield(self._opening)
        if kind in model.answers:
            return model
        given = " and ".join(sorted(each.gives for each in model.answers)) or "nothing"
        instead = ": ask it with --eval-set run.choices=generate" if kind is LogLikelihood else ""
        raise StopRun(f"{self.spec.name} answers {given}, and {request.sample_id} asks for {request.gives}{instead}")

    async def _open(self, kind: type[Request]) -> Model:
        try:
            # In a thread: importing torch and loading weights takes seconds.
            model = await asyncio.to_thread(self._open_model)
            await model.check(kind)
        except (StopRun, NotAsked, pytest.UsageError):
            raise
        except Exception as error:
            # Whatever a model's library raises here, every sample would meet again.
            raise StopRun(f"cannot open {self.spec.name}: {type(error).__name__}: {error}{used_up()}") from error
        self.slots = Slots(self._concurrency or model.concurrency, min(MOST, max(1, free_handles())))
        if self._recall.rules.judged and (said := getattr(model, "said", {})) is not None:
            self._resumption.opened(said)
        return model

    async def _persist(self, model: Model, request: Request) -> Completion:
        """Ask until there is an answer, it is this sample's error, or the attempts are used up."""
        assert self.slots is not None
        failures = limits = 0
        while True:
            await self.slots.take()
            started = asyncio.get_running_loop().time()
            try:
                completion = await model.answer(request)
            except Unavailable as error:
                clock = asyncio.get_running_loop().time()
                if error.rate_limited:
                    limits += 1
                    self.slots.limit.throttled(clock, clock - started)
                else:
                    failures += 1
                if failures > self.spec.retries or limits > RATE_LIMITS:
                    tried = failures + limits
                    attempts = "1 attempt" if tried == 1 else f"{tried} attempts"
                    raise SampleError(f"no answer after {attempts}: {error}") from None
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures + limits - 1)) * JITTER.random()
                if error.retry_after is not None:
                    if error.retry_after > LONGEST_RETRY_AFTER:
                        raise StopRun(
                            f"{self.spec.name} asks to come back in {error.retry_after:.0f} s: {error}"
                        ) from None
                    self.slots.close_for(error.retry_after)
            else:
                self.slots.limit.answered(asyncio.get_running_loop().time())
                return completion
            finally:
                self.slots.give_back()
            await asyncio.sleep(pause)


@dataclass
class Talk:
    """What tools were called for a sample, and how many turns its conversations may have, and have had."""

    called: list[Called] = field(default_factory=list)
    most: int = 0
    turns: int = 0


# A model, and a sample by benchmark, subset, row and repeat.
Conversed = tuple[str, str, str, int, int]


@dataclass(frozen=True)
class Askers:
    """Who asks each model under evaluation, by its name, and those of each role, in the order that they were given."""

    models: Mapping[str, Asker]
    roles: Mapping[str, Sequence[tuple[ModelSpec, Asker]]]
    judging: JudgeSetup = field(default_factory=JudgeSetup)
    # The conversations of battles, each for all that it is in (`asking.contestants`).
    shared: "OrderedDict[Conversed, asyncio.Task[list[Answer]]]" = field(default_factory=OrderedDict)
    # Where programs run, of a run that has such.
    sandbox: KeptSandbox | None = None
    # The user's own limits of a sample's conversation, over its benchmark's (`agents.conversation.AgentLimits`).
    limits: Mapping[str, Any] = field(default_factory=dict)
    # The conversations that are under way.
    talks: "dict[int, Talk]" = field(default_factory=dict)

    @property
    def all(self) -> list[Asker]:
        """Each once."""
        return list(dict.fromkeys([*self.models.values(), *(each for role in self.roles.values() for _, each in role)]))

    async def close(self) -> None:
        """Give up the conversations that battles share, and close each model that was opened."""
        for task in self.shared.values():
            task.cancel()
        await asyncio.gather(*self.shared.values(), return_exceptions=True)
        for asker in self.all:
            # One that cannot be closed keeps no other open, and the run is over.
            with contextlib.suppress(Exception):
                await asker.close()
        if self.sandbox is not None:
            await self.sandbox.close()


def askers(
    models: Iterable[ModelSpec],
    roles: Mapping[str, Sequence[ModelSpec]],
    store: Store,
    rules: Rules,
    open_model: Callable[[ModelSpec], Model],
    *,
    identify: Callable[[ModelSpec, Digests], Identity],
    concurrency: int | None,
) -> Askers:
    """Who asks the models; `pytest.UsageError` for a model whose files cannot be read.

    One that has several roles is opened once, and its requests share their slots.
    """
    # Beside the answers, so that the hashes are there as long as these.
    digests, found = Digests(store.path.with_name("models.json")), {}
    made: list[tuple[ModelSpec, Asker]] = []

    def asker(spec: ModelSpec) -> Asker:
        who = identify(spec, digests)
        pinned = replace(spec, args={**spec.args, "revision": who.commit}) if who.commit else spec
        made.append(
            (_bare(spec), Asker(Recall(store, rules, spec, who), partial(open_model, pinned), spec, concurrency))
        )
        return made[-1][1]

    for spec in models:
        found[spec.name] = asker(spec)
    others = {
        role: [(spec, next((its for bare, its in made if bare == _bare(spec)), None) or asker(spec)) for spec in specs]
        for role, specs in roles.items()
    }
    return Askers(found, others)


def _bare(spec: ModelSpec) -> ModelSpec:
    """What is opened: a name and the settings of single requests make no other model of it.

    A stored run's name says whose answers it gives, the model's or the judge's.
    """
    return replace(spec, name=spec.name if spec.way.is_run else "", generation={})
