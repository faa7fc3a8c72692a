"""One sample's trial: its question, what the model answered, and how an async body ended."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import pytest

from pytest_modeleval.asking.asker import Answer, Asker, Askers, Talk
from pytest_modeleval.asking.awaiting import Begun, begun, never_awaited, noted
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.items.filters import Filter, filtered
from pytest_modeleval.judging.verdict import Judged, Judgement, Said, was_seen
from pytest_modeleval.models.generation import laid_over
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.record import Fought, JudgeUse
from pytest_modeleval.requests import Chat, Embed, Json, LogLikelihood, Message, NotChat, Paint, Request, Rerank
from pytest_modeleval.sample import (
    Completion,
    Crashed,
    Embeddings,
    FilteredCompletion,
    JudgeError,
    NotAsked,
    Pictures,
    Ranking,
    Sample,
    SampleError,
    Score,
    StopRun,
    recorded_scores,
)
from pytest_modeleval.store.rows import UNDER_EVALUATION

A = TypeVar("A", bound=Completion)


@dataclass
class Trial:
    """What has happened for one sample so far; ``answers`` are of all models that were asked for it."""

    sample: Sample
    answers: list[Answer] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    # Whether an async body has run, and what it raised.
    ran: bool = False
    ended: BaseException | None = None
    # By who was asked (`Answer.by`).
    requests: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    # What judges said and came to, what that was by their names, and of how many answers they were not at one.
    judged: list[Judged] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    judges: dict[str, JudgeUse] = field(default_factory=dict)
    split: int = 0
    # What the body was given of that.
    told: list[Said] = field(default_factory=list)
    # The models of a battle, and what came of it.
    contestants: list[str] = field(default_factory=list)
    fought: Fought | None = None
    # What came of its conversations with tools.
    talk: Talk = field(default_factory=Talk)

    @property
    def unused(self) -> str:
        """What is wrong with a body that passed although a verdict stands for nothing in it; empty where all is well.

        What passes without a score counts as right.
        """
        is_scored = any(score.name == "main" for score in self.scores)
        if is_scored or all(map(was_seen, self.told)):
            return ""
        return (
            "a judge was asked, and nothing was made of its verdict: assert something of its value or label, make a "
            "Score of it, or let judge.grade"
        )

    @property
    def own(self) -> list[Answer]:
        """The answers of the model under evaluation: tokens, times and mistakes of others are not its own.

        Those of both models of a battle, but what was counted with another one.
        """
        own = (UNDER_EVALUATION, *self.contestants)
        return [answer for answer in self.answers if answer.by in own and answer.counted]


TRIAL = pytest.StashKey[Trial | SampleError]()


@dataclass
class AskedModel:
    """The `model` of a test: asks the model under evaluation, or one in a ``role``, for a sample or an ordinary test.

    Its answers, and what was asked before, are kept in the lists that are given.
    """

    asker: Asker
    answers: list[Answer]
    requests: list[Request]
    # Who asks, as fields of its requests.
    who: Mapping[str, Any]
    filters: Sequence[Filter] = ()
    role: ModelSpec | None = None
    talk: Talk = field(default_factory=Talk)
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> ModelSpec:
        """Who is asked."""
        return self.role or self.asker.spec

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``, of one in a role with it: ``judge=gpt5``."""
        return self.spec.name

    @property
    def generation(self) -> Mapping[str, Any]:
        """The model's own settings."""
        return self.spec.generation

    @noted
    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """The model's answer to the messages; ``generation`` goes over the model's own settings.

        The same asked again is answered again. Scorers read what the filters leave of it; its ``text`` is as it came.
        """
        messages = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        # A conversation is often one list that grows: what is asked now stays as it is.
        completion, _ = await self.turn(deepcopy(messages), deepcopy(tools), deepcopy(generation))
        return completion

    async def turn(
        self, messages: Sequence[Message], tools: Sequence[Json], generation: Mapping[str, Any]
    ) -> tuple[Completion, Sequence[str]]:
        """The answer to messages that nobody changes any more, and the keys by which results of its calls are kept."""
        for name, value in generation.items():
            if not isinstance(value, str | int | float | list | tuple | Mapping | None):
                kind = type(value).__name__
                raise pytest.UsageError(f"{name} is no setting of the model, and {kind} nothing that JSON has")
        answer = await self._answer(Chat(messages, tools, laid_over(self.generation, generation), **self.who))
        return self._filtered(answer.completion), [answer.key, *([answer.twin] if answer.twin else [])]

    async def chat(self, request: Chat) -> Completion:
        """The answer to a chat; `FilteredCompletion` where there are filters."""
        return self._filtered((await self._answer(request)).completion)

    def _filtered(self, completion: Completion) -> Completion:
        if self.filters:
            as_it_came = {each.name: getattr(completion, each.name) for each in fields(Completion)}
            return FilteredCompletion(**as_it_came, scored=filtered(completion.text, self.filters))
        return completion

    @noted
    async def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """A vector for each text; ``parameters`` are further fields of the request, such as ``dimensions``."""
        return await self.ask(Embed(deepcopy(texts), deepcopy(parameters), **self.who), Embeddings)

    @noted
    async def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """How well each document fits the query."""
        return await self.ask(Rerank(query, deepcopy(documents), deepcopy(parameters), **self.who), Ranking)

    @noted
    async def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """Pictures of the prompt; ``parameters`` are further fields of the request, such as ``size``."""
        return await self.ask(Paint(prompt, deepcopy(parameters), **self.who), Pictures)

    async def ask(self, request: Request, kind: type[A]) -> A:
        """The answer to any request, which is of this kind; kept with the others."""
        completion = (await self._answer(request)).completion
        assert isinstance(completion, kind)
        return completion

    async def _answer(self, request: Request) -> Answer:
        asked_before = self.requests.count(request)
        self.requests.append(request)
        request = replace(request, asked_before=asked_before) if asked_before else request
        answer = await (self.asker.ask(request) if self.role is None else self._ask_role(request, self.role))
        self.answers.append(replace(answer, messages=tuple(request.messages)))
        return answer

    async def _ask_role(self, request: Request, role: ModelSpec) -> Answer:
        """The answer of a model that is not under evaluation: what goes wrong with it is no mistake of the other's."""
        try:
            return replace(await self.asker.ask(request), by=role.name)
        except NotAsked:
            raise
        except SampleError as error:
            kind = JudgeError if role.name.startswith("judge=") else SampleError
            raise kind(f"{role.name}: {error}") from None


