"""How steady a model's verdicts on a sample are."""

from collections.abc import Iterable
from typing import NamedTuple

from pytest_modeleval.record import RIGHT
from pytest_modeleval.store.rows import ScoreRow


class Flips(NamedTuple):
    """Of ``pairs`` successive answers, on how many the verdict changed; ``torn``: within one run, among repeats."""

    flips: int = 0
    pairs: int = 0
    most: int = 0
    torn: bool = False

    @property
    def rate(self) -> float | None:
        """The share of successive answers between which the verdict changed."""
        return self.flips / self.pairs if self.pairs else None

    @property
    def is_flaky(self) -> bool:
        """Whether the verdict changed and changed back: one change alone may be progress, or a regression."""
        return self.torn or self.most > 1


class _Series:
    """One model's answers to the same question, one after another."""

    __slots__ = ("flips", "pairs", "right", "run", "torn")

    def __init__(self) -> None:
        self.run, self.right = "", False
        self.flips = self.pairs = 0
        self.torn = False

    def add(self, attempt: ScoreRow) -> None:
        right = attempt.outcome == RIGHT
        if self.run:
            self.pairs += 1
            self.flips += right != self.right
            self.torn |= right != self.right and attempt.run == self.run
        self.run, self.right = attempt.run, right


# A model's sample: model, benchmark, name.
Key = tuple[str, str, str]


def flips_of(attempts: Iterable[ScoreRow]) -> dict[Key, Flips]:
    """The flips of every sample by model; attempts come in the order of time.

    Errors have no verdict, and a stored answer judged again is no new one: neither counts. Nor does a change of what is
    asked or expected.
    """
    series: dict[tuple[Key, str], _Series] = {}
    for attempt in attempts:
        if attempt.has_verdict and attempt.stored is None:
            key = attempt.model, attempt.benchmark, attempt.name
            series.setdefault((key, attempt.content), _Series()).add(attempt)
    found: dict[Key, Flips] = {}
    for (key, _), one in series.items():
        so_far = found.get(key, Flips())
        found[key] = Flips(
            so_far.flips + one.flips, so_far.pairs + one.pairs, max(so_far.most, one.flips), so_far.torn or one.torn
        )
    return found
