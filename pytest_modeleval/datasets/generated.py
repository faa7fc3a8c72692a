"""Rows that a function makes from their subset and index."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_modeleval.datasets import Place, Row


@dataclass(frozen=True)
class Generated:
    """A dataset without files, see `generated`."""

    make: Callable[[str, int], Mapping[str, Any]]
    sizes: Mapping[str, int]
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def subsets(self) -> Mapping[str, str]:
        """Every subset's name with its group."""
        return {subset: self.groups.get(subset, "") for subset in self.sizes}

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "Generated":  # noqa: ARG002
        """Itself: there is nothing to open."""
        return self

    def count(self, subset: str) -> int:
        """How many rows a subset has."""
        return self.sizes[subset]

    def row(self, subset: str, index: int) -> Row:
        """The row, made anew; the same one every time."""
        return Row(self.make(subset, index), f"row {index} of {subset}")

    def examples(self, subset: str, split: str) -> list[Row]:  # noqa: ARG002
        """Ten rows beyond the benchmark's own, whatever the split is called."""
        start = self.sizes[subset]
        return [self.row(subset, index) for index in range(start, start + 10)]


def generated(
    make: Callable[[str, int], Mapping[str, Any]],
    sizes: Mapping[str, int],
    *,
    groups: Mapping[str, str] | None = None,
) -> Generated:
    """Rows made by ``make(subset, index)``, which must give the same row for the same arguments."""
    return Generated(make, sizes, groups or {})
