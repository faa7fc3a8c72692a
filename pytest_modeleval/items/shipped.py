"""The benchmarks that come with the package, by name and file."""

import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.options.options import unknown


def shipped_benchmarks() -> Path:
    """The folder of the benchmarks that come with the package."""
    spec = importlib.util.find_spec("pytest_modeleval.benchmarks")
    places: Iterable[str] = (spec.submodule_search_locations or ()) if spec else ()
    for place in places:
        return Path(place)
    raise pytest.UsageError("the benchmarks of pytest-modeleval are not installed: install the package again")


@cache
def shipped_names() -> frozenset[str]:
    """The names of the benchmarks that come with the package."""
    return frozenset(path.stem.removeprefix("test_") for path in shipped_benchmarks().glob("test_*.py"))


def files_of(names: Iterable[str]) -> list[Path]:
    """The files of shipped benchmarks; `pytest.UsageError` for a name that none has."""
    for name in names:
        if name not in shipped_names():
            raise unknown_benchmark("benchmark in --eval:", name, shipped_names())
    return [shipped_benchmarks() / f"test_{name}.py" for name in names]


def unknown_benchmark(
    kind: str, name: str, known: Iterable[str], *, unlisted: Iterable[str] = (), meant: str | None = None
) -> pytest.UsageError:
    """The error for a benchmark's name that does not exist: one that others have is no slip."""
    if lacking := not_built(name):
        return pytest.UsageError(lacking)
    return unknown(kind, name, known, unlisted=unlisted, meant=meant)
