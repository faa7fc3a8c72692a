"""A stored sample's requests as a conversation: who said what, each call with its result, and what went wrong in it."""

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_modeleval.calls import ToolCall, calls_of
from pytest_modeleval.reports.pictures import described_part
from pytest_modeleval.sample import Completion, Json, Message
from pytest_modeleval.store.rows import Exchange, StoredSample

# Of a long conversation so many messages and answers are seen at its beginning and its end; the rest is folded.
FIRST, LAST = 4, 6
# Arguments that are longer are written over several lines.
_LINE = 80
# What a message has beside what is shown of it by name.
_SHOWN = frozenset(("role", "content", "tool_calls", "tool_call_id", "reasoning_content"))
# How tools begin to say that they failed: `agents` here, Python, BFCL's classes.
_FAILED = re.compile(r'\s*(?:error\b|traceback \(most recent|\{\s*"error"\s*:(?!\s*(?:null|false|"")))', re.IGNORECASE)


@dataclass
class Called:
    """A call of a tool, what it came to (None: nobody told), and why it could not be made, or that the tool failed."""

    call: ToolCall
    result: Message | None = None
    fault: str = ""

    @property
    def arguments(self) -> str:
        """The arguments for people, or as the model wrote them where they are no JSON object."""
        try:
            values = self.call.values
        except ValueError:
            return self.call.arguments
        line = json.dumps(values, ensure_ascii=False)
        return line if len(line) <= _LINE else json.dumps(values, ensure_ascii=False, indent=1)


@dataclass
class Said:
    """A message or an answer: who said it, what it is, what was thought before, and the calls that it makes.

    ``content`` is a text, or parts as chat completions have them. ``further`` is what else stands in the message.
    """

    who: str
    content: str | Sequence[Json]
    calls: list[Called] = field(default_factory=list)
    thinking: str = ""
    is_answer: bool = False
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        """What is wrong with its calls."""
        return [f"{each.call.name}: {each.fault}" for each in self.calls if each.fault]


@dataclass
class Turn:
    """A request, where the conversation goes on with another one than before (``begins``), and its answer.

    ``offered`` are the tools where those before were others, else None.
    """

    begins: str
    offered: Sequence[Json] | None
    said: list[Said]
    answer: Said | None = None

    @property
    def all(self) -> list[Said]:
        """What was said in it."""
        return [*self.said, *([self.answer] if self.answer else [])]


def of(sample: StoredSample) -> list[Turn]:
    """All requests for a sample, in the order of their answers; each message and answer stands there once."""
    exchanges = sample.exchanges or [Exchange(sample.prompt or (), 0, sample.completion, tools=sample.tools)]
    turns: list[Turn] = []
    for number, each in enumerate(exchanges):
        before = None if each.after is None else turns[each.after]
        offered_before = () if each.after is None else exchanges[each.after].tools
        is_again = number > 0 and _is_same(each, exchanges[number - 1])
        messages = deque(each.asked)
        if before and before.answer and messages and _is_echo(messages[0], exchanges[each.after or 0].completion):
            messages.popleft()
            _take_results(messages, before.answer)
        said = [] if is_again else conversation(messages)
        offered = None if is_again or list(each.tools) == list(offered_before) else each.tools
        begins = _beginning(each, number, is_again=is_again)
        turns.append(Turn(begins, offered, said, answer(each) if each.completion else None))
    return turns


def conversation(messages: Iterable[Message]) -> list[Said]:
    """The messages, the results of calls with these."""
    said: list[Said] = []
    left = deque(messages)
    while left:
        message = left.popleft()
        calls = _calls(message)
        further = {name: message[name] for name in message.keys() - _SHOWN}
        if message.get("role") == "tool" and message.get("tool_call_id"):
            further["tool_call_id"] = message["tool_call_id"]
        thinking = message.get("reasoning_content")
        who, content = str(message.get("role", "message")), content_of(message)
        one = Said(who, content, [*map(Called, calls)], thinking if isinstance(thinking, str) else "", further=further)
        said.append(one)
        if one.calls:
            _take_results(left, one)
    return said


