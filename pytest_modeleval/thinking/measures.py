"""The measures of thinking, and their means over a level's samples (docs/thinking.md)."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_modeleval.statistics.bootstrap import bootstrap_interval


class Thought(NamedTuple):
    """One answer's whole thought, in tokens, or in characters where ``is_in_tokens`` is False.

    ``tokens`` are all (T). ``first`` are those up to the end of the first paragraph with a right answer (T̂), 0 where
    there is none, None where nobody can tell; ``first_thought`` those up to the end of that paragraph's thought.
    ``switches`` is how often it goes over to another thought. ``is_right`` is the benchmark's own verdict, None where
    it gives none. ``distinct`` are those of the solutions that go a new way (D), None where no judge says it.
    """

    sample: str
    tokens: float
    first: float | None
    first_thought: float | None
    switches: int
    is_right: bool | None
    is_in_tokens: bool = True
    distinct: float | None = None


class Measure(NamedTuple):
    """One measure: what it is called, in a column too ("" for none), and its value of a thought.

    The value is None where a thought has none.
    """

    title: str
    column: str
    of: Callable[[Thought], float | None]
    is_share: bool = False


def _tokens(thought: Thought) -> float | None:
    return thought.tokens if thought.is_in_tokens else None


def _first(thought: Thought) -> float | None:
    return thought.first if thought.is_in_tokens else None


def _reflection(thought: Thought) -> float | None:
    return None if thought.first is None or not thought.is_in_tokens else thought.tokens - thought.first


def _efficiency(thought: Thought) -> float | None:
    return None if thought.first is None else thought.first / thought.tokens


def _efficiency_when_found(thought: Thought) -> float | None:
    return _efficiency(thought) if thought.first else None


def _in_thought(thought: Thought) -> float | None:
    return None if thought.first is None else float(thought.first > 0)


def _accuracy(thought: Thought) -> float | None:
    return None if thought.is_right is None else float(thought.is_right)


def _underthinking(thought: Thought) -> float | None:
    """Of a wrong answer alone; one that never had the right thought switched away from none: 0."""
    if thought.is_right is not False or thought.first_thought is None:
        return None
    return 1 - thought.first_thought / thought.tokens if thought.first_thought else 0.0


def _process(thought: Thought) -> float | None:
    return None if thought.distinct is None else thought.distinct / thought.tokens


# The first six are EvalScope's EvalThink's, in the order of its plot; token efficiency is the outcome efficiency of
# Chen et al. 2024 (arXiv:2412.21187), as process efficiency is, underthinking that of Wang et al. 2025
# (arXiv:2501.18585).
MEASURES: Mapping[str, Measure] = {
    "reasoning_tokens": Measure("Reasoning tokens", "tokens", _tokens),
    "first_correct_tokens": Measure("First correct tokens", "first", _first),
    "reflection_tokens": Measure("Reflection tokens", "after", _reflection),
    "token_efficiency": Measure("Token efficiency", "share", _efficiency, is_share=True),
    "thought_num": Measure("Thought num", "anew", lambda thought: thought.switches),
    "accuracy": Measure("Accuracy", "right", _accuracy, is_share=True),
    "efficiency_when_found": Measure("Token efficiency, when found", "found", _efficiency_when_found, is_share=True),
    "found_in_thought": Measure("Right answer in the thought", "", _in_thought, is_share=True),
    "underthinking": Measure("Underthinking", "under", _underthinking, is_share=True),
    "process_efficiency": Measure("Process efficiency", "new", _process, is_share=True),
}
PLOTTED = tuple(MEASURES)[:6]


@dataclass(frozen=True)
class Mean:
    """A mean over samples with its 95 % bootstrap interval; no ends for a single sample."""

    value: float
    low: float | None
    high: float | None
    samples: int


@dataclass
class Level:
    """The answers of one model on one level of a benchmark, "" for all of it.

    ``others`` counts those that are not measured, by what they are. ``cut_off`` are the tokens of the thoughts that
    a limit cut off. ``found`` counts how a first right paragraph was found, ``not_found`` the right answers without,
    ``unjudged`` those of which judges were asked and gave no verdict, ``unparted`` the thoughts whose solutions they
    were asked for and did not tell.
    """

    model: str
    benchmark: str
    level: str
    thoughts: list[Thought] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    cut_off: list[float] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    not_found: int = 0
    unjudged: int = 0
    unparted: int = 0

    @property
    def cut_off_tokens(self) -> float | None:
        """The mean length of thoughts that were cut off; None where there is none whose tokens are known."""
        return math.fsum(self.cut_off) / len(self.cut_off) if self.cut_off else None

    def mean(self, measure: str) -> Mean | None:
        """A measure's mean over the samples that have it, repeats averaged before; None where none has."""
        by_sample: dict[str, list[float]] = {}
        for thought in self.thoughts:
            if (value := MEASURES[measure].of(thought)) is not None:
                by_sample.setdefault(thought.sample, []).append(value)
        values = [math.fsum(each) / len(each) for each in by_sample.values()]
        if not values:
            return None
        low, high = bootstrap_interval(values) or (None, None)
        return Mean(math.fsum(values) / len(values), low, high, len(values))

    def means(self) -> dict[str, Mean]:
        """Every measure that some sample has."""
        found = {name: self.mean(name) for name in MEASURES}
        return {name: mean for name, mean in found.items() if mean is not None}


def _in_numbers(name: str) -> list[tuple[int, str]]:
    """What names are sorted by, numbers in them by their size: Level 2 before Level 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,15})", name)]


def whole_and_levels(levels: Sequence[Level]) -> list[Level]:
    """Each model and benchmark whole, then its levels where it has several."""
    found: list[Level] = []
    for model, benchmark in dict.fromkeys((each.model, each.benchmark) for each in levels):
        own = [each for each in levels if (each.model, each.benchmark) == (model, benchmark)]
        own.sort(key=lambda each: _in_numbers(each.level))
        whole = Level(model, benchmark, "")
        for each in own:
            whole.thoughts += each.thoughts
            whole.cut_off += each.cut_off
            whole.not_found += each.not_found
            whole.unjudged += each.unjudged
            whole.unparted += each.unparted
            for total, counts in ((whole.others, each.others), (whole.found, each.found)):
                for name, count in counts.items():
                    total[name] = total.get(name, 0) + count
        found += [whole, *(own if len(own) > 1 else ())]
    return found
