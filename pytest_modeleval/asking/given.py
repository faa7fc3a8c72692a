"""What a benchmark's body is given by name: made for a sample that starts ahead of its turn, and for any test."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.asking.asker import Asker
from pytest_modeleval.asking.engine import Engine
from pytest_modeleval.asking.trial import A, AskedModel, Trial, ask_prompt, model_of, run_body
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.requests import Json, Message
from pytest_modeleval.sample import Completion, Embeddings, Pictures, Ranking, SampleError, StopRun

# What a test that asks reads as its own line: where in here it was raised says nothing to its author.
_ERRORS = (SampleError, StopRun, pytest.UsageError)


async def _sample(asker: Asker, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return trial.sample


async def _model(asker: Asker, ref: SampleRef, trial: Trial) -> object:
    return model_of(asker, ref, trial)


async def _rule(asker: Asker, ref: SampleRef, trial: Trial) -> object:  # noqa: ARG001 - all of one shape
    return ref.source.scorer


# How each is made for a sample. A body that takes these alone starts ahead of its turn; each has a fixture of its name.
GIVEN: Mapping[str, Callable[[Asker, SampleRef, Trial], Awaitable[object]]] = {
    "sample": _sample,
    "completion": ask_prompt,
    "model": _model,
    "rule": _rule,
}


async def converse(asker: Asker, ref: SampleRef, others: Mapping[str, Any], trial: Trial | None = None) -> Trial:
    """Run an async body to its end, with what it takes of `GIVEN` made for it where ``others`` has no value."""
    trial = trial or Trial(ref.source.sample(ref.subset, ref.row))
    code = ref.source.benchmark.body.__code__
    arguments = {}
    for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        arguments[name] = others[name] if name in others else await GIVEN[name](asker, ref, trial)
    return await run_body(ref.source.benchmark.body, trial, arguments)


def own_names(item: pytest.Item) -> set[str]:
    """Those of `GIVEN` that an item takes, without the ones for which somebody has a fixture of another meaning."""
    made = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    return {name for name in {*GIVEN} & {*made} if made[name][-1].func.__module__ == "pytest_modeleval.fixtures"}


@dataclass(frozen=True, repr=False)
class ModelElsewhere:
    """The model for an async body on a loop that is not the engine's; `sample.Model` for a test."""

    asked: AskedModel
    engine: Engine[Trial]

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""
        return self.asked.name

    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """As `AskedModel.complete`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.complete(messages, tools=tools, **generation))

    async def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """As `AskedModel.embed`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.embed(texts, **parameters))

    async def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """As `AskedModel.rerank`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.rerank(query, documents, **parameters))

    async def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """As `AskedModel.paint`."""
        __tracebackhide__ = True
        return await self._ask(self.asked.paint(prompt, **parameters))

    async def _ask(self, work: Coroutine[Any, Any, A]) -> A:
        __tracebackhide__ = True
        future: Future[A] = self.engine.start(work)
        try:
            return await asyncio.wrap_future(future)
        except _ERRORS as error:
            raise error.with_traceback(None) from None


@dataclass(frozen=True, repr=False)
class BlockingModel:
    """The model for a sync body, which waits for each answer; `sample.SyncModel` for a test."""

    asked: AskedModel
    engine: Engine[Trial]

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""
        return self.asked.name

    def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """As `AskedModel.complete`, and waits for it; so do the others."""
        __tracebackhide__ = True
        return self._ask(self.asked.complete(messages, tools=tools, **generation))

    def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """As `AskedModel.embed`."""
        __tracebackhide__ = True
        return self._ask(self.asked.embed(texts, **parameters))

    def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """As `AskedModel.rerank`."""
        __tracebackhide__ = True
        return self._ask(self.asked.rerank(query, documents, **parameters))

    def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """As `AskedModel.paint`."""
        __tracebackhide__ = True
        return self._ask(self.asked.paint(prompt, **parameters))

    def _ask(self, work: Coroutine[Any, Any, A]) -> A:
        __tracebackhide__ = True
        try:
            return self.engine.wait(work)
        except _ERRORS as error:
            raise error.with_traceback(None) from None
