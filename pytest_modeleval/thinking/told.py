"""What judges said of a stored run's thoughts."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.rubric import rounds_of
from pytest_modeleval.judging.verdict import FIRST_RIGHT, SOLUTIONS
from pytest_modeleval.scorers.steps import Steps

# The (first paragraph, way) of each solution.
Rounds = Sequence[tuple[int, int]]


class Told(NamedTuple):
    """What judges said of a run's thoughts, by item.

    The ``first`` right paragraph, -1 for none: of several votes the lower median, which is one of them; None where all
    of them failed. The ``rounds`` of solutions as each vote has them, none where all failed.
    """

    first: Mapping[str, float | None] = MappingProxyType({})
    rounds: Mapping[str, Sequence[Rounds]] = MappingProxyType({})


def told_in(past: Past, run: Run) -> Told:
    """What judges said of the thoughts of a run."""
    votes: dict[str, list[float]] = {}
    for row in past.verdicts(run.id, name=FIRST_RIGHT):
        found = votes.setdefault(row.item, [])
        if row.value is not None and row.value.is_integer() and not row.probe:
            found.append(row.value)
    first = {item: sorted(found)[(len(found) - 1) // 2] if found else None for item, found in votes.items()}
    rounds: dict[str, list[Rounds]] = {}
    for row in past.verdicts(run.id, name=SOLUTIONS):
        parted = rounds.setdefault(row.item, [])
        if row.value is not None and not row.probe:
            # In a store that somebody edited it is none.
            with suppress(ValueError):
                parted.append(rounds_of(row.label))
    return Told(first, rounds)


def new_solutions(item: str, steps: Steps, told: Told) -> list[tuple[int, int]] | None:
    """Where the solutions of a thought begin and end that go a new way; None where no judge says it.

    Of several votes the one with the lower median of them. One paragraph is one solution, where judges were asked of
    others.
    """
    if not told.rounds:
        return None
    votes = [[(0, 1)]] if len(steps.places) == 1 else told.rounds.get(item, ())
    parted = []
    for rounds in votes:
        # The first one begins with the text, each ends where the next one begins.
        edges = [0, *(steps.places[first][0] for first, _ in rounds[1:] if first < len(steps.places)), len(steps.text)]
        ways = [way for _, way in rounds]
        new = [at for at, way in enumerate(ways[: len(edges) - 1]) if way not in ways[:at]]
        parted.append([(edges[at], edges[at + 1]) for at in new])
    parted.sort(key=lambda places: sum(end - start for start, end in places))
    return parted[(len(parted) - 1) // 2] if parted else None
