"""Judges asked which paragraph of a thought is the first with the right answer."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from pytest_modeleval.asking.asker import Askers
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.asking.trial import Trial, roles_of
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.rubric import Rating, Rubric
from pytest_modeleval.judging.verdict import FIRST_RIGHT
from pytest_modeleval.sample import SampleError

# The form is ProcessBench's (arXiv:2412.06559): numbered paragraphs, the earliest one, -1 for none.
_PROMPT = """\
A problem, its right answer, and what somebody thought about it are given. The thought's paragraphs are numbered from
0. Find the earliest paragraph in which the right answer to the problem is reached, in whatever form. A number or a word
that is the same by chance, while something else is computed, does not count, and neither does one that only repeats the
problem. What follows the paragraph does not matter: it counts although the thought goes on to doubt it.

Problem:
{problem}

Right answer: {right}

Thought:
{answer}

The verdict is the number of that paragraph, or -1 where no paragraph reaches the right answer."""


class Unfound(NamedTuple):
    """A thought before a right answer, in which no rule finds it: of an item of the run."""

    item: str
    problem: str
    target: str
    paragraphs: Sequence[str]


async def ask_first_right(askers: Askers, asked: Sequence[tuple[Unfound, SampleRef]]) -> dict[str, Trial]:
    """What the judges say of each thought, by item, as trials of their own; all are asked at the same time.

    A judge's failure is among what was said (`Trial.judged`).
    """
    trials = {unfound.item: Trial(ref.source.sample(ref.subset, ref.row)) for unfound, ref in asked}
    tasks = [asyncio.ensure_future(_ask(askers, unfound, ref, trials[unfound.item])) for unfound, ref in asked]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return trials


async def _ask(askers: Askers, unfound: Unfound, ref: SampleRef, trial: Trial) -> None:
    # Not the benchmark's own prompt, which asks for another verdict.
    panel = Panel(roles_of(askers, "judge", ref, trial), askers.judging, trial)
    numbered = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(unfound.paragraphs))
    rubric = Rubric(_PROMPT, Rating(-1, len(unfound.paragraphs) - 1))
    try:
        await panel.ask(rubric, numbered, FIRST_RIGHT, {"problem": unfound.problem, "right": unfound.target})
    except SampleError:
        # A budget that ran out, or judges that gave no verdict, which is kept as what they said.
        return
