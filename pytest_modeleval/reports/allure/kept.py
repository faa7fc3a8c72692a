"""Which samples stand in a report: all failures and errors, and as many of the passes as wanted."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from pytest_modeleval.options.parsers import EVERY, PASSES, WHOLE
from pytest_modeleval.record import MEASURED, RIGHT, UNSCORED
from pytest_modeleval.store.rows import ScoreRow

_PASSED = (RIGHT, MEASURED)


@dataclass(frozen=True)
class Kept:
    """The items that are in, and what was left out."""

    items: frozenset[str]
    total: int
    lost: int
    right: int = 0
    unscored: int = 0
    # Among what counts as right is what was measured.
    measures: bool = False

    @property
    def lines(self) -> list[str]:
        """What was left out, in a sentence; none of a run without samples."""
        return [self._said] if self.total else []

    @property
    def _said(self) -> str:
        passed = "right or measured" if self.measures else "right"
        parts = [f"{self.right:,} {passed}"] * bool(self.right) + [f"{self.unscored:,} unscored"] * bool(self.unscored)
        parts += [f"{self.lost:,} lost with their worker"] * bool(self.lost)
        if not parts:
            return f"all {self.total:,} samples are in this report"
        there = f"{len(self.items):,} of {self.total:,} samples are in this report"
        return f"{there}; left out: {', '.join(parts)}; its share of passed tests is no score"

    @property
    def is_all(self) -> bool:
        """Whether nothing was left out."""
        return len(self.items) == self.total


def kept(attempts: Iterable[ScoreRow], passes: int | None, *, asked: int = 0) -> Kept:
    """What is wrong or an error, and so many right ones, or all samples; ``asked`` is how many there were.

    For None it is all of a run of some thousand: Allure's own counts are the run's then.

    The right ones are drawn by the hash of their ids, so that every run keeps the same ones and they show trends.
    """
    outcomes = {attempt.item: attempt.outcome for attempt in attempts}
    total = max(asked, len(outcomes))
    # A worker writes its scores some hundreds at a time.
    lost = total - len(outcomes)
    if passes is None:
        passes = EVERY if total <= WHOLE else PASSES
    if passes == EVERY:
        return Kept(frozenset(outcomes), total, lost)
    right = [item for item, outcome in outcomes.items() if outcome in _PASSED]
    unscored = sum(outcome == UNSCORED for outcome in outcomes.values())
    drawn = nsmallest(passes, right, key=lambda item: hashlib.sha256(item.encode("utf-8", "replace")).digest())
    bad = [item for item, outcome in outcomes.items() if outcome not in (*_PASSED, UNSCORED)]
    measures = MEASURED in outcomes.values()
    return Kept(frozenset([*bad, *drawn]), total, lost, len(right) - len(drawn), unscored, measures)
