"""Datasets that live on ModelScope and Hugging Face: their declaration, and their rows."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.datasets import Place, Row
from pytest_modeleval.sample import SampleError

if TYPE_CHECKING:
    from pytest_modeleval.datasets.files import Split

# One name, several, or several by group.
Names = str | Sequence[str] | Mapping[str, Sequence[str]]


class NoData(Exception):
    """There is nothing to read for this benchmark; in a run over everything it is skipped instead."""


@dataclass(frozen=True)
class Beside:
    """Rows in other files of a dataset's repository that belong to its rows, such as a baseline's answers.

    A row gets, as its ``field``, the one in ``config`` and ``split`` with the same value of ``on``; ``split`` may be by
    subset. What is ``optional`` is there in some local copies alone, and rows may be without it.
    """

    field: str
    on: str
    config: str
    split: str | Mapping[str, str]
    optional: bool = False

    def part(self, subset: str) -> tuple[str, str]:
        """The config and the split that the rows for a subset are in."""
        return self.config, self.split if isinstance(self.split, str) else self.split[subset]


@dataclass(frozen=True)
class Hub:
    """A dataset in a hub's repository, see `hub`."""

    modelscope: str
    huggingface: str | None
    config: Names
    split: Names
    by: str | None
    values: Names
    revision: str | None
    # Configs and splits that Hugging Face has by other names, and those that other local copies have.
    renamed: Mapping[str, str] = field(default_factory=dict)
    in_copies: Mapping[str, str] = field(default_factory=dict)
    beside: Beside | None = None
    # A column whose values are known without reading the rows.
    column: str | None = None
    # The subset that is asked where none is named; all without one.
    unnamed: str | None = None
    # The files of subsets where neither a README nor their names tell them.
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        several = [name for name in ("config", "split") if not isinstance(getattr(self, name), str)]
        if self.by:
            several.append("by")
        if len(several) > 1:
            raise pytest.UsageError(f"hub({self.modelscope!r}): subsets come from {' or '.join(several)}; keep one")
        if bool(self.by) != bool(self.values):
            raise pytest.UsageError(f"hub({self.modelscope!r}): by= and subsets= belong together")
        if self.by and self.column:
            raise pytest.UsageError(f"hub({self.modelscope!r}): rows are told apart by by= or by column=; keep one")

    @property
    def told_by(self) -> str | None:
        """The column by whose values rows are counted and found when the files are made ready."""
        return self.by or self.column

    @cached_property
    def subsets(self) -> Mapping[str, str]:
        """Every subset's name with the group it is reported under."""
        names = self.values if self.by else self.config if isinstance(self.split, str) else self.split
        if isinstance(names, str):
            return {names: ""}
        if isinstance(names, Mapping):
            return {name: group for group, names in names.items() for name in names}
        return dict.fromkeys(names, "")

    def part_on(self, hub: str, part: tuple[str, str]) -> tuple[str, str]:
        """A config and a split as a hub calls them."""
        return _called(part, self.renamed if hub == "huggingface" else {})

    def in_a_copy(self, parts: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
        """What the configs and splits may be called in a local copy, the likeliest first."""
        others = [names for names in (self.renamed, self.in_copies) if names]
        return [list(parts), *([_called(part, names) for part in parts] for names in others)]

    def part(self, subset: str, split: str | None = None) -> tuple[str, str]:
        """The config and the split that a subset's rows are in."""
        config = subset if not isinstance(self.config, str) else self.config
        return config, split or (self.split if isinstance(self.split, str) else subset)

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "HubRows":
        """The rows in ``place.folder``, else out of a hub's cache, else out of the hub."""
        # Looking for files, hashing and preparing them is code that only selected benchmarks pay for.
        from pytest_modeleval.datasets.find import found

        splits = found(self, place, list({self.part(subset): None for subset in subsets}))
        if examples:
            try:
                splits |= found(self, place, list({self.part(subset, examples): None for subset in subsets}))
            except pytest.UsageError as error:
                said = f"{error}; the solved examples come from there, --eval-shots 0 asks without"
                # A run over everything goes on without this benchmark.
                raise (pytest.UsageError(said) if place.chosen else NoData(said)) from None
        return HubRows(self, place.benchmark, splits, self._others(place, subsets))

    def _others(self, place: Place, subsets: Collection[str]) -> Mapping[tuple[str, str], "Split"]:
        """The rows beside those of the subsets, by config and split."""
        from pytest_modeleval.datasets.find import found, is_in_copy

        if self.beside is None:
            return {}
        plain = replace(self, by=None, values=())
        parts = list({self.beside.part(subset): None for subset in subsets})
        if self.beside.optional and not is_in_copy(plain, place, parts):
            return {}
        return found(plain, place, parts)


def _called(part: tuple[str, str], names: Mapping[str, str]) -> tuple[str, str]:
    config, split = part
    return names.get(config, config), names.get(split, split)


@dataclass(frozen=True)
class HubRows:
    """The rows of a hub's dataset, by config and split, and those beside them."""

    dataset: Hub
    benchmark: str
    splits: Mapping[tuple[str, str], "Split"]
    others: Mapping[tuple[str, str], "Split"] = field(default_factory=dict)
    # Of those beside, which has which value.
    _numbers: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the first of its files lies."""
        return next(iter(self.splits.values())).paths[0].parent

    def count(self, subset: str) -> int:
        """How many rows the subset has, as locked."""
        split = self.splits[self.dataset.part(subset)]
        if self.dataset.by is None:
            return split.count()
        self._refuse_strange(split.sizes)
        if subset not in split.sizes:
            there = ", ".join(sorted(split.sizes))
            raise pytest.UsageError(f"{self.benchmark}: no row has {self.dataset.by} {subset!r}; there is {there}")
        return split.count(subset)

    def numbers(self, subset: str, keeps: Callable[[str], bool]) -> Sequence[int]:
        """The numbers of a subset's rows whose value of the dataset's ``column`` is kept; no row is read."""
        return self.splits[self.dataset.part(subset)].numbers(keeps)

    def row(self, subset: str, index: int) -> Row:
        """One row, read now, with the one beside it."""
        row, beside = self._rows(subset, *self.dataset.part(subset))[index], self.dataset.beside
        if beside is None or (part := beside.part(subset)) not in self.others:
            return row
        rows = self.others[part].rows(None)
        if part not in self._numbers:
            self._numbers[part] = {str(other[beside.on]): number for number, other in enumerate(rows)}
        number = self._numbers[part].get(str(row[beside.on]))
        if number is None and not beside.optional:
            raise SampleError(f"{row.where}: {'/'.join(part)} has no row whose {beside.on} is {row[beside.on]!r}")
        return row if number is None else Row({**row, beside.field: rows[number]}, row.where)

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """The rows of the same subset in another split."""
        return self._rows(subset, *self.dataset.part(subset, split))

    def _rows(self, subset: str, config: str, split: str) -> Sequence[Row]:
        return self.splits[config, split].rows(subset if self.dataset.by else None)

    def _refuse_strange(self, sizes: Mapping[str, int]) -> None:
        for value, size in sizes.items():
            if value not in self.dataset.subsets:
                known = ", ".join(sorted(self.dataset.subsets))
                raise pytest.UsageError(
                    f"{self.benchmark}: {size} rows have {self.dataset.by} {value!r}, which is no subset of {known}"
                )


def hub(
    *,
    modelscope: str,
    huggingface: str | None,
    config: Names = "default",
    split: Names = "test",
    by: str | None = None,
    subsets: Names = (),
    revision: str | None = None,
    on_huggingface: Mapping[str, str] | None = None,
    in_copies: Mapping[str, str] | None = None,
    beside: Beside | None = None,
    column: str | None = None,
    unnamed: str | None = None,
    files: Mapping[str, Sequence[str]] | None = None,
) -> Hub:
    """A dataset by its ids on both hubs (None where it has no id on Hugging Face).

    Its subsets are what ``config`` or ``split`` names when it is a list, or a mapping from groups to lists; or, with
    ``by``, the values ``subsets`` of that column in one split. Without a ``revision`` the newest is fetched and locked.
    ``on_huggingface`` has the names there of configs and splits that are called otherwise, ``{"default": "main"}``,
    and ``in_copies`` those in other copies that people have, such as a clone of the authors' repository. ``beside`` is
    what rows get out of other files of the repository. By ``column`` rows are chosen without being read, where a
    benchmark's own settings choose some (``@benchmark(…, among=…)``). Where nobody names a subset, ``unnamed`` is the
    one that is asked: subsets that share rows are not all asked at once. ``files`` are those of a config where neither
    the repository's README nor their names tell them.
    """
    renamed, copies = on_huggingface or {}, in_copies or {}
    more = beside, column, unnamed, files or {}
    return Hub(modelscope, huggingface, config, split, by, subsets, revision, renamed, copies, *more)
