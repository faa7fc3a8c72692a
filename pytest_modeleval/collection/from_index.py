"""An index as what is drawn from: rows that were drawn before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_modeleval.collection.drawn import Drawn, Opened, limited
from pytest_modeleval.collection.index import Entry, content_hash
from pytest_modeleval.datasets import Rows
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.record import Labels
from pytest_modeleval.sample import SampleError


@dataclass(frozen=True)
class FromIndex:
    """Rows that were drawn before."""

    name: str
    entries: Sequence[Entry]
    tables: Mapping[str, Table] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, Path | None]:
        return {entry.benchmark: entry.file for entry in self.entries}

    def draw(self, opened: Opened, options: Options) -> Drawn:
        """The rows of the index, or ``--eval-limit`` of them; `pytest.UsageError` for one that changed since."""
        asked: dict[str, dict[str, dict[int, Labels]]] = {}
        for entry in limited([(e.benchmark, e.subset, e) for e in self.entries], options, self.name):
            groups = opened.declared(entry.benchmark).dataset.subsets
            if entry.subset not in groups:
                raise unknown(f"subset of {entry.benchmark} in {entry.where}:", entry.subset, groups)
            _refuse_changed(entry, opened.rows(entry.benchmark, [entry.subset]))
            rows = asked.setdefault(entry.benchmark, {}).setdefault(entry.subset, {})
            if entry.row in rows:
                raise pytest.UsageError(f"{entry.where}: row {entry.row} of {entry.benchmark} is there twice")
            rows[entry.row] = entry.labels
        return Drawn(self.name, asked, len(self.entries))


def _refuse_changed(entry: Entry, rows: Rows) -> None:
    what = f"{entry.where}: {entry.benchmark}'s {entry.subset} row {entry.row}"
    count = rows.count(entry.subset)
    if not 0 <= entry.row < count:
        raise pytest.UsageError(f"{what} is not there: it has {count} rows")
    try:
        found = content_hash(rows.row(entry.subset, entry.row))
    except SampleError as error:
        raise pytest.UsageError(f"{what}: {error}") from None
    if found != entry.sha256:
        raise pytest.UsageError(
            f"{what} is not what was drawn: its sha256 is {found[:16]}…, not {entry.sha256[:16]}…; draw anew"
        )
