"""What was typed and is not there: a flag, a benchmark's file, a sample; or a benchmark without a model."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.items.collect import words_of
from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.items.shipped import shipped_benchmarks, shipped_names
from pytest_modeleval.names import id_part
from pytest_modeleval.options.options import closest
from pytest_modeleval.options.sources import is_active

# Flags of version 0.1, and what says the same.
_MOVED = {
    "--eval-history": "modeleval history NAME",
    "--eval-diff": "modeleval diff RUN RUN",
    "--eval-json": "--eval-write FILE.json",
    "--eval-summary": "--eval-write FILE.md",
    "--eval-export": "--eval-write FILE.csv, .jsonl or .parquet",
    "--eval-html": "--eval-write FILE.html",
}
_GIVE = "give --model NAME, such as --model tiny"


def refuse_flags(strange: Sequence[str], known: Sequence[str]) -> None:
    """`pytest.UsageError` for a flag that nobody knows and that is one of an extra's, or looks like one of ours."""
    for argument in strange:
        flag = argument.partition("=")[0]
        if flag in _MOVED:
            raise pytest.UsageError(f"{flag} is no flag any more: {_MOVED[flag]}")
        if flag == "--alluredir":
            raise pytest.UsageError("--alluredir needs allure-pytest: pip install 'pytest-modeleval[allure]'")
        if flag.startswith("--") and (meant := closest(flag.replace("_", "-"), known, cutoff=0.8)):
            raise pytest.UsageError(f"unknown flag {flag}; did you mean {meant}?")


def refuse_folder(flag: str, folder: str) -> None:
    """`pytest.UsageError` for a folder that cannot be made or written to."""
    path = Path(folder).absolute()
    there = next(place for place in (path, *path.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise pytest.UsageError(f"{flag} takes a folder, and {there} is none: give another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise pytest.UsageError(f"{flag} {folder}: nothing can be written to {there}: give another folder")


def placed(argument: str, start: Path) -> str:
    """A typed path or node id; where there is no such file, that of the shipped benchmark of this name."""
    path, colons, rest = argument.partition("::")
    if (start / path).exists() or path not in {f"test_{name}.py" for name in shipped_names()}:
        return argument
    return f"{shipped_benchmarks() / path}{colons}{rest}"


def explained(error: pytest.UsageError, config: pytest.Config, sizes: Mapping[str, Mapping[str, int]]) -> Exception:
    """pytest's error for a path or node id that it does not find, in words for benchmarks where it is about one.

    ``sizes`` are the samples of each subset, by benchmark.
    """
    for argument in config.args:
        path, _, rest = argument.partition("::")
        there = (config.invocation_params.dir / path).exists()
        if why := _no_sample(argument, rest, sizes) if there else _no_file(path, asks=is_active(config)):
            return pytest.UsageError(why)
    return error


def refuse_without_model(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """`pytest.UsageError` when nothing was found, and `-k` names a benchmark that only a model can be asked."""
    if items or xdist.is_controller(config) or xdist.worker_input(config) is not None:
        return
    if named := sorted(shipped_names() & set(words_of(config.option.keyword or ""))):
        raise pytest.UsageError(f"{named[0]} is a benchmark: {_GIVE}")


def _no_file(path: str, *, asks: bool) -> str | None:
    name = Path(path).stem.removeprefix("test_")
    if not asks:
        return f"{name} is a benchmark: {_GIVE}" if name in shipped_names() else None
    if why := not_built(name):
        return why
    meant = closest(name, shipped_names(), cutoff=0.8)
    return meant and f"there is no file {path!r}; did you mean test_{meant}.py, the shipped benchmark (or -k {meant})?"


def _no_sample(argument: str, rest: str, sizes: Mapping[str, Mapping[str, int]]) -> str | None:
    sample = re.fullmatch(r"test_(\w+)\[(.+)-(\d+)(?:-r\d+)?\]", rest)
    for subset, size in sizes.get(sample[1], {}).items() if sample else ():
        if sample and sample[2].endswith(id_part(subset)) and int(sample[3]) >= size:
            return f"there is no {argument}: {subset} has {size:,} samples, numbered from 00000"
    return None
