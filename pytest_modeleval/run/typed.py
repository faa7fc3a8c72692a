"""What was typed and is not there: a flag, a benchmark's file, a sample; or a benchmark without a model."""

import itertools
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.items.named import no_sample, words_of
from pytest_modeleval.items.shipped import shipped_benchmarks, shipped_names
from pytest_modeleval.models.generation import NUMBERS
from pytest_modeleval.names import Ids, ItemName, by_number, id_part
from pytest_modeleval.options.flags import Flag
from pytest_modeleval.options.options import FLAGS, closest
from pytest_modeleval.options.sources import is_active, set_by
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS

# Flags of version 0.1, and what says the same.
_MOVED = {
    "--eval-history": "modeleval history NAME",
    "--eval-diff": "modeleval diff RUN RUN",
    "--eval-json": "--eval-write FILE.json",
    "--eval-summary": "--eval-write FILE.md",
    "--eval-export": "--eval-write FILE.csv, .jsonl or .parquet",
    "--eval-html": "--eval-write FILE.html",
    "--perf-track": "--eval-track WHERE, which logs scores too",
}
# What other tools call ours.
_ELSEWHERE = {
    **dict.fromkeys(("--tasks", "--task", "--datasets", "--dataset", "--benchmark", "--benchmarks"), "--eval NAME,…"),
    **dict.fromkeys(("--num-fewshot", "--few-shot-num", "--fewshot"), "--eval-shots N"),
    **dict.fromkeys(("--gen-kwargs", "--generation-config"), "--eval-generation KEY=VALUE"),
    **dict.fromkeys(("--model-args", "--dataset-args", "--task-args"), "--eval-set TABLE.KEY=VALUE"),
    **dict.fromkeys(("--api-url", "--base-url", "--model-base-url", "--url"), "--model http://…/v1"),
    **dict.fromkeys(("--api-key", "--key"), "api_key_env = … of an alias, [models.NAME] in modeleval.toml"),
    **dict.fromkeys(("--output", "--output-path", "--log-samples", "--eval-output", "--report"), "--eval-write FILE"),
    **dict.fromkeys(("--batch-size", "--eval-batch-size", "--max-connections", "--workers"), "--eval-concurrency N"),
    **dict.fromkeys(("--epochs", "--repeat"), "--eval-repeats K"),
    **dict.fromkeys(("--system-message", "--system-instruction", "--system-prompt"), "--eval-system TEXT"),
    **dict.fromkeys(("--parallel", "--perf-concurrency"), "--perf-parallel N,…"),
}
_GIVE = "give --model NAME, such as --model tiny"


def refuse_flags(strange: Sequence[str], options: Sequence[Flag]) -> None:
    """`pytest.UsageError` for a flag that nobody knows and that is one of an extra's, or looks like one of ours."""
    moved = _MOVED | {each.name: set_by(each) for each in options if each.settings_only}
    # `--limit` is `--eval-limit`.
    same = {f"--{each.key.replace('_', '-')}": each.name for each in options if not each.settings_only}
    for argument in strange:
        flag = argument.partition("=")[0]
        name = flag.lower().replace("_", "-")
        if name in moved:
            raise pytest.UsageError(f"{name} is no flag any more: {moved[name]}")
        if flag == "--alluredir":
            raise pytest.UsageError("--alluredir needs allure-pytest: pip install 'pytest-modeleval[allure]'")
        setting = name.removeprefix("--").removeprefix("eval-").replace("-", "_")
        meant = same.get(name) or _ELSEWHERE.get(name) or closest(name, [*same.values(), *moved], cutoff=0.8)
        if setting in NUMBERS and name not in same:
            meant = f"--eval-generation {setting}=…"
        if flag.startswith("-") and meant:
            was = f" It is no flag any more: {moved[meant]}" if meant in moved else ""
            raise pytest.UsageError(f"unknown flag {flag}; did you mean {meant}?{was}")


def refuse_flags_without_model(arguments: Sequence[str], known: Collection[str]) -> None:
    """`pytest.UsageError` for a flag of ours where no model was named: nothing would be asked, and no gate fail.

    ``arguments`` are those that were typed: addopts also stand above runs of other tests.
    """
    for flag in (argument.partition("=")[0] for argument in arguments):
        if flag in known:
            raise pytest.UsageError(f"{flag} is about a model, and this run has none: {_GIVE}")


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


