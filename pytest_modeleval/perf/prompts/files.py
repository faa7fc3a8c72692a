"""Prompts out of a user's file: lines of text, chat messages, whole bodies, ShareGPT-like conversations."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.inputs import from_json, numbered_lines, read_text
from pytest_modeleval.perf.prompts.agents import INPUT, run_of
from pytest_modeleval.perf.prompts.prompt import Prompt

_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
# An entry of a conversation with one of these is no message of the chat API.
_SPOKEN = {"from", "human", "messages"}
# An object with one of these is a request's body, or as much of it as it says.
_BODIES = ("messages", "prompt", "input", "query")
# Most bytes of a JSON list: ShareGPT's usual one has 670 MB.
_LIST = 1 << 30


@dataclass(frozen=True)
class Listed:
    """Prompts in a list, asked in a shuffled order, again from the beginning when all were asked."""

    listed: Sequence[Prompt]

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """Prompts without end."""
        while True:
            yield from draw.sample(self.listed, len(self.listed))


def read_prompts(path: Path, *, turns: int = 1) -> list[Prompt]:
    """The prompts of a file, conversations cut to so many turns; `pytest.UsageError` for a line that is none."""
    found = [prompt_of(value, where, turns=turns) for where, value in rows(path)]
    if not found:
        raise pytest.UsageError(f"{path} has no prompts: it is empty")
    return found


def rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Each line's value and where it stands: a JSON value where the line is one, else its text."""
    try:
        yield from _whole(path, read_text(path, _LIST)) if path.suffix == ".json" else _lines(path)
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"cannot read the prompts in {path}: {error}") from None


def _lines(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        if path.suffix == ".jsonl" or line.lstrip().startswith(("{", "[{")):
            try:
                yield where, from_json(line)
            except ValueError as error:
                raise pytest.UsageError(f"{where} is not JSON: {error}") from None
        else:
            yield where, line


def _whole(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        values = from_json(text)
    except ValueError as error:
        raise pytest.UsageError(f"{path} is not JSON: {error}") from None
    if not isinstance(values, list):
        raise pytest.UsageError(f"{path} is a JSON list of prompts or conversations, not a {type(values).__name__}")
    for number, value in enumerate(values, 1):
        yield f"{path}, item {number}", value


def prompt_of(value: object, where: str, *, turns: int = 1) -> Prompt:
    """The prompt that a line's value is."""
    if isinstance(value, str) and value:
        return Prompt([value])
    if isinstance(value, list):
        return _conversation(value, where, turns)
    if isinstance(value, Mapping):
        if INPUT in value:
            return run_of(value, where, turns=turns)
        if isinstance(spoken := value.get("conversations", value.get("conversation")), list):
            return _conversation(spoken, where, turns)
        if isinstance(told := value.get("messages"), str):
            # Recorded runs of agents are often kept as a text of JSON in a field.
            return _conversation(_parsed(told, where), where, turns)
        if any(isinstance(value.get(name), str | list) for name in _BODIES):
            return Prompt(body=value)
    raise pytest.UsageError(
        f"{where} is no prompt: a text, a list of messages, a body with {', '.join(_BODIES[:-1])} or {_BODIES[-1]}, or "
        "an object with conversations"
    )


def _conversation(said: Sequence[Any], where: str, turns: int) -> Prompt:
    """What the user said after the last recorded answer that is kept; later answers are the model's own."""
    messages = [message for each in said for message in _messages(each, where)]
    first = next((at for at, message in enumerate(messages) if message["role"] == "user"), None)
    if first is None:
        raise pytest.UsageError(f"{where}: nobody asks in this conversation (no message of a user)")
    users = [message["content"] for message in messages[first:] if message["role"] == "user"]
    if turns == 1 and not any(_SPOKEN & set(each) for each in said):
        # Messages as the chat API has them are one request as they stand, answers in between included.
        *before, last = messages
        if last["role"] != "user":
            raise pytest.UsageError(f"{where}: the last message is not the user's, but of {last['role']!r}")
        return Prompt([last["content"]], before)
    return Prompt(users[:turns], messages[:first])


def _parsed(text: str, where: str) -> list[Any]:
    try:
        said = from_json(text)
    except ValueError as error:
        raise pytest.UsageError(f"{where}: its messages are no JSON: {error}") from None
    if not isinstance(said, list):
        raise pytest.UsageError(f"{where}: its messages are no list, but {text[:60]!r}")
    return said


def _messages(value: object, where: str) -> Iterator[dict[str, Any]]:
    """The messages of one entry: of a turn of a trace, or of an utterance."""
    if isinstance(value, Mapping) and isinstance(turn := value.get("messages"), list):
        yield from _turn([message for each in turn for message in _spoken(each, where)])
    else:
        yield from _spoken(value, where)


def _spoken(value: object, where: str) -> Iterator[dict[str, Any]]:
    """The messages of {role, content}, of ShareGPT's {from, value}, or of {human, assistant}."""
    if isinstance(value, Mapping):
        if isinstance(value.get("human"), str):
            yield {"role": "user", "content": value["human"]}
            yield {"role": "assistant", "content": str(value.get("assistant", ""))}
            return
        role = value.get("role", _ROLES.get(str(value.get("from"))))
        content = value.get("content", value.get("value"))
        if isinstance(role, str) and isinstance(content, str | list):
            yield {**({k: v for k, v in value.items() if k not in ("from", "value")}), "role": role, "content": content}
            return
    raise pytest.UsageError(
        f"{where}: {str(value)[:80]!r} is no message: it has neither role and content nor from and value"
    )


def _turn(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The messages of one turn of a trace, all that the user says in it as one."""
    yield from (message for message in messages if message["role"] != "user")
    said = [message["content"] for message in messages if message["role"] == "user"]
    if not said:
        return
    if all(isinstance(one, str) for one in said):
        yield {"role": "user", "content": "\n\n".join(said)}
        return
    parts = [[{"type": "text", "text": one}] if isinstance(one, str) else one for one in said]
    yield {"role": "user", "content": [part for one in parts for part in one]}
