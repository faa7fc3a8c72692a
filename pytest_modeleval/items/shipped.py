"""The benchmarks that come with the package, by name and file."""

import importlib.util
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from pytest_modeleval.items.declare import declared_in
from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.items.settings import Setting
from pytest_modeleval.options.options import closest, unknown


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


def own_settings(name: str) -> Mapping[str, Setting] | None:
    """The settings that a shipped benchmark alone takes; None for another name."""
    if name not in shipped_names():
        return None
    return declared_in(import_module(f"pytest_modeleval.benchmarks.test_{name}"))[name].settings


def files_of(names: Iterable[str]) -> list[Path]:
    """The files of shipped benchmarks; `pytest.UsageError` for a name that none has."""
    for name in names:
        if name not in shipped_names():
            raise unknown_benchmark("benchmark in --eval:", name, shipped_names(), meant=_meant(name))
    return [shipped_benchmarks() / f"test_{name}.py" for name in names]


def shipped_modules() -> list[ModuleType]:
    """The files of the benchmarks that come with the package, imported."""
    return [import_module(f"pytest_modeleval.benchmarks.test_{name}") for name in sorted(shipped_names())]


def _meant(name: str) -> str | None:
    """What of a benchmark `--eval` calls otherwise: its part, as lm-eval's mmlu_stem or a bare STEM, or its tag."""
    spelt = name.lower()
    declared = {each: found for module in shipped_modules() for each, found in declared_in(module).items()}
    parts = {each: {*found.dataset.subsets, *found.dataset.subsets.values()} - {""} for each, found in declared.items()}
    begun = [each for each in declared if spelt.startswith((f"{each}_", f"{each}-"))]
    if spelt in declared:
        return spelt
    if begun:
        whole = max(begun, key=len)
        part = closest(spelt[len(whole) + 1 :], parts[whole])
        return f"{whole}/{part}" if part else whole
    if spelt in {tag for found in declared.values() for tag in found.tags}:
        return f"-m {spelt}"
    # Of mmlu and cmmlu the shorter one.
    short = sorted(parts, key=len)
    return next((f"{each}/{part}" for each in short for part in parts[each] if part.lower() == spelt), None)


def unknown_benchmark(
    kind: str, name: str, known: Iterable[str], *, unlisted: Iterable[str] = (), meant: str | None = None
) -> pytest.UsageError:
    """The error for a benchmark's name that does not exist: one that others have is no slip."""
    if lacking := not_built(name):
        return pytest.UsageError(lacking)
    return unknown(kind, name, known, unlisted=unlisted, meant=meant)
