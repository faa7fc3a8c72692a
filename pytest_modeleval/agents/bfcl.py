"""BFCL's conversations with a model: one turn, several turns on classes in the sandbox, and memories."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from pytest_modeleval.asking.asker import Asker
from pytest_modeleval.asking.given import ModelElsewhere
from pytest_modeleval.asking.trial import AskedModel
from pytest_modeleval.items.settings import Setting, yes
from pytest_modeleval.options.where import Where
from pytest_modeleval.sample import Completion, Json, Message, Model, Sample, Score
from pytest_modeleval.sandbox.program import Sandbox, Session
from pytest_modeleval.scorers.bfcl import answers
from pytest_modeleval.scorers.bfcl.calls import Call
from pytest_modeleval.scorers.bfcl.checker import Wrong
from pytest_modeleval.scorers.bfcl.conversation import (
    CODE,
    IMPORTS,
    MEMORY_IMPORTS,
    MOST_STEPS,
    STEPS,
    Conversation,
    Memory,
    OverStep,
)
from pytest_modeleval.scorers.bfcl.modes import NATIVE, PROMPT, Mode, below, shown
from pytest_modeleval.scorers.bfcl.rows import Row
from pytest_modeleval.scorers.bfcl.single import wrong_single


def _mode(where: Where, value: object) -> str:
    if value not in (NATIVE, PROMPT):
        raise pytest.UsageError(f"{where} is {NATIVE} or {PROMPT}, not {value!r}")
    return str(value)


SETTINGS: Mapping[str, Setting] = {
    "mode": Setting(_mode, default=NATIVE),
    "underscore_to_dot": Setting(yes, default=True),
}

_Run = Callable[[Sequence[Call]], Awaitable[list[str]]]
# What a memory holds after the conversations before a scenario's questions, by model, and by scenario and repeat.
_FILLED: WeakKeyDictionary[Asker, dict[Hashable, asyncio.Task[Mapping[str, Any]]]] = WeakKeyDictionary()


async def call_score(sample: Sample, model: Model, sandbox: Sandbox, settings: Mapping[str, Any]) -> Score:
    """Whether a model calls what the sample's row wants, over all its turns; the score names the mistake.

    ``sample.metadata["row"]`` is the row (`scorers.bfcl.rows.Row`), ``settings`` those of `SETTINGS`.
    """
    row: Row = sample.metadata["row"]
    talk = _Talk(model, Mode(row.language, **settings), row.functions)
    try:
        if row.before:
            wrong = await _wrong_memory(row, talk, sandbox)
        elif row.classes:
            wrong = await _wrong_turns(row, talk, sandbox)
        else:
            wrong = await _wrong_answer(row, talk)
    except OverStep as over:
        wrong = over.wrong
    if wrong is None:
        return Score(1.0, True, talk.last, sample.target)
    return Score(0.0, False, talk.last, sample.target, wrong.why, mistake=wrong.kind)


@dataclass
class _Talk:
    """A conversation with the model, which goes on by turns."""

    model: Model
    mode: Mode
    functions: Sequence[Json]
    messages: list[Message] = field(default_factory=list)
    # What the last answer said, for people to read.
    last: str = ""

    @property
    def asked(self) -> AskedModel | None:
        """The model as the run asks it."""
        model = self.model.asked if isinstance(self.model, ModelElsewhere) else self.model
        return model if isinstance(model, AskedModel) else None

    def expect(self, turns: int) -> None:
        """Have a plan know how many answers there may be."""
        if self.asked is not None:
            self.asked.talk.most += turns

    async def answer(self) -> tuple[Completion, list[Call]]:
        """The next answer, and what it calls; of calls that cannot be read nothing."""
        completion = await self.model.complete(self.messages, tools=self.mode.tools(self.functions))
        if self.asked is not None:
            self.asked.talk.turns += 1
        self.messages.append(self.mode.answered(completion))
        try:
            calls = self.mode.read(completion)
            self.last = shown(calls) if calls else str(completion)
        except ValueError as error:
            calls, self.last = [], str(completion) or str(error)
            if self.mode.is_native:
                # Servers want a result for every call.
                self.messages += self.mode.results(completion, calls, [f"error: {error}"] * len(completion.calls))
        return completion, calls

    async def turn(self, said: Sequence[Message], run: _Run) -> bool:
        """A turn: whether it ended by an answer that calls nothing, within so many steps as there may be."""
        self.messages += said
        for _ in range(MOST_STEPS + 1):
            completion, calls = await self.answer()
            if not calls:
                return True
            self.messages += self.mode.results(completion, calls, await run(calls))
        return False


def most_answers(turns: Sequence[object]) -> int:
    """How many answers there may be in so many turns."""
    return len(turns) * (MOST_STEPS + 1)


async def _wrong_answer(row: Row, talk: _Talk) -> Wrong | None:
    if not talk.mode.has_underscores:
        # Asked otherwise than the sample says, by which a plan knows what is stored.
        talk.expect(1)
    talk.messages += talk.mode.first(row.turns[0], row.functions)
    completion, _ = await talk.answer()
    return wrong_single(completion, row, talk.mode)


async def _wrong_turns(row: Row, talk: _Talk, sandbox: Sandbox) -> Wrong | None:
    talk.expect(most_answers(row.turns))
    async with sandbox.session(CODE, imports=IMPORTS) as session:
        conversation = Conversation(session, row)
        await conversation.begin()
        for number, said in enumerate(row.turns):
            if number in row.held_back:
                talk.functions = [*talk.functions, *row.held_back[number]]
                said = [talk.mode.more(row.held_back[number])]
            said = talk.mode.first(said, row.functions) if number == 0 else said
            if not await talk.turn(said, conversation.results):
                return Wrong(STEPS, f"turn {number + 1}: calls in more than {MOST_STEPS} steps")
            if wrong := await conversation.turn_over():
                return wrong
    return None


async def _wrong_memory(row: Row, talk: _Talk, sandbox: Sandbox) -> Wrong | None:
    talk.expect(most_answers(row.turns))
    held = await _filled(row, talk, sandbox)
    async with sandbox.session(CODE, imports=MEMORY_IMPORTS) as session:
        _, has_ended = await _remember(row, session, talk, held, system=answers.FORM)
    if not has_ended:
        return Wrong(STEPS, f"no answer within {MOST_STEPS} steps")
    return answers.wrong_answer(talk.last, row.gold)


async def _filled(row: Row, talk: _Talk, sandbox: Sandbox) -> Mapping[str, Any]:
    """What the memory holds after the conversations before; they are had once for all questions about them."""
    asked = talk.asked
    if asked is None or isinstance(talk.model, ModelElsewhere):
        # On another loop, whose tasks nobody else can wait for.
        return await _fill(row, talk, sandbox)
    filled = _FILLED.setdefault(asked.asker, {})
    key = row.category, row.config["scenario"], asked.who.get("repeat"), talk.mode
    if key in filled:
        # Whoever gives up waiting ends it for nobody else.
        return await asyncio.shield(filled[key])
    talk.expect(sum(most_answers(each.turns) for each in row.before))
    filled[key] = asyncio.create_task(_fill(row, talk, sandbox))
    return await filled[key]


async def _fill(row: Row, talk: _Talk, sandbox: Sandbox) -> Mapping[str, Any]:
    held: Mapping[str, Any] = {}
    async with sandbox.session(CODE, imports=MEMORY_IMPORTS) as session:
        for before in row.before:
            held, _ = await _remember(before, session, _Talk(talk.model, talk.mode, talk.functions), held)
    return held


async def _remember(
    row: Row, session: Session, talk: _Talk, held: Mapping[str, Any], *, system: str = ""
) -> tuple[Mapping[str, Any], bool]:
    """One conversation with a memory that holds this: what it holds then, and whether it came to its end."""
    memory = Memory(session, row)
    prompt = answers.memory_prompt(row.classes[0], row.config["scenario"], await memory.begin(held))
    has_ended = True
    for number, said in enumerate(row.turns):
        if number == 0:
            said = below(prompt, below(system, said) if system else said)
            said = talk.mode.first(said, row.functions)
        has_ended = has_ended and await talk.turn(said, memory.results)
    return await memory.held(), has_ended