def content_of(message: Message) -> str | Sequence[Json]:
    """What a message says: a text, or parts, whatever a dataset has there."""
    content = message.get("content")
    if isinstance(content, list):
        return [part if isinstance(part, Mapping) else {"type": "text", "text": str(part)} for part in content]
    return "" if content is None else content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def text_of(content: str | Sequence[Json]) -> str:
    """What was said as text; of a picture what it is (`pictures.described`), of another part its type."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return "\n".join(
        str(part.get("text", "")) if part.get("type") == "text" else described_part(part) for part in parts
    )


def called(completion: Completion, tools: Sequence[Json]) -> list[Called]:
    """The calls of an answer, and what is wrong with those that cannot be made of these tools, if any are known."""
    names = {name for name, *_ in described(tools)}
    return [Called(call, fault=_fault(call, names)) for call in completion.calls]


def described(tools: Sequence[Json]) -> list[tuple[str, str, str]]:
    """Each tool's name, what it does, and its parameters as JSON."""
    found = []
    for tool in tools:
        function = tool.get("function")
        told = function if isinstance(function, Mapping) else tool
        parameters = json.dumps(told.get("parameters") or {}, ensure_ascii=False, indent=1)
        found.append((str(told.get("name") or ""), str(told.get("description") or ""), parameters))
    return found


def faults(turns: Sequence[Turn]) -> list[tuple[int, str]]:
    """What went wrong with calls, each with the place of what made it among all that was said."""
    return [(place, fault) for place, said in enumerate(everything(turns)) for fault in said.faults]


def everything(turns: Sequence[Turn]) -> Iterator[Said]:
    """All that was said, in order."""
    return (said for turn in turns for said in turn.all)


def folded(count: int) -> range:
    """The places of what is folded of so many messages and answers: none where they are few."""
    return range(FIRST, count - LAST) if count > FIRST + LAST + 2 else range(0)


def left_out(turns: Sequence[Turn], places: range) -> str:
    """What is folded, in a line."""
    calls = sum(len(said.calls) for place, said in enumerate(everything(turns)) if place in places)
    wrong = sum(place in places for place, _ in faults(turns))
    told = f"{len(places):,} messages and answers between"
    told += f", with {calls:,} calls" if calls else ""
    return told + (f", {wrong:,} of which went wrong" if wrong else "")


def answer(each: Exchange, who: str = "") -> Said:
    """The answer to a request that has one."""
    completion = each.completion
    assert completion is not None
    calls = called(completion, each.tools)
    return Said(who or f"answer{each.whose}", completion.text, calls, completion.thinking, is_answer=True)


def _fault(call: ToolCall, names: set[str]) -> str:
    if names and call.name not in names:
        return "no tool of that name was offered"
    try:
        _ = call.values
    except ValueError as error:
        return f"its arguments cannot be read: {error}"
    return ""


def _calls(message: Message) -> Sequence[ToolCall]:
    calls = message.get("tool_calls")
    return calls_of([call for call in calls if isinstance(call, Mapping)]) if isinstance(calls, list | tuple) else ()


def _take_results(messages: deque[Message], said: Said) -> None:
    """Put the results of its calls, at the beginning of the messages, with these."""
    waiting = {each.call.id: each for each in said.calls if each.result is None}
    while messages and messages[0].get("role") == "tool" and messages[0].get("tool_call_id") in waiting:
        result = messages.popleft()
        one = waiting.pop(result["tool_call_id"])
        one.result = result
        if said.is_answer and not one.fault and _FAILED.match(text_of(content_of(result))):
            one.fault = "the tool failed"


def _is_echo(message: Message, completion: Completion | None) -> bool:
    """Whether a message is an answer as it goes back (`calls.answer_message`), whatever became of its arguments."""
    if completion is None or message.get("role") != "assistant" or text_of(content_of(message)) != completion.text:
        return False
    sent, made = _calls(message), completion.calls
    return [(call.name, call.id) for call in sent] == [(call.name, call.id) for call in made]


def _is_same(each: Exchange, before: Exchange) -> bool:
    return (each.asked, each.repeated, each.to, each.after) == (before.asked, before.repeated, before.to, before.after)


def _beginning(each: Exchange, number: int, *, is_again: bool) -> str:
    """What stands where a request does not simply go on from the one before; empty for the others."""
    if each.after == number - 1 or (not number and not each.to):
        return ""
    named = f"request {number + 1}{f' to {each.to}' if each.to else ''}"
    if is_again:
        return f"{named}, the same again"
    return named if each.after is None else f"{named}, which goes on from request {each.after + 1}"
