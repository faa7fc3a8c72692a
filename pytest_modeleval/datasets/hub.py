"""Datasets that live on ModelScope and Hugging Face, read from a local copy of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.datasets import Place, Row

if TYPE_CHECKING:
    from pytest_modeleval.datasets.files import RowFiles


class NoData(Exception):
    """There is no folder for this benchmark; in a run over everything it is skipped instead."""


@dataclass(frozen=True)
class Hub:
    """A dataset in a hub's repository, see `hub`."""

    modelscope: str
    huggingface: str
    split: str
    config: str | Sequence[str] | Mapping[str, Sequence[str]] = "default"
    revision: str = "main"

    @cached_property
    def subsets(self) -> Mapping[str, str]:
        """Every subset's name with the group it is reported under."""
        if isinstance(self.config, str):
            return {self.config: ""}
        if isinstance(self.config, Mapping):
            return {name: group for group, names in self.config.items() for name in names}
        return dict.fromkeys(self.config, "")

    def open(self, place: Place) -> "HubRows":
        """The rows in ``place.folder``."""
        if place.folder is None or not place.folder.is_dir():
            looked = "" if place.folder is None else f" There is no folder {place.folder}."
            raise NoData(
                f"{place.benchmark} has no data.{looked} Give --eval-data DIR, where DIR/{place.benchmark} is a copy "
                f"of {self.modelscope} (ModelScope) or {self.huggingface} (Hugging Face)"
            )
        return HubRows(self, place)


@dataclass(frozen=True)
class HubRows:
    """The rows of a hub's dataset in a local copy of its repository."""

    dataset: Hub
    place: Place
    _open: dict[tuple[str, str], "RowFiles"] = field(default_factory=dict)

    def count(self, subset: str) -> int:
        """How many rows the subset has, by the lock where it is known."""
        from pytest_modeleval.datasets.lock import locked_count

        split = self.dataset.split
        files = self._files(subset, split)
        return locked_count(
            self.place.lock,
            self.place.benchmark,
            f"{subset}/{split}",
            files,
            lambda: len(self._rows(subset, split)),
        )

    def row(self, subset: str, index: int) -> Row:
        """One row, read now."""
        return self._rows(subset, self.dataset.split)[index]

    def examples(self, subset: str, split: str) -> "RowFiles":
        """The rows of another split."""
        return self._rows(subset, split)

    def _rows(self, subset: str, split: str) -> "RowFiles":
        from pytest_modeleval.datasets.files import RowFiles

        if (subset, split) not in self._open:
            self._open[subset, split] = RowFiles(self._files(subset, split))
        return self._open[subset, split]

    def _files(self, subset: str, split: str) -> list[Path]:
        from pytest_modeleval.datasets.files import split_files

        folder = self.place.folder
        assert folder is not None
        files = split_files(folder, subset, split)
        if not files:
            raise pytest.UsageError(
                f"{self.place.benchmark}: {folder} has no {subset}/{split}.jsonl, .jsonl.gz or .parquet; "
                f"copy the files of {self.dataset.modelscope} (ModelScope) or {self.dataset.huggingface} "
                "(Hugging Face) there"
            )
        return files


def hub(
    *,
    modelscope: str,
    huggingface: str,
    split: str,
    config: str | Sequence[str] | Mapping[str, Sequence[str]] = "default",
    revision: str = "main",
) -> Hub:
    """A dataset by its ids on both hubs; ``config`` names its subset, its subsets, or its subsets by group."""
    return Hub(modelscope, huggingface, split, config, revision)