def model_of(asker: Asker, ref: SampleRef, trial: Trial, limits: Mapping[str, Any] | None = None) -> AskedModel:
    """The model, asked for a sample; ``limits`` are the user's own of its conversation."""
    filters, requests = ref.source.settings.filters, trial.requests[UNDER_EVALUATION]
    return AskedModel(asker, trial.answers, requests, ref.asks, filters, talk=trial.talk, limits=limits or {})


def roles_of(askers: Askers, role: str, ref: SampleRef, trial: Trial) -> list[AskedModel]:
    """The models of a role, asked for a sample; what a filter cuts from answers is not cut from theirs."""
    return [
        AskedModel(asker, trial.answers, trial.requests[spec.name], {**ref.asks, "anew": False}, role=spec)
        for spec, asker in askers.roles.get(role, ())
    ]


def first_request(sample: Sample, ref: SampleRef) -> Request:
    """What a sample's prompt is asked by."""
    who = ref.asks
    if isinstance(sample.prompt, NotChat):
        return replace(sample.prompt, **who)
    return Chat(sample.messages, sample.tools, dict(ref.model.generation), **who)


async def ask_prompt(asker: Asker, ref: SampleRef, trial: Trial) -> Completion:
    """Ask a sample's prompt, or which of its options is the likeliest."""
    prompt, model = trial.sample.prompt, model_of(asker, ref, trial)
    if isinstance(prompt, LogLikelihood) and trial.sample.options:
        return await _weigh(asker, ref, trial, prompt)
    request = first_request(trial.sample, ref)
    return await (model.chat(request) if isinstance(request, Chat) else model.ask(request, Completion))


async def prepare(asker: Asker, ref: SampleRef, names: Collection[str], trial: Trial | None = None) -> Trial:
    """What a sync body with arguments of these names is given: the sample, and its prompt asked if it takes that."""
    trial = trial or Trial(ref.source.sample(ref.subset, ref.row))
    if "completion" not in names:
        return trial
    completion = await ask_prompt(asker, ref, trial)
    if isinstance(completion, FilteredCompletion) and "model" not in names:
        # Without the model there is no conversation to go on with: the body reads what is scored.
        answer = trial.answers[0]
        trial.answers[0] = replace(answer, completion=replace(answer.completion, text=completion.scored))
    return trial


async def _weigh(asker: Asker, ref: SampleRef, trial: Trial, asked: LogLikelihood) -> Completion:
    """Put a sample's likeliest option into the trial as the answer, ``ANSWER: B``, and `acc_norm` among its scores.

    acc_norm is the choice by log-likelihood per character of what is weighed, without the space before it, as in the
    lm-evaluation-harness (0.4.13, `process_results`).
    """
    # 30 ms for its patterns, which a run without options to weigh is spared.
    from pytest_modeleval.scorers.choices import likeliest

    sample = trial.sample
    answer = await asker.ask(first_request(sample, ref))
    logprobs = answer.completion.numbers[: len(sample.options)]
    completion = replace(answer.completion, text=f"ANSWER: {likeliest(logprobs)}")
    trial.answers.append(replace(answer, completion=completion))
    lengths = [len(continuation.removeprefix(" ")) for _, continuation in asked.pairs]
    by_length = likeliest([logprob / length for logprob, length in zip(logprobs, lengths, strict=False)])
    right = by_length in sample.target
    trial.scores.append(Score(float(right), right, by_length, " or ".join(sample.target), name="acc_norm"))
    return completion


async def run_body(body: Any, trial: Trial, arguments: Mapping[str, Any]) -> Trial:
    """Run an async body to its end.

    An assertion or a skip is kept for the item's turn; any other error is the sample's, and is kept too where there are
    answers: they were paid for. So it is where the body ends before what it asked for, as ``assert judge.grade(…)``,
    also by a failed assertion about that: no answer was read.
    """
    recorded_scores.set(trial.scores)
    asked: Begun = []
    begun.set(asked)
    trial.ran = True
    try:
        try:
            await body(**arguments)
            _refuse_forgotten(asked)
        except (AssertionError, AttributeError, TypeError, ValueError):
            # Of work in an answer's place no scorer says anything.
            _refuse_forgotten(asked)
            raise
    except (AssertionError, pytest.skip.Exception, pytest.fail.Exception) as ended:
        trial.ended = ended
    except (StopRun, pytest.UsageError, pytest.exit.Exception):
        raise
    except Exception as error:
        if not trial.answers:
            raise
        trial.ended = error if isinstance(error, SampleError) else Crashed.of(error)
    return trial


def _refuse_forgotten(asked: Begun) -> None:
    if forgotten := never_awaited(asked):
        raise SampleError(f"{forgotten[0]}(…) was asked for and never awaited: write `await` before it") from None
