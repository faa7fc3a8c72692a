"""What became of each sample, and the table of scores that it adds up to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pytest_modeleval.record import ERROR, MEASURED, RIGHT, UNSCORED, WRONG, Record
from pytest_modeleval.results.counts import Counts
from pytest_modeleval.results.reuse import Reuse
from pytest_modeleval.results.tally import OVER_REPEATS, Tally, counted, in_order, summed
from pytest_modeleval.statistics.means import Estimate, estimate, finite
from pytest_modeleval.statistics.scale import PLAIN, Scale


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a table says of some of a model's samples by one metric.

    The ends of ``range`` are None where it has none; ``measured`` values have no pass mark. ``axes`` are the names of
    those that the samples state.
    """

    model: str
    metric: str
    range: tuple[float | None, float | None] = (0.0, 1.0)
    better: str = "higher"
    measured: bool = False
    samples: int
    errors: int
    unscored: int
    standard_error: float | None
    low: float | None
    high: float | None
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    new: int
    stored: int
    oldest: float | None
    axes: Sequence[str] = ()
    # What models in roles gave, by their names: answers, stored, prompt_tokens, completion_tokens, seconds.
    roles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # Those of the errors that have an answer and no verdict on it; what judges' verdicts were (`record.JudgeUse`), by
    # their names; of how many answers the votes were not at one.
    judge_errors: int = 0
    judges: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    split: int = 0

    @property
    def is_share(self) -> bool:
        """Whether its values are shares of what is right: 0 to 1, with a pass mark."""
        return (self.range, self.better, self.measured) == ((0.0, 1.0), "higher", False)

    @property
    def label(self) -> str:
        """The metric, with ``↓`` where lower is better, and whether it is only measured."""
        return self.metric + " ↓" * (self.better == "lower") + " measured" * self.measured


@dataclass(frozen=True, kw_only=True)
class TableRow(Figures):
    """One line of the table. ``part`` is a subset or a group of subsets, "" for the whole benchmark.

    ``group`` is that of a subset whose benchmark's table is by groups.
    """

    benchmark: str
    part: str
    score: float | None
    group: str = ""
    # The score if all answers without a judge's verdict were wrong, and if all were right; None where all have one.
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class AxisRow(TableRow):
    """The samples of a benchmark that stand at one value of an axis."""

    axis: str
    value: str | int | float


