"""The loop in which a model calls tools until it answers (ReAct, Yao et al. 2022), within a sample's limits."""

import asyncio
import hashlib
import json
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pytest_modeleval.agents.conversation import (
    ANSWERED,
    LIMITS,
    NOT_SUBMITTED,
    SUBMITTED,
    TIME_LIMIT,
    TOKEN_LIMIT,
    TURN_LIMIT,
    AgentLimits,
    Conversation,
    OverLimit,
)
from pytest_modeleval.agents.tool import Tool, tool
from pytest_modeleval.asking.awaiting import noted
from pytest_modeleval.asking.given import BlockingModel, ModelElsewhere, elsewhere
from pytest_modeleval.asking.trial import AskedModel
from pytest_modeleval.calls import UNKNOWN_TOOL, Called, ToolCall, answer_message, result_message
from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, FilteredCompletion, Json, Message, Model, Sample, SyncModel

NUDGE = "You called no tool. Go on with a tool, or submit your answer by the tool submit."
# Counted up when what is kept of a call, or what it is kept by, may be another thing than before.
_VERSION = 1
# What is kept of a call (`Called`), beside the answer that has the call itself.
_KEPT = ("result", "seconds", "mistake", "error", "trace")
# Letters of a name that no tool has which the model is told: a server's own tools have 64 at most.
_NAME = 64
# What a call comes to that stands behind the end of its conversation: who goes on with that is refused by servers
# where a call has no result.
_NOT_MADE = "error: it was not called, as the conversation had ended"
# What would go to the server as a setting, and is meant for the conversation.
_OF_LIMITS = {"turns", "max_turns", "steps", "max_steps", "tokens", "seconds"}
# Seconds in which a call that has begun may end, and its result be kept, when the run is broken off.
_GRACE = 5.0


@tool(name="submit")
def _submit(answer: str) -> str:
    """Submit the final answer.

    Args:
        answer: the answer alone
    """
    return answer


@noted
def react(
    sample: Sample | str | Sequence[Message],
    model: Model,
    tools: Sequence[Tool],
    *,
    limits: AgentLimits = LIMITS,
    system: str = "",
    submit: bool = False,
    nudge: str = NUDGE,
    **generation: Any,
) -> Coroutine[Any, Any, Conversation]:
    """To be awaited: a model is asked a sample, or messages, and calls tools until it answers; their conversation.

    Calls of one answer are made in their order, and their results are told to the model. What is wrong with a call, and
    what a tool raises, is told to it too. It has answered with the first completion that calls nothing. Where it is to
    ``submit``, it has when it calls the tool of that name; a completion that calls nothing is told the ``nudge``, once
    in a row, unless that is empty. ``system`` stands before the messages, and ``generation`` goes over the model's own
    settings. The limits that [run] sets go over ``limits``.

    A call that was made for the same answer of the same sample is not made again: its result is kept in the store.

    Raises `OverLimit`, an `AssertionError`, at a limit; `pytest.UsageError` for two tools of one name, and for a limit
    of tokens where the server counts none.
    """
    __tracebackhide__ = True
    if isinstance(model, BlockingModel):
        raise pytest.UsageError("in a test that is not async it is react_sync(…), without await")
    return _Loop.of(sample, model, tools, limits, system, submit, nudge, generation).run()


def react_sync(
    sample: Sample | str | Sequence[Message],
    model: SyncModel,
    tools: Sequence[Tool],
    *,
    limits: AgentLimits = LIMITS,
    system: str = "",
    submit: bool = False,
    nudge: str = NUDGE,
    **generation: Any,
) -> Conversation:
    """As `react`, for a test that is not async, and waits for the conversation."""
    __tracebackhide__ = True
    if not isinstance(model, BlockingModel):
        raise pytest.UsageError("in an async test it is await react(…)")
    loop = _Loop.of(sample, model.asked, tools, limits, system, submit, nudge, generation)
    conversation: Conversation = model.there(loop.run())
    return conversation


