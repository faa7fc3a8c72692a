"""modeleval list: the shipped benchmarks, what they ask, and whether their data are here."""

import argparse
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pytest_modeleval.commands.project import options, place
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.harbor import HarborJob
from pytest_modeleval.datasets.hub import Hub
from pytest_modeleval.datasets.lock import Lock
from pytest_modeleval.items.declare import Benchmark, declared_in
from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.items.shipped import shipped_modules
from pytest_modeleval.options.options import unknown
from pytest_modeleval.reports.columns import aligned

# Where data are that stand in --eval-data, or [run] data.
COPY = "local copy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("words", metavar="WORD", nargs="*", help="only those whose name, tag or subset has it")
    parser.add_argument("--data", metavar="DIR", type=Path, help="folder of local dataset copies (default: [run] data)")


# Columns of a terminal in which tags leave room for what a benchmark is.
_WIDE = 110


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """A line for each benchmark; of a single one its subsets too."""
    found = {name: each for name, each in shipped().items() if _has(each[0], asked.words)}
    if not found:
        if why := not_built(asked.words[0]):
            raise pytest.UsageError(why)
        names = {name for name, (each, _) in shipped().items() for name in _names(each)}
        raise unknown("benchmark, tag or subset:", asked.words[0], (), "modeleval list has them all.", unlisted=names)
    settings, given = options(), asked.data
    if given is not None and not given.is_dir():
        raise pytest.UsageError(f"--data: there is no folder {str(given)!r}")
    places = {name: place(name, settings, given) for name in found}
    cells = [["name", "subsets", "data", "tags", "what"]]
    for name, (declared, what) in found.items():
        kinds = str(len(declared.dataset.subsets))
        cells.append([name, kinds, where_data_are(declared, places[name]), ", ".join(declared.tags), what])
    width = shutil.get_terminal_size().columns
    if len(found) > 1 and width < _WIDE:
        # What it is says more than its tags, by which the same command finds it.
        cells = [[*row[:3], row[4]] for row in cells]
    for line in aligned(cells, [False, True, *[False] * (len(cells[0]) - 2)]):
        yield line if len(line) <= width or len(found) == 1 else f"{line[: width - 1].rstrip()}…"
    if len(found) == 1:
        ((declared, _),) = found.values()
        yield from _subsets(declared.dataset.subsets)


def shipped() -> dict[str, tuple[Benchmark, str]]:
    """Each benchmark by its name, with what the first line of its file says of it."""
    return {
        name: (declared, _what(module.__doc__ or ""))
        for module in shipped_modules()
        for name, declared in declared_in(module).items()
    }


def where_data_are(declared: Benchmark, at: Place) -> str:
    """Where a run would read the benchmark's rows; "not here" where it would have to fetch them."""
    if isinstance(declared.dataset, HarborJob):
        return COPY if at.folder is not None and at.folder.is_dir() else "not here"
    if not isinstance(declared.dataset, Hub):
        return "made as it runs"
    if at.folder is not None and at.folder.is_dir():
        return COPY
    entries = Lock(at.lock).entries(declared.name).values()
    paths = [path for entry in entries if entry.source for path, *_ in entry.stamp]
    return "fetched" if paths and all(Path(path).exists() for path in paths) else "not here"


def _what(doc: str) -> str:
    """``grade-school maths word problems`` of "GSM8K: grade-school maths word problems (Cobbe et al. 2021, …)."."""
    first = doc.partition("\n")[0]
    return (first.partition(": ")[2] or first).partition(" (")[0].rstrip(".")


def _names(declared: Benchmark) -> list[str]:
    subsets = declared.dataset.subsets
    return [declared.name, *declared.tags, *subsets, *filter(None, subsets.values())]


def _has(declared: Benchmark, words: list[str]) -> bool:
    names = [name.lower() for name in _names(declared)]
    return all(any(word.lower() in name for name in names) for word in words)


def _subsets(subsets: Mapping[str, str]) -> Iterator[str]:
    by_group: dict[str, list[str]] = {}
    for subset, group in subsets.items():
        by_group.setdefault(group, []).append(subset)
    yield ""
    for group, names in by_group.items():
        yield f"{group}: {', '.join(names)}" if group else f"subsets: {', '.join(names)}"
