"""Recorded runs of agents of which only the lengths are known: filled with random words for every load."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_modeleval.perf.prompts.prompt import Prompt, Source
from pytest_modeleval.perf.prompts.words import Writer

# The fields of Applied Compute's Trie (github.com/applied-compute/trie): tokens of the first prompt, of what each tool
# gave and of each answer, and the seconds that each tool took.
INPUT = "input_prompt_length"
_TOOLS, _ANSWERS, _SECONDS = "tool_call_output_length", "assistant_response_length", "tool_call_latency"
_LAST = "final_assistant_response_length"


@dataclass(frozen=True)
class Filled:
    """The prompts of a source, those of which only the lengths are known with words."""

    source: Source
    writer: Callable[[], Writer]

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """As many prompts as the source has."""
        for prompt in self.source.prompts(draw):
            yield _filled(prompt, self.writer(), draw) if prompt.lengths else prompt


def _filled(prompt: Prompt, writer: Writer, draw: random.Random) -> Prompt:
    first, *later = prompt.lengths
    # What the template adds is counted with the first: a tool's output may be shorter than that.
    turns = [writer.write(first, draw), *(" ".join(writer.words(length, draw)) for length in later)]
    return replace(prompt, turns=turns, input_tokens=first)


def run_of(value: Mapping[str, Any], where: str, *, turns: int = 1) -> Prompt:
    """The conversation with these lengths: whole, or its first turns where several are asked for."""
    tools, answers = _numbers(value, _TOOLS, where), _numbers(value, _ANSWERS, where)
    pauses = _numbers(value, _SECONDS, where)
    if not len(tools) == len(answers) == len(pauses):
        raise pytest.UsageError(
            f"{where}: {_TOOLS}, {_ANSWERS} and {_SECONDS} are of {len(tools)}, {len(answers)} and {len(pauses)} turns"
        )
    first, last = (_numbers({name: [value.get(name)]}, name, where) for name in (INPUT, _LAST))
    kept = slice(turns) if turns > 1 else slice(None)
    # No answer and no tool's output is shorter than a token.
    lengths, limits = ([max(1, round(number)) for number in each] for each in ([*first, *tools], [*answers, *last]))
    return Prompt(lengths=lengths[kept], limits=limits[kept], pauses=[0.0, *pauses][kept])


def _numbers(value: Mapping[str, Any], name: str, where: str) -> Sequence[float]:
    found = value.get(name)
    if isinstance(found, list) and all(type(one) in (int, float) and 0 <= one < 1e9 for one in found):
        return found
    raise pytest.UsageError(f"{where}: {name} is of numbers of at least 0, not {found!r:.80}")