@dataclass
class _Loop:
    """One conversation while it goes on."""

    model: AskedModel | ModelElsewhere
    tools: Mapping[str, Tool]
    limits: AgentLimits
    submits: bool
    nudge: str
    generation: Mapping[str, Any]
    # Its messages are added to here, and those that were asked stay as they are.
    talk: Conversation
    # The last answer's calls that are still to be made.
    left: list[ToolCall] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        sample: Sample | str | Sequence[Message],
        model: Any,
        tools: Sequence[Tool],
        limits: AgentLimits,
        system: str,
        submit: bool,
        nudge: str,
        generation: Mapping[str, Any],
    ) -> "_Loop":
        if not isinstance(model, AskedModel | ModelElsewhere):
            raise TypeError(f"react takes the argument model of a test, not a {type(model).__name__}")
        asked = model.asked if isinstance(model, ModelElsewhere) else model
        for name in sorted(generation.keys() & _OF_LIMITS):
            raise pytest.UsageError(f"{name} is no setting of a model: react(…, limits=AgentLimits(turns=8))")
        named = by_name([*tools, _submit] if submit else tools)
        messages = sample.messages if isinstance(sample, Sample) else sample
        messages = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        talk = Conversation(_copied(_below(system, messages)))
        return cls(model, named, replace(limits, **asked.limits), submit, nudge, generation, talk)

    @property
    def asked(self) -> AskedModel:
        """The model, and what is kept of its sample."""
        return self.model.asked if isinstance(self.model, ModelElsewhere) else self.model

    async def run(self) -> Conversation:
        """Go on to the end."""
        __tracebackhide__ = True
        talk, limits = self.talk, self.limits
        self.asked.talk.most += limits.turns
        nudged = False
        while True:
            completion, keys = await self._ask()
            self._count(completion)
            talk.messages.append(answer_message(completion))
            calls = completion.calls
            if not calls and not (self.submits and self.nudge and not nudged):
                return self._end(NOT_SUBMITTED if self.submits else ANSWERED)
            if not calls:
                talk.messages.append({"role": "user", "content": self.nudge})
            nudged = not calls
            self.left = [*calls]
            for number, call in enumerate(calls):
                called = await self._called(call, keys, number)
                del self.left[0]
                if self.submits and call.name == _submit.name and not called.mistake:
                    return self._end(SUBMITTED, called.result)
                self._refuse_late()
            if talk.turns >= limits.turns:
                raise self._over(
                    TURN_LIMIT, f"no answer within {limits.turns} {'turn' if limits.turns == 1 else 'turns'}"
                )

    async def _ask(self) -> tuple[Completion, Sequence[str]]:
        schemas = [each.schema for each in self.tools.values()]
        asked = self.asked.turn(list(self.talk.messages), schemas, self.generation)
        return await (elsewhere(self.model.engine, asked) if isinstance(self.model, ModelElsewhere) else asked)

    def _count(self, completion: Completion) -> None:
        """Count an answer, and end where it is one too long."""
        talk, limits = self.talk, self.limits
        counts = (completion.prompt_tokens, completion.completion_tokens)
        if limits.tokens is not None and None in counts:
            raise pytest.UsageError(
                f"a limit of tokens needs a server that counts them, and that of {self.model.name} does not: set a "
                "limit of turns or seconds"
            )
        talk.answer = completion
        talk.turns += 1
        self.asked.talk.turns += 1
        talk.tokens += sum(filter(None, counts))
        talk.seconds += completion.latency
        if limits.tokens is not None and talk.tokens > limits.tokens:
            raise self._over(TOKEN_LIMIT, f"{talk.tokens:,} of {limits.tokens:,} tokens in turn {talk.turns}")
        self._refuse_late()

    def _refuse_late(self) -> None:
        talk, most = self.talk, self.limits.seconds
        if most is not None and talk.seconds >= most:
            raise self._over(TIME_LIMIT, f"{talk.seconds:.1f} of {most:g} s in turn {talk.turns}")

    async def _called(self, call: ToolCall, keys: Sequence[str], number: int) -> Called:
        """What a call comes to, or came to; told to the model, and kept."""
        found = self.tools.get(call.name)
        if found is None:
            known = ", ".join(self.tools) or "none at all"
            name = call.name if len(call.name) <= _NAME else f"{call.name[:_NAME]}…"
            called = Called(call, f"error: there is no tool {name!r}; there is {known}", mistake=UNKNOWN_TOOL)
        else:
            places = [_hash_of(key, self.asked.who, call, number, found) for key in keys]
            kept = self._kept(call, found, places)
            called = kept or await self._made(call, found, places[0])
            if kept is not None and not kept.mistake and found.again is not None:
                await _done(found.again(call.values, kept))
        self.talk.called.append(called)
        self.asked.talk.called.append(called)
        self.talk.seconds += called.seconds
        self.talk.messages.append(result_message(call, called.result))
        return called

    def _kept(self, call: ToolCall, found: Tool, places: Sequence[str]) -> Called | None:
        """What a call came to before; None where it is to be made."""
        for place in places:
            told = self.asked.asker.outcome(place, found.name)
            if told is not None and (called := _called_in(told, call)) is not None:
                if place != places[0]:
                    self.asked.asker.keep_outcome(places[0], found.name, told)
                return called
        return None

    async def _made(self, call: ToolCall, found: Tool, place: str) -> Called:
        """A call made, and kept also where the run is broken off meanwhile: who resumes it is not to make it again."""
        most = self.limits.seconds
        left = None if most is None else max(0.0, most - self.talk.seconds)

        async def kept() -> Called:
            called = await found.call(call, left)
            told = {name: getattr(called, name) for name in _KEPT}
            self.asked.asker.keep_outcome(place, found.name, json.dumps(told))
            return called

        work = asyncio.ensure_future(kept())
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work], timeout=_GRACE)
            work.cancel()
            raise

    def _end(self, ended: str, text: str | None = None) -> Conversation:
        self.talk.ended = ended
        if text is not None:
            answer = replace(self.talk.answer, text=text)
            self.talk.answer = replace(answer, scored=text) if isinstance(answer, FilteredCompletion) else answer
        self.talk.messages += [result_message(call, _NOT_MADE) for call in self.left]
        # What was asked is kept as it was, whatever becomes of these.
        self.talk.messages = _copied(self.talk.messages)
        return self.talk

    def _over(self, limit: str, said: str) -> OverLimit:
        return OverLimit(self._end(limit), limit, said)


