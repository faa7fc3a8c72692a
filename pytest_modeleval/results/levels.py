"""A collection's results by category, task type, tag, dataset and subset, from its samples' labels."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pytest_modeleval.record import Labels, Record
from pytest_modeleval.results.results import Figures, figures
from pytest_modeleval.results.tally import Tally, in_order, summed
from pytest_modeleval.statistics.means import estimate
from pytest_modeleval.statistics.scale import PLAIN

LEVELS = ("all", "category", "task_type", "tag", "dataset", "subset")


class Unit(NamedTuple):
    """The samples that a collection makes no difference between."""

    benchmark: str
    subset: str
    labels: Labels


@dataclass(frozen=True, kw_only=True)
class LevelRow(Figures):
    """One line of a collection's table: the samples of one model that share a ``name`` on a ``level``.

    ``micro`` is the mean over samples, with its error and interval; ``macro`` the mean over datasets' subsets, each
    counting once; ``weighted`` is Σw·s/Σw over samples, by their weights in the collection. A dataset has a row for
    each of its metrics. Above datasets, what is no share of right answers is left out of all three.
    """

    level: str
    name: tuple[str, ...]
    micro: float | None
    macro: float | None
    macro_error: float | None
    weighted: float | None
    weighted_error: float | None


class Levels:
    """Everything counted so far of a collection."""

    def __init__(self) -> None:
        self._units: dict[str, dict[Unit, Tally]] = {}

    def add(self, record: Record, place: int = 0) -> None:
        """Count a record, of the item at that place in the run, if a collection labelled it."""
        if record.labels is not None:
            unit = Unit(record.benchmark, record.subset, record.labels)
            self._units.setdefault(record.model, {}).setdefault(unit, Tally()).add(record, place)

    def rows(self) -> list[LevelRow]:
        """The table, each model's levels in the order of ``LEVELS``, a level's names in that of their first items."""
        rows: list[LevelRow] = []
        for model, counted in self._units.items():
            units = in_order(counted)
            parts: dict[str, dict[tuple[str, ...], list[Unit]]] = {level: {} for level in LEVELS}
            for unit in units:
                for level, name in _places(unit):
                    parts[level].setdefault(name, []).append(unit)
            # A category before those inside it, whatever was asked first.
            parts["category"] = _as_tree(parts["category"])
            for level, names in parts.items():
                for name, inside in names.items():
                    rows += _rows(model, level, name, {unit: units[unit] for unit in inside})
        return rows


def _places(unit: Unit) -> Iterator[tuple[str, tuple[str, ...]]]:
    labels = unit.labels
    yield "all", ()
    for depth in range(len(labels.categories)):
        yield "category", labels.categories[: depth + 1]
    if labels.task_type:
        yield "task_type", (labels.task_type,)
    for tag in dict.fromkeys(labels.tags):
        yield "tag", (tag,)
    yield "dataset", (unit.benchmark,)
    yield "subset", (unit.benchmark, unit.subset)


def _as_tree(names: dict[tuple[str, ...], list[Unit]]) -> dict[tuple[str, ...], list[Unit]]:
    first = {name: place for place, name in enumerate(names)}
    order = sorted(names, key=lambda name: [first[name[: depth + 1]] for depth in range(len(name))])
    return {name: names[name] for name in order}


def _rows(model: str, level: str, name: tuple[str, ...], units: Mapping[Unit, Tally]) -> Iterator[LevelRow]:
    tallies = list(units.values())
    if level not in ("dataset", "subset"):
        units = {unit: tally for unit, tally in units.items() if tally.is_share}
    whole = summed(tallies) if level == "dataset" else Tally()
    for metric in whole.metrics or ["main"]:
        scored = [
            (sample.value, sample.weight, unit.labels.weight, sample.repeats)
            for unit, tally in units.items()
            for sample in tally.values.get(metric, {}).values()
        ]
        # Samples that are errors do not tell.
        scale = next((told for tally in units.values() if (told := tally.scale(metric)) != PLAIN), PLAIN)
        values = [value for value, *_ in scored]
        micro = estimate(values, [weight for _, weight, *_ in scored], ends=scale.ends)
        samples = sum(count for *_, count in scored)
        if (not scored and whole.values) or metric in whole.aggregates:
            # A metric made of others, or over repeats.
            micro, samples = whole.estimate(metric)
        weights = [weight * share for _, weight, share, _ in scored]
        weighted = estimate(values, weights, ends=scale.ends) if any(weights) else None
        macro, macro_error = _macro(units, metric)
        yield LevelRow(
            level=level,
            name=name,
            micro=micro.mean if micro else None,
            macro=macro,
            macro_error=macro_error,
            weighted=weighted.mean if weighted else None,
            weighted_error=weighted.standard_error if weighted else None,
            **figures(model, metric, tallies, micro, samples, scale=scale),
        )


def _macro(units: Mapping[Unit, Tally], metric: str) -> tuple[float | None, float | None]:
    """The mean over subsets of datasets, and its standard error √Σe²/K, where each of the K has one."""
    by_subset: dict[tuple[str, str], list[Tally]] = {}
    for unit, tally in units.items():
        by_subset.setdefault((unit.benchmark, unit.subset), []).append(tally)
    wholes = [whole for tallies in by_subset.values() if metric in (whole := summed(tallies)).metrics]
    found = [estimated for whole in wholes if (estimated := whole.estimate(metric)[0])]
    if not found:
        return None, None
    errors = [one.standard_error for one in found if one.standard_error is not None]
    error = math.hypot(*errors) / len(found) if len(errors) == len(found) else None
    return math.fsum(one.mean for one in found) / len(found), error
