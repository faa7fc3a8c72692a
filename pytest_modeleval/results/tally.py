"""The sums over some samples' records, out of which every score is computed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, NamedTuple, TypeVar

import pytest

from pytest_modeleval.record import ERROR, MEASURED, RIGHT, UNSCORED, Record
from pytest_modeleval.results.counts import Counts, joined, judged
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.reuse import Reuse
from pytest_modeleval.statistics.aggregates import ROW, SUBSET, Aggregate, NoFigure
from pytest_modeleval.statistics.means import Estimate, estimate, harmonic_mean, pass_at_k, pass_hat_k, vote_at_k
from pytest_modeleval.statistics.scale import PLAIN, Scale

# The beginnings of metrics over a sample's repeats; a number follows.
OVER_REPEATS = ("pass@", "pass^", "vote@")

# A sample by its subset and row.
Key = tuple[str, int]
# What a tally is of.
Name = TypeVar("Name")


class Sums(NamedTuple):
    """The sums over a sample's scored repeats: of values times weights, how many there are, and of weights."""

    total: float = 0.0
    repeats: int = 0
    weights: float = 0.0

    def plus(self, value: float, weight: float) -> "Sums":
        """With one more."""
        return Sums(self.total + value * weight, self.repeats + 1, self.weights + weight)

    @property
    def value(self) -> float:
        """The repeats' mean, each by its weight."""
        return self.total / self.weights

    @property
    def weight(self) -> float:
        """The sample's: the mean of its repeats'."""
        return self.weights / self.repeats


