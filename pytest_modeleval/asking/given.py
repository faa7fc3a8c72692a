"""What a benchmark's body is given by name: made for a sample that starts ahead of its turn, and for any test."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pytest

from pytest_modeleval.asking.asker import Askers
from pytest_modeleval.asking.awaiting import noted
from pytest_modeleval.asking.contestants import Contestants
from pytest_modeleval.asking.engine import Engine
from pytest_modeleval.asking.judge import AskedJudge, BlockingJudge
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.asking.programs import AskedSandbox, BlockingSandbox, KeptSandbox
from pytest_modeleval.asking.trial import AskedModel, Trial, ask_prompt, model_of, roles_of, run_body
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.requests import Json, Message
from pytest_modeleval.sample import Completion, Embeddings, Pictures, Ranking, SampleError, StopRun

R = TypeVar("R")
A = TypeVar("A")
# What a test that asks reads as its own line: where in here it was raised says nothing to its author.
_ERRORS = (SampleError, StopRun, pytest.UsageError)


_Maker = Callable[[Askers, SampleRef, Trial], Awaitable[object]]


async def _sample(askers: Askers, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return trial.sample


async def _completion(askers: Askers, ref: SampleRef, trial: Trial) -> object:
    return await ask_prompt(askers.models[ref.model.name], ref, trial)


async def _model(askers: Askers, ref: SampleRef, trial: Trial) -> object:
    return model_of(askers.models[ref.model.name], ref, trial, askers.limits)


async def _rule(askers: Askers, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return ref.source.scorer


async def _settings(askers: Askers, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return ref.source.settings.own


# The arguments that are models in a role; the last is all of a panel.
ROLE_OF = {"judge": "judge", "user": "user", "reranker": "reranker", "embedder": "embedder", "judges": "judge"}


def as_taken(name: str, found: Sequence[R]) -> R | Sequence[R]:
    """What a body gets by the name of a role's argument: its model, or all judges; `pytest.UsageError` for none."""
    if found:
        return found if name == "judges" else found[0]
    role = ROLE_OF[name]
    article = "an" if role == "embedder" else "a"
    raise pytest.UsageError(f"this benchmark needs {article} {role}: --model {role}=NAME")


def panel_of(askers: Askers, ref: SampleRef, trial: Trial) -> Panel:
    """The judges of a sample."""
    judges = roles_of(askers, "judge", ref, trial)
    is_probed = str(ref.item) in askers.judging.probed
    # A benchmark's own prompt is about one answer.
    prompt = None if ref.against else ref.source.settings.judge_prompt
    return Panel(judges, askers.judging, trial, prompt, is_probed)


async def _here(work: Coroutine[Any, Any, A]) -> A:
    return await work


async def _contestants(askers: Askers, ref: SampleRef, trial: Trial) -> object:
    return Contestants(askers, ref, trial)


async def _judge(askers: Askers, ref: SampleRef, trial: Trial) -> object:
    return AskedJudge(panel_of(askers, ref, trial), _here)


def sandbox_of(askers: Askers) -> KeptSandbox:
    """Where programs run; `SampleError` where nothing was opened, as in a plan."""
    if askers.sandbox is None:
        raise SampleError("no sandbox is open")
    return askers.sandbox


