"""One sample's trial: its question, what the model answered, and how an async body ended."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from pytest_modeleval.asking.asker import UNDER_EVALUATION, Answer, Asker
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.items.filters import Filter, filtered
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
    """What has happened for one sample so far; ``answers`` are of all models that were asked for it."""

    sample: Sample
    answers: list[Answer] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    # Whether an async body has run, and what it raised.
    ran: bool = False
    ended: BaseException | None = None
    requests: list[Request] = field(default_factory=list)

    @property
    def own(self) -> list[Answer]:
        """The answers of the model under evaluation: tokens, times and mistakes of others are not its own."""
        return [answer for answer in self.answers if answer.by == UNDER_EVALUATION]


TURN = pytest.StashKey[Turn | SampleError]()


@dataclass
class AskedModel:
    """The `model` of a test: asks the model under evaluation, for one sample or for an ordinary test.

    Its answers, and what was asked before, are kept in the lists that are given.
    """

    asker: Asker
    answers: list[Answer]
    requests: list[Request]
    # Who asks (`sample.Request.sample_id`).
    asks: str
    repeat: int = 0
    filters: Sequence[Filter] = ()

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""
        return self.asker.spec.name

    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """The model's answer to the messages; ``generation`` goes over the model's own settings.

        The same asked again is answered again. Scorers read what the filters leave of it; its ``text`` is as it came.
        """
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        settings = {**self.asker.spec.generation, **generation}
        request = Request(messages, tools, settings, self.repeat, self.asks)
        asked_before = self.requests.count(request)
        self.requests.append(request)
        answer = await self.asker.ask(replace(request, asked_before=asked_before) if asked_before else request)
        self.answers.append(replace(answer, messages=tuple(messages)))
        if self.filters:
            as_it_came = {each.name: getattr(answer.completion, each.name) for each in fields(Completion)}
            return FilteredCompletion(**as_it_came, scored=filtered(answer.completion.text, self.filters))
        return answer.completion


def model_of(asker: Asker, ref: SampleRef, turn: Turn) -> AskedModel:
    """The model, asked for a sample."""
    filters = ref.source.settings.filters
    return AskedModel(asker, turn.answers, turn.requests, str(ref.item), ref.repeat, filters)


def first_request(sample: Sample, ref: SampleRef) -> Request:
    """What a sample's prompt, or its options' log-likelihoods, are asked by."""
    if sample.pairs:
        # A log-likelihood does not vary: repeats share one answer.
        return Request(sample.messages, sample_id=str(ref.item), pairs=sample.pairs)
    return Request(sample.messages, sample.tools, dict(ref.model.generation), ref.repeat, str(ref.item))


async def ask_prompt(asker: Asker, ref: SampleRef, turn: Turn) -> Completion:
    """Ask a sample's prompt, or which of its options is the likeliest."""
    if turn.sample.pairs:
        return await _weigh(asker, ref, turn)
    return await model_of(asker, ref, turn).complete(turn.sample.messages, tools=turn.sample.tools)


async def prepare(asker: Asker, ref: SampleRef, names: Collection[str]) -> Turn:
    """What a sync body with arguments of these names is given: the sample, and its prompt asked.

    It is not where the body takes the model and no completion.
    """
    turn = Turn(ref.source.sample(ref.subset, ref.row))
    if "model" in names and "completion" not in names:
        return turn
    completion = await ask_prompt(asker, ref, turn)
    if isinstance(completion, FilteredCompletion) and "model" not in names:
        # Without the model there is no conversation to go on with: the body reads what is scored.
        answer = turn.answers[0]
        turn.answers[0] = replace(answer, completion=replace(answer.completion, text=completion.scored))
    return turn


async def _weigh(asker: Asker, ref: SampleRef, turn: Turn) -> Completion:
    """Put a sample's likeliest option into the turn as the answer, ``ANSWER: B``, and `acc_norm` among its scores.

    acc_norm is the choice by log-likelihood per character of what is weighed, without the space before it, as in the
    lm-evaluation-harness (0.4.13, `process_results`).
    """
    sample = turn.sample
    answer = await asker.ask(first_request(sample, ref))
    logprobs = answer.completion.choice_logprobs[: len(sample.options)]
    completion = replace(answer.completion, text=f"ANSWER: {likeliest(logprobs)}")
    turn.answers.append(replace(answer, completion=completion))
    lengths = [len(continuation.removeprefix(" ")) for _, continuation in sample.pairs]
    by_length = likeliest([logprob / length for logprob, length in zip(logprobs, lengths, strict=False)])
    right = by_length in sample.target
    turn.scores.append(Score(float(right), right, by_length, " or ".join(sample.target), name="acc_norm"))
    return completion


async def run_body(body: Any, turn: Turn, arguments: Mapping[str, Any]) -> Turn:
    """Run an async body to its end.

    An assertion or a skip is kept for the item's turn; any other error is the sample's.
    """
    recorded_scores.set(turn.scores)
    turn.ran = True
    try:
        await body(**arguments)
    except (AssertionError, pytest.skip.Exception, pytest.fail.Exception) as ended:
        turn.ended = ended
    return turn