@dataclass(slots=True)
class Tally:
    """The sums over some records; one sample's repeats are averaged, as they are one cluster."""

    counts: Counts = field(default_factory=Counts)
    # metric → sample → the sums over its repeats.
    values: dict[str, dict[Key, Sums]] = field(default_factory=dict)
    # sample → its scored repeats as (repeat, passed, answer, value, weight); kept only where samples are repeated.
    attempts: dict[Key, list[tuple[int, bool, str, float, float]]] = field(default_factory=dict)
    # sample → its repeats that have an answer and no verdict.
    unjudged: dict[Key, int] = field(default_factory=dict)
    harmonic: dict[str, Sequence[str]] = field(default_factory=dict)
    aggregates: dict[str, Aggregate] = field(default_factory=dict)
    # metric → what its values are, where that is not 0 to 1 with a pass mark.
    scales: dict[str, Scale] = field(default_factory=dict)
    axes: dict[str, None] = field(default_factory=dict)
    # axis → sample → its value, of the axes that aggregates are made of.
    along: dict[str, dict[Key, str | int | float]] = field(default_factory=dict)
    # What aggregates that were asked for and have no figure say that they lack, which may be nothing.
    lacks: dict[str, str] = field(default_factory=dict)
    # Where the first of its items stands in the run.
    place: float = float("inf")

    def add(self, record: Record, place: int = 0) -> None:
        """Count one record, of the item at that place; `pytest.UsageError` for an aggregate that is not found."""
        self.place = min(self.place, place)
        counts = self.counts
        counts.errors += record.outcome == ERROR
        counts.unscored += record.outcome == UNSCORED
        counts.prompt_tokens += record.prompt_tokens
        counts.completion_tokens += record.completion_tokens
        counts.first_asked = min(counts.first_asked, record.asked or float("inf"))
        counts.last_answered = max(counts.last_answered, record.answered)
        counts.reuse += Reuse(record.new, record.stored, record.oldest)
        counts.roles = joined(counts.roles, record.roles)
        if record.judges:
            counts.judges = judged(counts.judges, record.judges)
            counts.split += record.split
        self.harmonic.update(record.harmonic)
        for name in record.aggregates.keys() - self.aggregates.keys():
            self.aggregates[name] = _aggregate(record, name)
        if record.scales or record.axes:
            self.scales.update(record.scales)
            self.axes.update(dict.fromkeys(record.axes))
        sample = record.subset, record.index
        if record.axes and self.aggregates:
            for name in record.axes.keys() & {name for each in self.aggregates.values() for name in each.of}:
                self.along.setdefault(name, {})[sample] = record.axes[name]
        if record.mistake == Mistake.JUDGE:
            counts.judge_errors += 1
            self.unjudged[sample] = self.unjudged.get(sample, 0) + 1
        for metric, value, weight in record.scores:
            samples = self.values.setdefault(metric, {})
            samples[sample] = samples.get(sample, Sums()).plus(value, weight)
            if metric == "main" and record.answer and record.outcome != MEASURED:
                attempt = record.repeat, record.outcome == RIGHT, record.answer, value, weight
                self.attempts.setdefault(sample, []).append(attempt)

    @property
    def metrics(self) -> list[str]:
        """The metrics that there are: "main" first, then those made of others, the others, and those over repeats."""
        made = [name for name, parts in self.harmonic.items() if all(map(self._joins, parts))]
        made += [name for name, each in sorted(self.aggregates.items()) if not self.values.keys().isdisjoint(each.of)]
        names = dict.fromkeys([*made, *sorted(self.values)])
        return [*sorted(names, key=lambda name: name != "main"), *self._over_repeats()]

    def estimate(self, metric: str) -> tuple[Estimate | None, int]:
        """The metric's mean over samples with its error (None when nothing was scored), and over how many scores.

        An aggregate of a metric's own name stands in the place of its mean.
        """
        if metric in self.aggregates:
            return self._aggregated(metric, self.aggregates[metric])
        if metric in self.values:
            samples = self.values[metric].values()
            values, weights = [each.value for each in samples], [each.weight for each in samples]
            return estimate(values, weights, ends=self.scale(metric).ends), sum(each.repeats for each in samples)
        if metric in self.harmonic:
            parts = [self.estimate(part) for part in self.harmonic[metric]]
            one, two = (found for found, _ in parts)
            return one and two and harmonic_mean(one, two), sum(count for _, count in parts)
        return self._over(metric)

    def _aggregated(self, metric: str, aggregate: Aggregate) -> tuple[Estimate | None, int]:
        """The figure, and over how many scores: of its own name, else of the first that it is made of."""
        rows = self._rows_of(aggregate)
        samples = self.values.get(metric, self.values.get(aggregate.of[0], {})).values()
        try:
            return aggregate.figure(rows), sum(each.repeats for each in samples)
        except NoFigure as why:
            self.lacks[metric] = str(why)
            return None, 0

    def _rows_of(self, aggregate: Aggregate) -> list[list[Any]]:
        """A row a sample, of what the aggregate is made of."""
        parts = {name: self.values.get(name, {}) for name in aggregate.of}
        keys = sorted(set().union(*parts.values()))
        # What samples have without having scored it, unless they have.
        named = {SUBSET: 0, ROW: 1}
        return [
            [
                part[key].value
                if key in part
                else key[named[name]]
                if name in named and name not in self.values
                else self.along.get(name, {}).get(key)
                for name, part in parts.items()
            ]
            for key in keys
        ]

    def scale(self, metric: str) -> Scale:
        """What the metric's values are; those of votes are the sample's own."""
        if metric in self.aggregates and metric not in self.values:
            return self.aggregates[metric].scale
        return self.scales.get("main" if metric.startswith("vote@") else metric, PLAIN)

    @property
    def is_share(self) -> bool:
        """Whether the samples' own scores are shares of what is right, which those of other benchmarks can join."""
        return self.scale("main") == PLAIN

    def bounds(self) -> tuple[float, float] | None:
        """The mean of "main" if all answers without a verdict are wrong, and if they are right: each counts 1.

        None where all have one, and where nobody knows: of a figure that is no mean, and where samples count for more.
        """
        samples = self.values.get("main", {})
        if not self.unjudged or "main" in self.aggregates or any(each.weight > 1 for each in samples.values()):
            return None
        lows, highs, weights = [], [], []
        for key in self.unjudged.keys() | samples.keys():
            known, failed = samples.get(key, Sums()), self.unjudged.get(key, 0)
            repeats = known.repeats + failed
            lows.append(known.total / repeats)
            highs.append((known.total + failed) / repeats)
            weights.append((known.weights + failed) / repeats)
        return fsum(lows) / fsum(weights), fsum(highs) / fsum(weights)

    def _joins(self, metric: str) -> bool:
        """Whether a metric is there whose harmonic mean with another says something."""
        return metric in self.values and self.scale(metric)[:3] == PLAIN[:3]

    def _over_repeats(self) -> list[str]:
        most = max((len(attempts) for attempts in self.attempts.values()), default=0)
        # One answer passes as often as "main" says.
        numbers = sorted({most, *(2**power for power in range(1, most.bit_length()))}) if most > 1 else []
        return [f"{name}{k}" for name in OVER_REPEATS for k in numbers]

    def _over(self, metric: str) -> tuple[Estimate | None, int]:
        """pass@k, pass^k or vote@k: its mean over the samples that have k scored repeats.

        A vote counts what its answer's score does, as in "main"; that some or all pass is a share of samples.
        """
        k = int(metric[5:])
        values, weights = [], []
        for attempts in self.attempts.values():
            if len(attempts) < k:
                continue
            right = sum(passed for _, passed, *_ in attempts)
            if metric.startswith("vote"):
                votes = [(answer, (value, weight)) for _, _, answer, value, weight in sorted(attempts)]
                value, weight = vote_at_k(votes, k)
            else:
                value, weight = (pass_at_k if metric[4] == "@" else pass_hat_k)(len(attempts), right, k), 1.0
            values.append(value)
            weights.append(weight)
        return estimate(values, weights, ends=self.scale(metric).ends), len(values)


def _aggregate(record: Record, name: str) -> Aggregate:
    """An aggregate of the record's benchmark; `pytest.UsageError` where this process has not its function or file."""
    try:
        aggregate = Aggregate.of_kept(record.aggregates[name])
        if aggregate.file:
            aggregate.figure([])
    except (ImportError, ValueError, OSError) as error:
        raise pytest.UsageError(f"{record.benchmark}: {name}: {error}") from None
    return aggregate


def in_order(tallies: Mapping[Name, Tally]) -> dict[Name, Tally]:
    """The tallies in the order of the run's items, whichever were answered first."""
    return dict(sorted(tallies.items(), key=lambda each: each[1].place))


def counted(tallies: Iterable[Tally]) -> Counts:
    """The counts of all the records in some tallies."""
    return sum((tally.counts for tally in tallies), Counts())


def summed(tallies: Sequence[Tally]) -> Tally:
    """The tally of all the records in some tallies of one benchmark."""
    whole = Tally(counted(tallies))
    for tally in tallies:
        whole.attempts.update(tally.attempts)
        whole.unjudged.update(tally.unjudged)
        whole.harmonic.update(tally.harmonic)
        whole.aggregates.update(tally.aggregates)
        whole.scales.update(tally.scales)
        whole.axes.update(tally.axes)
        for axis, found in tally.along.items():
            whole.along.setdefault(axis, {}).update(found)
        for metric, samples in tally.values.items():
            whole.values.setdefault(metric, {}).update(samples)
    return whole