class Results:
    """Everything counted so far."""

    def __init__(self) -> None:
        self.right = self.wrong = self.measured = self.errors = self.unscored = self.completion_tokens = 0
        self._tallies: dict[tuple[str, str], dict[tuple[str, str], Tally]] = {}
        # By the names of models, also those in roles: the tokens of prompts and of answers that were not stored before.
        self.paid: dict[str, tuple[int, int]] = {}
        self._tags: dict[str, Sequence[str]] = {}
        # (model, benchmark, axis, value) → the samples there.
        self._axes: dict[tuple[str, str, str, str | int | float], Tally] = {}
        # (benchmark, metric) → what its values are.
        self._scales: dict[tuple[str, str], Scale] = {}
        # (benchmark, why) → how many of its samples are unscored for that reason.
        self.reasons: Counter[tuple[str, str]] = Counter()
        # (benchmark, metric) → what a figure that there is none of lacks, as the last `rows` found it.
        self.lacking: dict[tuple[str, str], str] = {}

    @property
    def done(self) -> int:
        """The items with an outcome."""
        return self.right + self.wrong + self.measured + self.errors + self.unscored

    def mostly_errors(self, accepted: float) -> bool:
        """Whether more samples than half, and than a share that is ``accepted``, have no verdict."""
        return self.errors > max(0.5, accepted) * (self.done - self.unscored)

    @property
    def counts(self) -> Counts:
        """What was counted, over everything."""
        return counted(tally for parts in self._tallies.values() for tally in parts.values())

    @property
    def reuse(self) -> Reuse:
        """How many answers are new and stored, over everything."""
        return self.counts.reuse

    def add(self, record: Record, place: int = 0) -> None:
        """Count one record, of the item at that place in the run.

        `pytest.UsageError` for a value of another kind than the metric's before.
        """
        self._refuse_other_scales(record)
        self.right += record.outcome == RIGHT
        self.wrong += record.outcome == WRONG
        self.measured += record.outcome == MEASURED
        self.errors += record.outcome == ERROR
        self.unscored += record.outcome == UNSCORED
        if record.why:
            self.reasons[record.benchmark, record.why] += 1
        self.completion_tokens += record.completion_tokens
        self._pay(record.model, *record.paid_tokens)
        for name, use in record.roles.items():
            self._pay(name, use.paid_prompt_tokens, use.paid_completion_tokens)
        if record.tags:
            self._tags[record.benchmark] = record.tags
        parts = self._tallies.setdefault((record.model, record.benchmark), {})
        parts.setdefault((record.group, record.subset), Tally()).add(record, place)
        for axis, value in record.axes.items():
            self._axes.setdefault((record.model, record.benchmark, axis, value), Tally()).add(record, place)

    def _pay(self, name: str, prompt_tokens: int, completion_tokens: int) -> None:
        before = self.paid.get(name, (0, 0))
        self.paid[name] = before[0] + prompt_tokens, before[1] + completion_tokens

    def _refuse_other_scales(self, record: Record) -> None:
        """No mean says anything of a metric whose values are of two kinds."""
        for metric, *_ in record.scores:
            scale = record.scales.get(metric, PLAIN)
            before = self._scales.setdefault((record.benchmark, metric), scale)
            if scale != before:
                raise pytest.UsageError(
                    f"{record.benchmark}: the score {metric!r} of {record.name} is {scale}, and that of another sample "
                    f"{before}: make a Score of one kind in every sample, before anything is asserted"
                )

    @property
    def benchmarks(self) -> set[str]:
        """Those of which something was counted."""
        return {benchmark for _, benchmark in self._tallies}

    def parts(self, model: str, benchmark: str) -> Iterable[tuple[str, str]]:
        """The (group, subset) pairs of which something was counted."""
        return self._tallies.get((model, benchmark), {})

    def _in_order(self) -> list[tuple[str, str, dict[tuple[str, str], Tally]]]:
        """Each model and benchmark with its parts, in the order of the run's items."""
        found = [(*key, in_order(parts)) for key, parts in self._tallies.items()]
        return sorted(found, key=lambda each: next(iter(each[2].values())).place)

    def rows(self) -> list[TableRow]:
        """The table: each benchmark whole, then by group, or by subset where there is one group or none.

        It stands in the order of the run's items, whichever were answered first. What figures lack that there are none
        of is `lacking` then.
        """
        self.lacking = {}
        rows: list[TableRow] = []
        for model, benchmark, parts in self._in_order():
            rows += self._rows(model, benchmark, "", parts)
            in_groups = len({group for group, _ in parts}) > 1
            by_part: dict[str, dict[tuple[str, str], Tally]] = {}
            for (group, subset), tally in parts.items():
                by_part.setdefault(group if in_groups else subset, {})[group, subset] = tally
            if len(by_part) > 1:
                for part, its in by_part.items():
                    rows += self._rows(model, benchmark, part, its)
        return rows

    def subset_rows(self) -> list[TableRow]:
        """A line for each subset of the benchmarks that have several, also where the table is by groups."""
        return [
            replace(row, group=group)
            for model, benchmark, parts in self._in_order()
            for (group, subset), tally in (parts if len(parts) > 1 else {}).items()
            for row in self._rows(model, benchmark, subset, {(group, subset): tally})
            if not row.metric.startswith(OVER_REPEATS)
        ]

    def axis_rows(self) -> list[AxisRow]:
        """A line for each value of each axis of a benchmark's samples."""
        return [
            AxisRow(**vars(row), axis=axis, value=value)
            for (model, benchmark, axis, value), tally in in_order(self._axes).items()
            for row in self._rows(model, benchmark, "", {("", ""): tally})
            if not row.metric.startswith(OVER_REPEATS)
        ]

    @property
    def tags(self) -> Mapping[str, Sequence[str]]:
        """The tags of the benchmarks that have some."""
        return self._tags

    def tag_rows(self) -> list[TableRow]:
        """A line for each model and tag: the mean over all samples of the benchmarks with the tag, as its ``part``."""
        tagged: dict[tuple[str, str], list[Tally]] = {}
        for model, benchmark, parts in self._in_order():
            for tag in self._tags.get(benchmark, ()):
                tagged.setdefault((model, tag), []).append(summed(list(parts.values())))
        return [_tag_row(model, tag, tallies) for (model, tag), tallies in tagged.items()]

    def _rows(
        self, model: str, benchmark: str, part: str, parts: Mapping[tuple[str, str], Tally]
    ) -> Iterator[TableRow]:
        whole = summed([*parts.values()])
        for metric in whole.metrics or ["main"]:
            of = whole.aggregates[metric].subsets if metric in whole.aggregates else ()
            own = summed(found) if (found := [each for (_, subset), each in parts.items() if subset in of]) else whole
            estimated, samples = own.estimate(metric) if own.values else (None, 0)
            if estimated is None and metric in own.aggregates and (part or metric in own.lacks):
                # Such as a mean over parts, or one of parts that were not asked.
                if not part and own.lacks.get(metric):
                    self.lacking[benchmark, metric] = own.lacks[metric]
                continue
            # Where all are in error, others tell what the scores would be.
            scale = self._scales.get((benchmark, metric)) or own.scale(metric)
            score = estimated.mean if estimated else None
            of_row = figures(model, metric, [own], estimated, samples, scale=scale)
            bounds = whole.bounds() if metric == "main" and scale == PLAIN and score is not None else None
            yield TableRow(benchmark=benchmark, part=part, score=score, bounds=bounds, **of_row)


def _tag_row(model: str, tag: str, tallies: Sequence[Tally]) -> TableRow:
    scored = [sample for tally in tallies if tally.is_share for sample in tally.values.get("main", {}).values()]
    found = estimate([sample.value for sample in scored], [sample.weight for sample in scored])
    samples = sum(sample.repeats for sample in scored)
    score = found.mean if found else None
    return TableRow(benchmark="", part=tag, score=score, **figures(model, "main", tallies, found, samples))


def figures(
    model: str,
    metric: str,
    tallies: Sequence[Tally],
    found: Estimate | None,
    samples: int,
    *,
    scale: Scale = PLAIN,
) -> dict[str, Any]:
    """The fields of `Figures`, of an estimate over so many scored samples."""
    ends = (found.low, found.high) if found else (None, None)
    low, high = (None if end is None else finite(end) for end in ends)
    return {
        "model": model,
        "metric": metric,
        "range": tuple(scale.kept[:2]),
        "better": scale.better,
        "measured": scale.measured,
        "samples": samples,
        "standard_error": found.standard_error if found else None,
        "low": low,
        "high": high,
        "axes": list(dict.fromkeys(name for tally in tallies for name in tally.axes)),
        **counted(tallies).columns,
    }
