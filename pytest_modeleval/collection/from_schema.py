"""A schema as what is drawn from: by its weights, or its datasets' sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_modeleval.collection.drawn import Drawn, Opened
from pytest_modeleval.collection.schema import Leaf, Schema
from pytest_modeleval.items.draw import allot, choose
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.record import Labels


@dataclass(frozen=True)
class FromSchema:
    """A schema, drawn from by its weights or its datasets' sizes."""

    schema: Schema

    @property
    def name(self) -> str:
        return self.schema.name

    @property
    def tables(self) -> Mapping[str, Table]:
        return self.schema.tables

    @property
    def files(self) -> Mapping[str, Path | None]:
        return {leaf.benchmark: leaf.file for leaf in self.schema.leaves}

    def draw(self, opened: Opened, options: Options) -> Drawn:
        """``--eval-limit`` rows, shared among the leaves as ``sampler`` of [run] says; all without a limit."""
        leaves, most = self.schema.leaves, options.limit_per_subset
        pairs = zip(leaves, _subsets(leaves, opened), strict=True)
        rows = [opened.numbers(leaf.benchmark, subsets) for leaf, subsets in pairs]
        sizes = [[len(numbers) for numbers in by_subset.values()] for by_subset in rows]
        totals = [sum(min(size, most or size) for size in each) for each in sizes]
        numbers = _numbers(leaves, totals, options)
        asked: dict[str, dict[str, dict[int, Labels]]] = {}
        for leaf, by_subset, number in zip(leaves, rows, numbers, strict=True):
            chosen = choose(by_subset, limit=number, limit_per_subset=most, seed=options.seed, name=leaf.benchmark)
            for subset, indexes in chosen.items():
                labels = Labels(leaf.task_type, leaf.tags, leaf.path, leaf.weight / number)
                asked.setdefault(leaf.benchmark, {})[subset] = dict.fromkeys(indexes, labels)
        return Drawn(self.name, asked, sum(totals))


def _subsets(leaves: Sequence[Leaf], opened: Opened) -> list[list[str]]:
    """Each leaf's subsets, those of the groups it names included; refuses one that no or another leaf has."""
    taken: dict[tuple[str, str], Leaf] = {}
    found = []
    for leaf in leaves:
        declared = opened.declared(leaf.benchmark)
        groups = declared.dataset.subsets
        for name in leaf.subsets:
            if name not in groups and name not in groups.values():
                raise unknown(
                    f"subset of {leaf.benchmark} in {leaf.where}:", name, [*groups, *filter(None, groups.values())]
                )
        subsets = list(declared.parts(leaf.subsets))
        for subset in subsets:
            if (first := taken.setdefault((leaf.benchmark, subset), leaf)) is not leaf:
                raise pytest.UsageError(
                    f"{leaf.where}: {leaf.benchmark!r} is there twice: {subset} is also in {' / '.join(first.path)}; "
                    "give each its subsets"
                )
        found.append(subsets)
    return found


def _numbers(leaves: Sequence[Leaf], sizes: Sequence[int], options: Options) -> list[int]:
    if options.limit is None:
        return list(sizes)
    if options.sampler == "stratified":
        if options.limit < len(leaves):
            raise pytest.UsageError(
                f"sampler = stratified draws at least one sample of each of {len(leaves)} datasets: "
                f"--eval-limit {options.limit} is too small"
            )
        return allot(options.limit, sizes, sizes, least=1)
    weights = [1.0 if options.sampler == "uniform" else leaf.weight for leaf in leaves]
    return allot(options.limit, weights, sizes)
