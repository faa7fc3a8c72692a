"""Judges asked about thoughts: which paragraph is the first with the right answer, and which solutions are new."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from pytest_modeleval.asking.asker import Askers
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.asking.trial import Trial, roles_of
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.rubric import Rating, Rounds, Rubric
from pytest_modeleval.judging.verdict import SOLUTIONS
from pytest_modeleval.sample import SampleError

# The form is ProcessBench's (arXiv:2412.06559): numbered paragraphs, the earliest one, -1 for none.
_FIRST_RIGHT = """\
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


# What a solution is, and when two go the same way, is Chen et al.'s (2024, arXiv:2412.21187, §2), who had one model
# part thoughts and another one sort the parts. A thought's first solution begins where it does.
_SOLUTIONS = """\
A problem and what somebody thought about it are given. The thought's paragraphs are numbered from 0. Part it into
solutions: each is a stretch of paragraphs that comes to an answer of the problem, or tries to. A new one begins where,
after an answer or in place of one, the problem is taken up anew: checked, solved once more, or solved in another way.
Then number the ways in which the problem is solved, from 1 in the order in which they come. Solutions that follow the
same strategy go the same way, whatever their words, numbers and results, and so does one that only checks or repeats
what was computed before.

Problem:
{problem}

Thought:
{answer}

The verdict has a pair for each solution in their order, of its first paragraph, which is 0 for the first solution, and
of the number of its way."""


class AboutThought(NamedTuple):
    """A question about the thought of an item of the run, ``FIRST_RIGHT`` or ``SOLUTIONS``."""

    name: str
    item: str
    problem: str
    target: str
    paragraphs: Sequence[str]

    @property
    def rubric(self) -> Rubric:
        """What judges are asked."""
        if self.name == SOLUTIONS:
            return Rubric(_SOLUTIONS, Rounds(len(self.paragraphs)))
        return Rubric(_FIRST_RIGHT, Rating(-1, len(self.paragraphs) - 1))


async def ask_about_thoughts(askers: Askers, asked: Sequence[tuple[AboutThought, SampleRef]]) -> dict[str, Trial]:
    """What the judges say of each thought, by item, as trials of their own; all are asked at the same time.

    A judge's failure is among what was said (`Trial.judged`).
    """
    trials = {each.item: Trial(ref.source.sample(ref.subset, ref.row)) for each, ref in asked}
    tasks = [asyncio.ensure_future(_ask(askers, each, ref, trials[each.item])) for each, ref in asked]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
    return trials


async def _ask(askers: Askers, about: AboutThought, ref: SampleRef, trial: Trial) -> None:
    # Not the benchmark's own prompt, which asks for another verdict.
    panel = Panel(roles_of(askers, "judge", ref, trial), askers.judging, trial)
    numbered = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(about.paragraphs))
    try:
        await panel.ask(about.rubric, numbered, about.name, {"problem": about.problem, "right": about.target})
    except SampleError:
        # A budget that ran out, or judges that gave no verdict, which is kept as what they said.
        return
