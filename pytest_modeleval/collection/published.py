"""A published collection as what is drawn from: lines that hold their samples themselves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_modeleval.collection.drawn import Drawn, Opened, limited
from pytest_modeleval.collection.lines import labels_of
from pytest_modeleval.datasets.files import RowFiles
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.record import Labels


@dataclass(frozen=True)
class Published:
    """Lines that hold their samples themselves; ``labelled`` are (benchmark, subset, line's number, labels)."""

    name: str
    lines: RowFiles
    labelled: Sequence[tuple[str, str, tuple[int, Labels]]]
    not_run: Mapping[str, int]
    tables: Mapping[str, Table] = field(default_factory=dict)

    @property
    def files(self) -> Mapping[str, Path | None]:
        return dict.fromkeys(benchmark for benchmark, _, _ in self.labelled)

    def draw(self, opened: Opened, options: Options) -> Drawn:  # noqa: ARG002 - the lines need no data
        """The lines, or ``--eval-limit`` of those whose benchmarks are here."""
        asked: dict[str, dict[str, dict[int, Labels]]] = {}
        places = [(benchmark, subset, (benchmark, subset, line)) for benchmark, subset, line in self.labelled]
        for benchmark, subset, (number, labels) in limited(places, options, self.name):
            asked.setdefault(benchmark, {}).setdefault(subset, {})[number] = labels
        return Drawn(self.name, asked, len(self.labelled), self.lines, self.not_run)


def read_published(path: Path, lines: RowFiles, options: Options, shipped: frozenset[str]) -> Published:
    """The lines of a file, those of benchmarks that are not shipped counted apart."""
    for flag, value in (("--eval-shots", options.shots), ("--eval-collection-save", options.collection_save)):
        if value is not None:
            raise pytest.UsageError(f"{flag} is not for {path.name}, whose lines hold their samples themselves")
    labelled, not_run = [], Counter[str]()
    for number in range(len(lines)):
        line = lines[number]
        benchmark, subset = str(line["dataset_name"]), str(line.get("subset_name") or "default")
        if benchmark in shipped:
            labelled.append((benchmark, subset, (number, labels_of(line))))
        else:
            not_run[benchmark] += 1
    if not labelled:
        raise unknown(f"benchmark in {path.name}:", next(iter(not_run)), shipped)
    return Published(path.stem, lines, labelled, not_run)
