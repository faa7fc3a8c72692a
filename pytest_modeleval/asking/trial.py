"""One sample's turn: its question, what the model answered, and how an async body ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import pytest

from pytest_modeleval.asking.asker import Answer, Asker
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.items.filters import filtered
from pytest_modeleval.requests import Chat, Embed, Json, LogLikelihood, Message, NotChat, Paint, Request, Rerank
from pytest_modeleval.sample import (
    Completion,
    Embeddings,
    FilteredCompletion,
    Pictures,
    Ranking,
    Sample,
    SampleError,
    Score,
    recorded_scores,
)
from pytest_modeleval.scorers.choices import likeliest

A = TypeVar("A", bound=Completion)


@dataclass
class Turn:
    """What has happened for one sample so far."""

    sample: Sample
    answers: list[Answer] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    ended: BaseException | None = None


@dataclass
class ModelInTurn:
    """The `model` of an async benchmark: asks the model under evaluation for this sample."""

    asker: Asker
    turn: Turn
    ref: SampleRef
    _asked: list[Request] = field(default_factory=list)

    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """The model's answer to the messages; ``generation`` goes over the model's own settings.

        The same asked again is answered again. Scorers read what the filters leave of it; its ``text`` is as it came.
        """
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        settings = {**self.asker.spec.generation, **generation}
        completion = await self._ask(Chat(messages, tools, settings, **self._who), Completion)
        if filters := self.ref.source.settings.filters:
            as_it_came = {each.name: getattr(completion, each.name) for each in fields(Completion)}
            return FilteredCompletion(**as_it_came, scored=filtered(completion.text, filters))
        return completion

    async def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """A vector for each text; ``parameters`` are further fields of the request, such as ``dimensions``."""
        return await self._ask(Embed(texts, parameters, **self._who), Embeddings)

    async def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """How well each document fits the query."""
        return await self._ask(Rerank(query, documents, parameters, **self._who), Ranking)

    async def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """Pictures of the prompt; ``parameters`` are further fields of the request, such as ``size``."""
        return await self._ask(Paint(prompt, parameters, **self._who), Pictures)

    @property
    def _who(self) -> dict[str, Any]:
        return {"repeat": self.ref.repeat, "sample_id": str(self.ref.item)}

    async def _ask(self, request: Request, kind: type[A]) -> A:
        """The answer, which is of this kind; kept for the item's turn."""
        asked_before = self._asked.count(request)
        self._asked.append(request)
        answer = await self.asker.ask(replace(request, asked_before=asked_before) if asked_before else request)
        self.turn.answers.append(replace(answer, messages=tuple(request.messages)))
        assert isinstance(answer.completion, kind)
        return answer.completion


TURN = pytest.StashKey[Turn | SampleError]()

# What an async body may take and still be started before its item's turn.
AHEAD = {"sample", "model"}


def first_request(sample: Sample, ref: SampleRef) -> Request:
    """What a sample's prompt is asked by."""
    who: dict[str, Any] = {"repeat": ref.repeat, "sample_id": str(ref.item)}
    if isinstance(sample.prompt, NotChat):
        return replace(sample.prompt, **who)
    return Chat(sample.messages, sample.tools, dict(ref.model.generation), **who)


async def ask_once(asker: Asker, ref: SampleRef) -> Turn:
    """Ask a sample's prompt, for a body that is given the completion."""
    turn = Turn(ref.source.sample(ref.subset, ref.row))
    model = ModelInTurn(asker, turn, ref)
    prompt = turn.sample.prompt
    if isinstance(prompt, LogLikelihood) and turn.sample.options:
        await _weigh(model, prompt)
    elif isinstance(prompt, NotChat):
        await model._ask(first_request(turn.sample, ref), Completion)
    else:
        completion = await model.complete(turn.sample.messages, tools=turn.sample.tools)
        if isinstance(completion, FilteredCompletion):
            # A body that is given the completion has no conversation: it reads what is scored.
            answer = turn.answers[0]
            turn.answers[0] = replace(answer, completion=replace(answer.completion, text=completion.scored))
    return turn


async def _weigh(model: ModelInTurn, asked: LogLikelihood) -> None:
    """Put a sample's likeliest option into the turn as the answer, ``ANSWER: B``, and `acc_norm` among its scores.

    acc_norm is the choice by log-likelihood per character of what is weighed, without the space before it, as in the
    lm-evaluation-harness (0.4.13, `process_results`).
    """
    sample = model.turn.sample
    answer = await model.asker.ask(first_request(sample, model.ref))
    logprobs = answer.completion.numbers[: len(sample.options)]
    text = f"ANSWER: {likeliest(logprobs)}"
    model.turn.answers.append(replace(answer, completion=replace(answer.completion, text=text)))
    lengths = [len(continuation.removeprefix(" ")) for _, continuation in asked.pairs]
    by_length = likeliest([logprob / length for logprob, length in zip(logprobs, lengths, strict=False)])
    right = by_length in sample.target
    model.turn.scores.append(Score(float(right), right, by_length, " or ".join(sample.target), name="acc_norm"))


async def converse(asker: Asker, ref: SampleRef, arguments: dict[str, Any] | None) -> Turn:
    """Run an async body to its end.

    An assertion or a skip is kept for the item's turn; any other error is the sample's.
    """
    turn = Turn(ref.source.sample(ref.subset, ref.row))
    model = ModelInTurn(asker, turn, ref)
    body = ref.source.benchmark.body
    offered = {"sample": turn.sample, "model": model, **(arguments or {})}
    names = body.__code__.co_varnames[: body.__code__.co_argcount + body.__code__.co_kwonlyargcount]
    recorded_scores.set(turn.scores)
    try:
        await body(**{name: offered[name] for name in names})
    except (AssertionError, pytest.skip.Exception, pytest.fail.Exception) as ended:
        turn.ended = ended
    return turn
