"""A prompt of a load test, before it is a request's body."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_modeleval.sample import Json

# What a user says in one turn: a text, or the parts of an OpenAI-style message (text and images).
Content = str | Sequence[Json]


@dataclass(frozen=True)
class Prompt:
    """What one conversation asks: a request for each of its turns, the model's own answers between them."""

    turns: Sequence[Content] = ()
    # Messages before the first turn: a system prompt, or a recorded beginning.
    before: Sequence[Json] = ()
    # Laid over the request's body, which it may replace whole.
    body: Mapping[str, Any] | None = None
    # Of the first turn, where known.
    input_tokens: int | None = None
    max_tokens: int | None = None
    # Of each turn, in an agent's recorded run: what to fill it with, its answer's, and the seconds before it that a
    # tool takes.
    lengths: Sequence[int] = ()
    limits: Sequence[int] = ()
    pauses: Sequence[float] = ()
    # Seconds from the start, in a recorded trace.
    at: float | None = None
    # Lines of the request's head, as they are sent.
    head: bytes = b""
    # What a reranker puts in order by the first turn.
    documents: Sequence[str] = ()


class Source(Protocol):
    """Where prompts come from."""

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """Prompts without end, or as many as there are; the same draw gives the same."""
