"""Datasets that live on ModelScope and Hugging Face, read from a local copy of their repository."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.datasets import Place, Row

if TYPE_CHECKING:
    from pytest_modeleval.datasets.files import RowFiles

# One name, several, or several by group.
Names = str | Sequence[str] | Mapping[str, Sequence[str]]


class NoData(Exception):
    """There is no folder for this benchmark; in a run over everything it is skipped instead."""


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

    def part(self, subset: str) -> tuple[str, str]:
        """The config and the split that a subset's rows are in."""
        if not isinstance(self.split, str):
            assert isinstance(self.config, str)
            return self.config, subset
        return self.config if isinstance(self.config, str) else subset, self.split

    def open(self, place: Place) -> "HubRows":
        """The rows in ``place.folder``."""
        if place.folder is None or not place.folder.is_dir():
            looked = "" if place.folder is None else f" There is no folder {place.folder}."
            raise NoData(
                f"{place.benchmark} has no data.{looked} Give --eval-data DIR, where DIR/{place.benchmark} is a copy "
                f"of {self.modelscope} (ModelScope) or {self.huggingface or 'none'} (Hugging Face)"
            )
        return HubRows(self, place)


@dataclass(frozen=True)
class HubRows:
    """The rows of a hub's dataset in a local copy of its repository."""

    dataset: Hub
    place: Place
    _open: dict[tuple[str, str], "RowFiles"] = field(default_factory=dict)
    # With ``by``: the numbers of each subset's rows, by config and split.
    _numbers: dict[tuple[str, str], dict[str, list[int]]] = field(default_factory=dict)

    def count(self, subset: str) -> int:
        """How many rows the subset has, by the lock where it is known."""
        from pytest_modeleval.datasets.lock import locked_rows

        by = self.dataset.by
        config, split = self.dataset.part(subset)
        rows = locked_rows(
            self.place.lock,
            self.place.benchmark,
            f"{config}/{split}" + (f" by {by}" if by else ""),
            self._files(config, split),
            lambda: self._sizes(config, split),
        )
        return self._of_subset(rows, subset) if by else rows["all"]

    def row(self, subset: str, index: int) -> Row:
        """One row, read now."""
        return self._subset(subset, *self.dataset.part(subset))[index]

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """The rows of the same subset in another split, which may be a text of solved examples."""
        if (text := f"{split}/{subset}.txt") in self._names:
            from pytest_modeleval.datasets.solved import solved

            assert self.place.folder is not None
            return solved(self.place.folder / text)
        return self._subset(subset, self.dataset.part(subset)[0], split)

    def _subset(self, subset: str, config: str, split: str) -> Sequence[Row]:
        from pytest_modeleval.datasets.files import Some

        rows = self._rows(config, split)
        return Some(rows, self._by_value(config, split).get(subset, [])) if self.dataset.by else rows

    def _of_subset(self, sizes: Mapping[str, int], subset: str) -> int:
        dataset, name = self.dataset, self.place.benchmark
        known = ", ".join(sorted(dataset.subsets))
        for value, size in sizes.items():
            if value not in dataset.subsets:
                raise pytest.UsageError(
                    f"{name}: {size} rows have {dataset.by} {value!r}, which is no subset of {known}"
                )
        if subset not in sizes:
            raise pytest.UsageError(f"{name}: no row has {dataset.by} {subset!r}; there is {', '.join(sorted(sizes))}")
        return sizes[subset]

    def _sizes(self, config: str, split: str) -> dict[str, int]:
        if self.dataset.by:
            return {value: len(numbers) for value, numbers in self._by_value(config, split).items()}
        return {"all": len(self._rows(config, split))}

    def _by_value(self, config: str, split: str) -> dict[str, list[int]]:
        if (config, split) not in self._numbers:
            numbers: dict[str, list[int]] = {}
            assert self.dataset.by
            for number, row in enumerate(self._rows(config, split)):
                numbers.setdefault(str(row[self.dataset.by]), []).append(number)
            self._numbers[config, split] = numbers
        return self._numbers[config, split]

    def _rows(self, config: str, split: str) -> "RowFiles":
        from pytest_modeleval.datasets.files import RowFiles

        if (config, split) not in self._open:
            self._open[config, split] = RowFiles(self._files(config, split))
        return self._open[config, split]

    def _files(self, config: str, split: str) -> list[Path]:
        from pytest_modeleval.datasets.layout import split_files

        folder = self.place.folder
        assert folder is not None
        try:
            return [folder / name for name in split_files(self._names, self._readme, config, split)]
        except pytest.UsageError as error:
            raise pytest.UsageError(f"{self.place.benchmark}: {folder} {error}") from None

    @cached_property
    def _names(self) -> set[str]:
        assert self.place.folder is not None
        return {
            (Path(where) / name).relative_to(self.place.folder).as_posix()
            for where, _, names in os.walk(self.place.folder)
            for name in names
        }

    @cached_property
    def _readme(self) -> str:
        assert self.place.folder is not None
        readme = self.place.folder / "README.md"
        return readme.read_text("utf-8", "replace") if readme.is_file() else ""


def hub(
    *,
    modelscope: str,
    huggingface: str | None,
    config: Names = "default",
    split: Names = "test",
    by: str | None = None,
    subsets: Names = (),
    revision: str | None = None,
) -> Hub:
    """A dataset by its ids on both hubs (None where it has no id on Hugging Face).

    Its subsets are what ``config`` or ``split`` names when it is a list, or a mapping from groups to lists; or, with
    ``by``, the values ``subsets`` of that column in one split.
    """
    return Hub(modelscope, huggingface, config, split, by, subsets, revision)
