"""The two models of a battle: each is asked a sample once, and the answer serves all battles over it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_modeleval.asking.asker import Answer, Askers, Conversed
from pytest_modeleval.asking.trial import AskedModel, Trial
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.verdict import Battle
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.record import Fought, Game
from pytest_modeleval.requests import Message, NotChat
from pytest_modeleval.sample import Sample, SampleError
from pytest_modeleval.statistics.style import Style

# Samples times models whose answers wait for further battles.
_KEPT = 4096
# Of a sample's metadata: what the user says after each answer, and the settings that all of it is asked with.
TURNS, GENERATION = "turns", "generation"


@dataclass(frozen=True, repr=False)
class Contestants:
    """The models of a battle, for its test."""

    askers: Askers
    ref: SampleRef
    trial: Trial

    @property
    def names(self) -> Sequence[str]:
        """What the models are called, in the order of their answers."""
        return [spec.name for spec in self.ref.models]

    async def answers(self) -> tuple[Sequence[str], Sequence[str]]:
        """What both say in each turn; `SampleError` where one has no answer.

        The turns are the sample's prompt and what its metadata has as "turns", what the user says after each answer;
        they are asked with the settings of its "generation".
        """
        self.trial.contestants += self.names
        found = await asyncio.gather(*map(self._of, self.ref.models), return_exceptions=True)
        # In the models' order, whoever was first; where one has none, the other's is kept.
        self.trial.answers += [answer for each in found if isinstance(each, list) for answer in each]
        # What ends the run goes before what is wrong with one answer.
        failed = sorted((each for each in found if isinstance(each, BaseException)), key=_is_of_sample)
        if failed:
            raise failed[0]
        one, two = ([answer.completion.text for answer in each] for each in found if isinstance(each, list))
        return one, two

    def fought(self, battle: Battle, styles: tuple[Style, Style], about: str) -> None:
        """Keep what came of it; ``about`` stands for the sample and both answers."""
        games = tuple(Game(vote.judge, vote.order, vote.repeat, vote.value) for vote in battle.games)
        one, two = self.names
        first, second = (tuple(style) for style in styles)
        self.trial.fought = Fought(one, two, battle.value, battle.equal, games, (first, second), about)

    async def _of(self, spec: ModelSpec) -> list[Answer]:
        ref = self.ref
        asked = _Conversation(self.askers, ref, spec, self.trial.sample)
        task, is_shared = _shared(
            self.askers, (spec.name, ref.source.benchmark.name, ref.subset, ref.row, ref.repeat), asked
        )
        try:
            # One battle that is given up gives up no other's answer.
            found = await asyncio.shield(task)
        except SampleError as error:
            raise type(error)(f"{spec.name}: {error}") from None
        # What another battle, or another process of this run, has counted is not counted once more.
        return [
            replace(answer, by=spec.name, counted=not is_shared and (answer.asked, answer.stored) != (None, None))
            for answer in found
        ]


@dataclass(frozen=True, repr=False)
class _Conversation:
    """A model asked all turns of a sample."""

    askers: Askers
    ref: SampleRef
    spec: ModelSpec
    sample: Sample

    async def whole(self) -> list[Answer]:
        sample, answers = self.sample, list[Answer]()
        if isinstance(sample.prompt, NotChat):
            raise SampleError("battles are between written answers, and this asks for none")
        further, generation = sample.metadata.get(TURNS, ()), sample.metadata.get(GENERATION, {})
        model = AskedModel(self.askers.models[self.spec.name], answers, [], self.ref.asks)
        said: list[Message] = list(sample.messages)
        for turn in ("", *further):
            if turn:
                said += [{"role": "assistant", "content": answers[-1].completion.text}]
                said += [{"role": "user", "content": turn}]
            await model.complete(said, tools=sample.tools, **generation)
        return answers


def _is_of_sample(error: BaseException) -> bool:
    return isinstance(error, SampleError)


def _shared(askers: Askers, key: Conversed, asked: _Conversation) -> tuple[asyncio.Task[list[Answer]], bool]:
    """The work of asking, and whether it was begun for another battle."""
    tasks = askers.shared
    if key in tasks:
        return tasks[key], True
    task = tasks[key] = asyncio.create_task(asked.whole())
    while len(tasks) > _KEPT and next(iter(tasks.values())).done():
        tasks.popitem(last=False)
    return task, False