async def _sandbox(askers: Askers, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return AskedSandbox(sandbox_of(askers), _here)


def _role(name: str) -> _Maker:
    async def given(askers: Askers, ref: SampleRef, trial: Trial) -> object:
        return as_taken(name, roles_of(askers, ROLE_OF[name], ref, trial))

    return given


# How each is made for a sample. A body that takes these alone starts ahead of its turn; each has a fixture of its name.
GIVEN: Mapping[str, _Maker] = {
    "sample": _sample,
    "completion": _completion,
    "model": _model,
    "rule": _rule,
    "settings": _settings,
    **{name: _role(name) for name in ROLE_OF},
    "judge": _judge,
    "sandbox": _sandbox,
    # Of battles alone, whose test is our own: there is no such fixture.
    "contestants": _contestants,
}


def taken_roles(item: pytest.Item) -> list[str]:
    """The arguments of an item, also by way of fixtures of its own, that are models in a role."""
    return sorted(ROLE_OF.keys() & own_names(item))


def taken_of(item: pytest.Item, roles: Mapping[str, R]) -> dict[str, R]:
    """What there is of the roles that an item takes, of the sandbox, and of the limits of conversations."""
    own = own_names(item)
    taken = (
        {ROLE_OF[name] for name in taken_roles(item)} | (own & {"sandbox"}) | ({"limits"} if "model" in own else set())
    )
    return {role: roles[role] for role in sorted(taken & roles.keys())}


async def converse(askers: Askers, ref: SampleRef, others: Mapping[str, Any], trial: Trial | None = None) -> Trial:
    """Run an async body to its end, with what it takes of `GIVEN` made for it where ``others`` has no value."""
    trial = trial or Trial(ref.source.sample(ref.subset, ref.row))
    askers.talks[id(trial)] = trial.talk
    try:
        return await run_body(ref.source.benchmark.body, trial, await _arguments(askers, ref, others, trial))
    finally:
        del askers.talks[id(trial)]


async def _arguments(askers: Askers, ref: SampleRef, others: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    code = ref.source.benchmark.body.__code__
    arguments = {}
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        arguments[name] = others[name] if name in others else await GIVEN[name](askers, ref, trial)
    return arguments


def own_names(item: pytest.Item) -> set[str]:
    """Those of `GIVEN` that an item takes, without the ones for which somebody has a fixture of another meaning."""
    made = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return {name for name in {*GIVEN} & {*made} if made[name][-1].func.__module__ == "pytest_modeleval.fixtures"}


def is_alone(item: pytest.Item) -> bool:
    """Whether a test's arguments are nothing but what is made for its sample, whatever else is set up around it."""
    return isinstance(item, pytest.Function) and {*item._fixtureinfo.argnames} <= own_names(item)


async def elsewhere(engine: Engine[Any], work: Coroutine[Any, Any, A]) -> A:
    """What work on the engine's loop gives, for another loop."""
    __tracebackhide__ = True
    future: Future[A] = engine.start(work)
    try:
        return await asyncio.wrap_future(future)
    except _ERRORS as error:
        raise error.with_traceback(None) from None


def waited(engine: Engine[Any], work: Coroutine[Any, Any, A]) -> A:
    """What work on the engine's loop gives, waited for."""
    __tracebackhide__ = True
    try:
        return engine.wait(work)
    except _ERRORS as error:
        raise error.with_traceback(None) from None


def judge_elsewhere(panel: Panel, engine: Engine[Any], *, is_async: bool) -> AskedJudge | BlockingJudge:
    """The judges for a body that does not run on the engine's loop."""
    return AskedJudge(panel, partial(elsewhere, engine)) if is_async else BlockingJudge(panel, partial(waited, engine))


def sandbox_elsewhere(kept: KeptSandbox, engine: Engine[Any], *, is_async: bool) -> AskedSandbox | BlockingSandbox:
    """The sandbox for a body that does not run on the engine's loop."""
    if is_async:
        return AskedSandbox(kept, partial(elsewhere, engine))
    return BlockingSandbox(kept, partial(waited, engine))


@dataclass(frozen=True, repr=False)
class ModelElsewhere:
    """The model for an async body on a loop that is not the engine's; `sample.Model` for a test."""

    asked: AskedModel
    engine: Engine[Any]

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""
        return self.asked.name

    @noted
    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """As `AskedModel.complete`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.complete(messages, tools=tools, **generation))

    @noted
    async def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """As `AskedModel.embed`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.embed(texts, **parameters))

    @noted
    async def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """As `AskedModel.rerank`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.rerank(query, documents, **parameters))

    @noted
    async def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """As `AskedModel.paint`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.paint(prompt, **parameters))

    async def _ask(self, work: Coroutine[Any, Any, A]) -> A:
        __tracebackhide__ = True
        return await elsewhere(self.engine, work)


@dataclass(frozen=True, repr=False)
class BlockingModel:
    """The model for a sync body, which waits for each answer; `sample.SyncModel` for a test."""

    asked: AskedModel
    there: Callable[[Coroutine[Any, Any, Any]], Any]

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""
        return self.asked.name

    def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """As `AskedModel.complete`, and waits for it; so do the others."""
        __tracebackhide__ = True
        completion: Completion = self.there(self.asked.complete(messages, tools=tools, **generation))
        return completion

    def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """As `AskedModel.embed`."""
        __tracebackhide__ = True
        vectors: Embeddings = self.there(self.asked.embed(texts, **parameters))
        return vectors

    def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """As `AskedModel.rerank`."""
        __tracebackhide__ = True
        ranking: Ranking = self.there(self.asked.rerank(query, documents, **parameters))
        return ranking

    def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """As `AskedModel.paint`."""
        __tracebackhide__ = True
        pictures: Pictures = self.there(self.asked.paint(prompt, **parameters))
        return pictures