def by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    """Tools by their names; `pytest.UsageError` for what is none, and for two of one name."""
    if isinstance(tools, Tool):
        raise pytest.UsageError(f"react takes a list of tools: [{tools.name}]")
    named: dict[str, Tool] = {}
    for each in tools:
        if not isinstance(each, Tool):
            name = getattr(each, "__name__", repr(each))
            raise pytest.UsageError(f"{name} is no tool: write @tool above the function, or tool({name})")
        if each.name in named:
            raise pytest.UsageError(f"two tools are called {each.name!r}: give one another, @tool(name=…)")
        named[each.name] = each
    return named


def _copied(value: Any) -> Any:
    """A copy of JSON, in a third of the time that `deepcopy` takes."""
    if isinstance(value, Mapping):
        return {name: _copied(each) for name, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list | tuple) else value


def _below(system: str, messages: list[Message]) -> list[Message]:
    """The messages below a system prompt, which goes before the one that they have."""
    if not system:
        return messages
    if messages and messages[0].get("role") == "system":
        first = {**messages[0], "content": f"{system}\n\n{messages[0]['content']}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": system}, *messages]


def _hash_of(key: str, who: Mapping[str, Any], call: ToolCall, number: int, found: Tool) -> str:
    """The hash of all that decides what comes of a call.

    The answer's key is that of who answered, of all that it saw, and of the sample's repeat; of a run that asks anew it
    is another. Two samples that ask the same have the same answer, and each its own world.
    """
    asked = [_VERSION, key, who.get("sample_id", ""), number, call.name, call.arguments, found.version]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _called_in(told: str, call: ToolCall) -> Called | None:
    """What is kept of a call; None where that cannot be read."""
    try:
        found: Json = from_json(told)
        called = Called(call, **found)
    except (ValueError, TypeError):
        return None
    texts = (called.result, called.mistake, called.error, called.trace)
    is_whole = all(isinstance(each, str) for each in texts) and isinstance(called.seconds, float)
    return called if is_whole else None


async def _done(work: Any) -> None:
    if work is not None:
        await work
