"""What became of the trials of a job of `harbor`, which runs agents on tasks in containers (harbor 0.26)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_modeleval.datasets import Place, Row
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.inputs import from_json, read_text
from pytest_modeleval.sample import SampleError

_SUBSET = "main"
# Each trial has a folder below the job's with this in it: `harbor.models.trial.paths`.
_RESULT = "*/result.json"


@dataclass(frozen=True)
class HarborJob:
    """The trials in the folder of a job, ``--eval-data DIR`` with the job as DIR/BENCHMARK; ``command`` makes one."""

    command: str

    @property
    def subsets(self) -> Mapping[str, str]:
        """One."""
        return {_SUBSET: ""}

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "Trials":  # noqa: ARG002
        """The job's trials, in the order of their names; `NoData` where there is none."""
        paths = sorted(place.folder.glob(_RESULT)) if place.folder else []
        if not paths:
            where = place.folder or f"--eval-data DIR with DIR/{place.benchmark}"
            raise NoData(f"{place.benchmark} has no finished trials in {where}: {self.command}")
        return Trials(paths)


@dataclass(frozen=True)
class Trials:
    """The results of a job's trials."""

    paths: Sequence[Path]

    def count(self, subset: str) -> int:  # noqa: ARG002
        """How many there are."""
        return len(self.paths)

    def row(self, subset: str, index: int) -> Row:  # noqa: ARG002
        """A trial's result, as harbor wrote it; `SampleError` where it cannot be read."""
        path = self.paths[index]
        try:
            found: dict[str, Any] = from_json(read_text(path))
            return Row(found, str(path))
        except (OSError, ValueError, TypeError) as error:
            raise SampleError(f"{path} is no result of harbor: {type(error).__name__} {error}") from None

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """None."""
        raise SampleError(f"{subset}/{split}: harbor's trials have no solved examples")
