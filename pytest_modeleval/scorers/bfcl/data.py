"""BFCL's rows as a benchmark reads them: of an installed ``bfcl_eval``, of a local copy laid out alike, of a hub."""

import gzip
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_modeleval.datasets import Place, Row
from pytest_modeleval.datasets.hub import Hub, HubRows, NoData
from pytest_modeleval.datasets.lock import Entry, Lock, sha256_of, stamp_of
from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.bfcl.figures import categories
from pytest_modeleval.scorers.bfcl.rows import Row as Asked
from pytest_modeleval.scorers.bfcl.rows import files_of, installed_data, row_of_hub, rows_in


@dataclass(frozen=True)
class Bfcl:
    """The categories of a ``version``, v3 or v4; what no local copy has comes from the ``hub``, else from bfcl_eval."""

    version: str
    hub: Hub | None = None

    @property
    def subsets(self) -> Mapping[str, str]:
        """The categories."""
        return dict.fromkeys(categories(self.version), "")

    def folder(self, place: Place) -> Path | None:
        """The folder that is laid out as ``bfcl_eval/data``; None where a hub has the rows. SampleError for none."""
        own = place.folder
        if own is not None and any(own.glob(f"BFCL_{self.version}_*.json*")):
            return own
        if self.hub is not None:
            return None
        if not place.chosen:
            # Thousands of samples that nobody asked for, where the package is there for another reason.
            raise SampleError(f"it is asked by its name alone, -k {place.benchmark}, or of --eval-data")
        return installed_data()

    def has_installed(self) -> bool:
        """Whether the rows of an installed ``bfcl_eval`` are there."""
        try:
            return installed_data().is_dir()
        except SampleError:
            return False

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "InFolder | OfHub":  # noqa: ARG002
        """The rows of these categories; `NoData` where one has none, UsageError where they are not those locked."""
        try:
            folder = self.folder(place)
            if folder is not None:
                files = {name: [path for path in files_of(folder, name) if path.exists()] for name in subsets}
                return InFolder(folder, _locked(place, files))
        except SampleError as error:
            raise NoData(f"{place.benchmark}: {error}") from None
        assert self.hub is not None
        return OfHub(self.hub.open(place, subsets, None))


@dataclass(frozen=True)
class InFolder:
    """Rows of a folder that is laid out as ``bfcl_eval/data``, by category; each category is read for its first row."""

    folder: Path
    sizes: Mapping[str, int]
    _read: dict[str, Sequence[Asked]] = field(default_factory=dict)

    def count(self, subset: str) -> int:
        """How many rows a category has."""
        return self.sizes[subset]

    def row(self, subset: str, index: int) -> Row:
        """One row: the fields of `rows.Row`."""
        if subset not in self._read:
            self._read[subset] = [*rows_in(self.folder, subset)]
        return _fields(self._read[subset][index])

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """None."""
        raise SampleError(f"{subset}/{split}: BFCL has no solved examples")


@dataclass(frozen=True)
class OfHub:
    """Rows of ModelScope's copy."""

    rows: HubRows

    def count(self, subset: str) -> int:
        """How many rows a category has."""
        return self.rows.count(subset)

    def row(self, subset: str, index: int) -> Row:
        """One row: the fields of `rows.Row`."""
        return _fields(row_of_hub(self.rows.row(subset, index)))

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """None."""
        raise SampleError(f"{subset}/{split}: BFCL has no solved examples")


def _fields(row: Asked) -> Row:
    return Row(vars(row), row.id)


def _locked(place: Place, files: Mapping[str, Sequence[Path]]) -> Mapping[str, int]:
    """How many rows each category has, by its files; they are read where the lock does not know them as they are."""
    lock = Lock(place.lock)
    known = {name: lock.entry(place.benchmark, name) for name in files}
    if new := [name for name, entry in known.items() if entry is None or entry.stamp != stamp_of(files[name])]:
        with lock.held():
            for name in new:
                digest = sha256_of(files[name])
                lock.refuse_change(place.benchmark, name, files[name][0], digest)
                known[name] = Entry({"all": _count(files[name][0])}, digest, stamp_of(files[name]))
            lock.write(place.benchmark, {name: entry for name in new if (entry := known[name])})
    return {name: entry.rows["all"] for name, entry in known.items() if entry}


def _count(path: Path) -> int:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        return sum(bool(line.strip()) for line in lines)
