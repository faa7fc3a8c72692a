"""Prompts of a dataset within limits of their length; the others are left out, and counted."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.perf.prompts.prompt import Prompt, Source
from pytest_modeleval.perf.prompts.words import Count


@dataclass
class Limits:
    """The shortest and the longest prompt to send, by what counts, and how many were left out by them."""

    least: int
    most: int | None
    # None: characters.
    count: Count | None = None
    seen: int = 0
    left_out: int = 0

    def take(self, prompt: Prompt) -> bool:
        """Whether a prompt is within the limits."""
        text = text_of(prompt)
        length = self.count(text) if self.count else len(text)
        is_within = self.least <= length and (self.most is None or length <= self.most)
        self.seen += 1
        self.left_out += not is_within
        return is_within

    def __str__(self) -> str:
        most = "" if self.most is None else f" to {self.most:,}"
        by = "tokens" if self.count else "characters, as no --perf-tokenizer counts tokens"
        return f"{self.least:,}{most or ' or more'} {by}"

    @property
    def said(self) -> str:
        """What was left out so far."""
        return f"{self.left_out:,} of {self.seen:,} prompts left out, not of {self}"


@dataclass(frozen=True)
class Within:
    """The prompts of a source that are within limits; ``size`` is how many it has before it begins again."""

    source: Source
    size: int
    limits: Limits

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """Prompts without end; `pytest.UsageError` where none of all is within the limits."""
        in_vain = 0
        for prompt in self.source.prompts(draw):
            if self.limits.take(prompt):
                in_vain = 0
                yield prompt
                continue
            in_vain += 1
            # Between two of them may be the rest of one round and most of the next.
            if in_vain == 2 * self.size:
                raise pytest.UsageError(
                    f"none of the {self.size:,} prompts is of {self.limits}: see to --perf-min-input, --perf-max-input"
                )


def text_of(prompt: Prompt) -> str:
    """All text of a prompt's first request."""
    if prompt.body is not None:
        asked = (prompt.body.get(name) for name in ("messages", "prompt", "input", "query"))
        return "\n".join(_texts(next((each for each in asked if each), "")))
    contents = [*(message.get("content") for message in prompt.before), *prompt.turns[:1]]
    return "\n".join(text for content in contents for text in _texts(content))


def _texts(content: Any) -> Iterator[str]:
    """The texts of a content, of its parts, of messages."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        yield from _texts(content.get("content", content.get("text")))
    elif isinstance(content, Sequence):
        for part in content:
            yield from _texts(part)
