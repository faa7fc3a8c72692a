"""Prompt shapes that several benchmarks use."""

from collections.abc import Sequence
from string import ascii_uppercase

from pytest_modeleval.sample import Message


def lettered(options: Sequence[str]) -> str:
    """The options one a line, as ``A. first``, ``B. second``."""
    return "\n".join(f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False))


def as_turns(examples: Sequence[tuple[str, str]], question: str) -> list[Message]:
    """Solved examples as earlier turns of a chat that ends with the question."""
    turns: list[Message] = []
    for asked, answered in examples:
        turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    return [*turns, {"role": "user", "content": question}]
