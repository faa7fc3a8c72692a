"""One sample's turn: its question, what the model answered, and how an async body ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from pytest_modeleval.asking.asker import Answer, Asker
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.items.filters import filtered
from pytest_modeleval.sample import (
    Completion,
    FilteredCompletion,
    Json,
    Message,
    Request,
    Sample,
    SampleError,
    Score,
    recorded_scores,
)
from pytest_modeleval.scorers.choices import likeliest


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
        request = Request(messages, tools, settings, self.ref.repeat, str(self.ref.item))
        asked_before = self._asked.count(request)
        self._asked.append(request)
        answer = await self.asker.ask(replace(request, asked_before=asked_before) if asked_before else request)
        self.turn.answers.append(replace(answer, messages=tuple(messages)))
        if filters := self.ref.source.settings.filters:
            as_it_came = {each.name: getattr(answer.completion, each.name) for each in fields(Completion)}
            return FilteredCompletion(**as_it_came, scored=filtered(answer.completion.text, filters))
        return answer.completion


TURN = pytest.StashKey[Turn | SampleError]()

# What an async body may take and still be started before its item's turn.
AHEAD = {"sample", "model"}


def first_request(sample: Sample, ref: SampleRef) -> Request:
    """What a sample's prompt, or its options' log-likelihoods, are asked by."""
    if sample.pairs:
        # A log-likelihood does not vary: repeats share one answer.
        return Request(sample.messages, sample_id=str(ref.item), pairs=sample.pairs)
    return Request(sample.messages, sample.tools, dict(ref.model.generation), ref.repeat, str(ref.item))


async def ask_once(asker: Asker, ref: SampleRef) -> Turn:
    """Ask a sample's prompt, for a body that is given the completion."""
    turn = Turn(ref.source.sample(ref.subset, ref.row))
    model = ModelInTurn(asker, turn, ref)
    if turn.sample.pairs:
        await _weigh(model)
    else:
        completion = await model.complete(turn.sample.messages, tools=turn.sample.tools)
        if isinstance(completion, FilteredCompletion):
            # A body that is given the completion has no conversation: it reads what is scored.
            answer = turn.answers[0]
            turn.answers[0] = replace(answer, completion=replace(answer.completion, text=completion.scored))
    return turn


async def _weigh(model: ModelInTurn) -> None:
    """Put a sample's likeliest option into the turn as the answer, ``ANSWER: B``, and `acc_norm` among its scores.

    acc_norm is the choice by log-likelihood per character of what is weighed, without the space before it, as in the
    lm-evaluation-harness (0.4.13, `process_results`).
    """
    sample = model.turn.sample
    answer = await model.asker.ask(first_request(sample, model.ref))
    logprobs = answer.completion.choice_logprobs[: len(sample.options)]
    text = f"ANSWER: {likeliest(logprobs)}"
    model.turn.answers.append(replace(answer, completion=replace(answer.completion, text=text)))
    lengths = [len(continuation.removeprefix(" ")) for _, continuation in sample.pairs]
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
