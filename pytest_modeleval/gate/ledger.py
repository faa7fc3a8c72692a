"""Per-sample outcomes of a run: what a baseline keeps and a gate compares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from pytest_modeleval.record import ERROR, UNSCORED, WRONG, Record
from pytest_modeleval.statistics.scale import PLAIN, Scale


class Outcome(NamedTuple):
    """One sample's: the hash of its content, its mean score over so many repeats, and the variance among them."""

    content: str
    score: float
    repeats: int
    variance: float


def kept(score: float) -> float:
    """A score with the digits that a baseline keeps of it: by these it is compared with others."""
    return round(score, 9)


@dataclass
class Outcomes:
    """What one run knows of one model on one benchmark; samples go by their names, ``main-00042``.

    With ``twice`` the repeats are runs of the same model beside each other: the first counts, the rest tell its noise.
    """

    twice: bool = False
    pins: Mapping[str, str] = field(default_factory=dict)
    # What the scores are, and whether the table shows another figure of them than a mean.
    scale: Scale = PLAIN
    is_aggregated: bool = False
    asked: int = 0
    errors: int = 0
    in_error: set[str] = field(default_factory=set)
    unscored: set[str] = field(default_factory=set)
    # Those of them that the test skipped when it had their answers.
    passed_over: set[str] = field(default_factory=set)
    groups: dict[str, str] = field(default_factory=dict)
    # What each scored sample counts for in the mean.
    weights: dict[str, float] = field(default_factory=dict)
    # Sample → its subset.
    _subsets: dict[str, str] = field(default_factory=dict)
    # sample → (its content's hash, its scores by repeat)
    _scores: dict[str, tuple[str, dict[int, float]]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one record."""
        self.pins = record.pins or self.pins
        self.groups[record.subset] = record.group
        self.asked += bool(record.scores) or record.outcome == ERROR
        name = record.name
        self._subsets[name] = record.subset
        # A wrong answer without a value is in no mean either.
        is_error = record.outcome == ERROR or (
            record.outcome == WRONG and all(metric != "main" for metric, *_ in record.scores)
        )
        if is_error:
            self.errors += 1
            self.in_error.add(name)
        if is_error or record.outcome == UNSCORED:
            self.unscored.add(name)
        if record.outcome == UNSCORED and record.new + record.stored:
            self.passed_over.add(name)
        for metric, value, weight in record.scores:
            if metric == "main":
                self.weights[name] = weight
                self.is_aggregated = "main" in record.aggregates
                self.scale = record.scales.get("main", PLAIN)
                self._scores.setdefault(name, (record.sample, {}))[1][record.repeat] = value

    @property
    def samples(self) -> dict[str, Outcome]:
        """The scored samples, in the order of their names."""
        return {name: self._outcome(*self._scores[name]) for name in sorted(self._scores)}

    def _outcome(self, content: str, scores: Mapping[int, float]) -> Outcome:
        if len(scores) == 1:
            (value,) = scores.values()
            return Outcome(content, kept(value), 1, 0.0)
        values = [scores[repeat] for repeat in sorted(scores)]
        if self.twice:
            return Outcome(content, kept(values[0]), 1, 0.0)
        return Outcome(content, kept(sum(values) / len(values)), len(values), kept(_variance(values)))

    @property
    def discordance(self) -> float | None:
        """The share on which two runs of the model are expected to differ, 2·E[σ²] (Miller 2024, arXiv:2411.00640).

        For scores of 0 and 1 asked twice it is the share that did differ; those of another range count by their places
        in it. None where no sample was asked twice, and for a range without an end.
        """
        repeated = [_variance(list(scores.values())) for _, scores in self._scores.values() if len(scores) > 1]
        found = 2 * sum(repeated) / len(repeated) / self.scale.width**2 if repeated else None
        return round(found, 9) if found is not None and isfinite(self.scale.width) else None

    @property
    def parts(self) -> dict[str, list[str]]:
        """The scored samples' names by subset, and by group of subsets, in their order."""
        parts: dict[str, list[str]] = {}
        for name in sorted(self._scores):
            subset = self._subsets[name]
            for part in {subset, self.groups[subset]} - {""}:
                parts.setdefault(part, []).append(name)
        return parts


def _variance(values: Sequence[float]) -> float:
    n, mean = len(values), sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (n - 1) if n > 1 else 0.0


class Ledger:
    """The outcomes of every model and benchmark of a run."""

    def __init__(self, *, twice: bool = False) -> None:
        self._twice = twice
        self.outcomes: dict[tuple[str, str], Outcomes] = {}

    def add(self, record: Record) -> None:
        """Count one record."""
        self.outcomes.setdefault((record.model, record.benchmark), Outcomes(self._twice)).add(record)