def explained(
    error: pytest.UsageError, config: pytest.Config, sizes: Mapping[str, Mapping[str, int]], ids: Ids
) -> Exception:
    """pytest's error for a path or node id that it does not find, in words for benchmarks where it is about one.

    ``sizes`` are the samples of each subset, by benchmark; ``ids`` those in users' own files.
    """
    typed, asks = config.invocation_params.args, is_active(config)
    for argument in config.args:
        path, _, rest = argument.partition("::")
        if (config.invocation_params.dir / path).exists():
            why = _no_item(Path(path), rest, sizes, ids)
        else:
            why = _no_file(path, asks=asks, values=_values_before(argument, typed))
        if why:
            return pytest.UsageError(why)
    return error


def refuse_without_model(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """`pytest.UsageError` when nothing was found, and `-k` names a benchmark that only a model can be asked."""
    if items or xdist.is_controller(config) or xdist.worker_input(config) is not None:
        return
    if named := sorted(shipped_names() & set(words_of(config.option.keyword or ""))):
        raise pytest.UsageError(f"{named[0]} is a benchmark: {_GIVE}")


def _values_before(argument: str, typed: Sequence[str]) -> tuple[Flag, str] | None:
    """The flag behind which a word stands as a further value, and how that is typed; None for any other word."""
    if argument not in typed:
        return None
    place = typed.index(argument)
    last = max((each for each in range(place) if typed[each].startswith("-")), default=place)
    name, equals, first = typed[last].partition("=")
    flag = next((each for each in (*FLAGS, *PERF_FLAGS) if each.name == name and not each.is_switch), None)
    words = itertools.takewhile(lambda each: not each.startswith("-"), typed[last + 1 :])
    values = [*([first] if equals else []), *words]
    if flag is None or values[0] == argument:
        return None
    if "…" in flag.metavar:
        return flag, f"several values of {name} stand between commas: {name} {','.join(values)}"
    return flag, f"{name} is given anew for each: {' '.join(f'{name} {each}' for each in values)}"


def _no_file(path: str, *, asks: bool, values: tuple[Flag, str] | None) -> str | None:
    if values and asks and "…" in values[0].metavar:
        return f"there is no file {path!r}; {values[1]}"
    if item := ItemName.parse(path):
        whole = f"test_{item.benchmark}{path[path.index('[') :]}"
        if item.benchmark not in shipped_names():
            return f"a sample is called with its file: FILE::{whole}, or -k {whole!r}" if asks else None
        called = f"a sample is called with its file: test_{item.benchmark}.py::{whole}"
        return called if asks else f"{item.benchmark} is a benchmark: {_GIVE}"
    name = Path(path).stem.removeprefix("test_")
    if not asks:
        return f"{name} is a benchmark: {_GIVE}" if name in shipped_names() else None
    if why := not_built(name):
        return why
    meant = closest(name, shipped_names(), cutoff=0.8)
    if meant:
        return f"there is no file {path!r}; did you mean test_{meant}.py, the shipped benchmark (or -k {meant})?"
    is_value = values and values[0].is_repeated and not path.endswith(".py")
    return f"there is no file {path!r}; {values[1]}" if values and is_value else None


def _no_item(path: Path, rest: str, sizes: Mapping[str, Mapping[str, int]], ids: Ids) -> str | None:
    """What to say of a node id below a file that is there."""
    item = ItemName.parse(rest)
    if item and (named := by_number(ids.get(item.benchmark, {}))):
        meant = named.get(str(item.sample)) or closest(str(item.sample), named.values())
        close = f"; did you mean test_{item.benchmark}[{meant}]?" if meant else ""
        return f"there is no {rest} in {path.name}, whose samples go by their ids{close}"
    if why := no_sample(rest, sizes):
        return why
    test, name = rest.partition("[")[0], path.stem.removeprefix("test_")
    if not rest or path.parent != shipped_benchmarks():
        return None
    if test != f"test_{name}":
        return f"there is no {test} in {path.name}; did you mean test_{name}?"
    subset, _, row = rest.removeprefix(f"{test}[").rstrip("]").rpartition("-")
    meant = closest(subset, map(id_part, sizes.get(name, ())))
    close = f"; did you mean test_{name}[{meant}-{row:0>5}]?" if meant and row.isdigit() else ""
    return f"there is no {rest} in {path.name}{close or f'; pytest --model NAME {path.name} --co -q lists its items'}"
