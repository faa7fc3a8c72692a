"""Datasets that live on ModelScope and Hugging Face: their declaration, and their rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.datasets import Place, Row

if TYPE_CHECKING:
    from pytest_modeleval.datasets.files import Split

# One name, several, or several by group.
Names = str | Sequence[str] | Mapping[str, Sequence[str]]


class NoData(Exception):
    """There is nothing to read for this benchmark; in a run over everything it is skipped instead."""


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
    # Configs and splits that Hugging Face has by other names.
    renamed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        several = [name for name in ("config", "split") if not isinstance(getattr(self, name), str)]
        if self.by:
            several.append("by")
        if len(several) > 1:
            raise pytest.UsageError(f"hub({self.modelscope!r}): subsets come from {' or '.join(several)}; keep one")
        if bool(self.by) != bool(self.values):
            raise pytest.UsageError(f"hub({self.modelscope!r}): by= and subsets= belong together")

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
        config, split = part
        renamed = self.renamed if hub == "huggingface" else {}
        return renamed.get(config, config), renamed.get(split, split)

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
        return HubRows(self, place.benchmark, splits)


@dataclass(frozen=True)
class HubRows:
    """The rows of a hub's dataset, by config and split."""

    dataset: Hub
    benchmark: str
    splits: Mapping[tuple[str, str], "Split"]

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

    def row(self, subset: str, index: int) -> Row:
        """One row, read now."""
        return self._rows(subset, *self.dataset.part(subset))[index]

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
) -> Hub:
    """A dataset by its ids on both hubs (None where it has no id on Hugging Face).

    Its subsets are what ``config`` or ``split`` names when it is a list, or a mapping from groups to lists; or, with
    ``by``, the values ``subsets`` of that column in one split. Without a ``revision`` the newest is fetched and locked.
    ``on_huggingface`` has the names there of configs and splits that are called otherwise, ``{"default": "main"}``.
    """
    return Hub(modelscope, huggingface, config, split, by, subsets, revision, on_huggingface or {})
