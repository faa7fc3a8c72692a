"""What an option's text stands for; each of these refuses, in one line that names the option, what it cannot take."""

import enum
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pytest_modeleval.inputs import from_json, json_or_text, read_text
from pytest_modeleval.options.where import Where

T = TypeVar("T", bound=str)

# Where datasets are fetched from.
HUBS = ("modelscope", "huggingface")
# How solved examples are drawn, and how they are put.
DRAWS, SHAPES = ("first", "seeded"), ("turns", "message")
# How a collection's samples are shared among its datasets.
SAMPLERS = ("weighted", "stratified", "uniform")
# The formats of a user's own files, and what free text is scored by.
FORMATS, METRICS = ("choice", "qa", "questions", "calls"), ("exact", "f1", "bleu", "rouge", "judge")
# How a multiple-choice question is answered.
CHOICES = ("generate", "loglikelihood")
# What earlier runs said of the samples to ask again.
RERUNS = ("regressed", "failed", "errors", "flaky")
# Where it shows how models use their thoughts.
THINKING = ("on", "solutions", "page", "off")
# Where a run is logged.
TRACKERS = ("wandb", "swanlab", "clearml")
# Right answers that Allure shows beside all others.
PASSES = 100
# What a model can be beside the one under evaluation, and of which there may be several.
ROLES, PANELS = ("judge", "user", "reranker", "embedder"), ("judge",)
# All samples of a run, whatever became of them; what Allure shows by itself up to so many.
EVERY, WHOLE = sys.maxsize, 5000
# Endings of files with a row a sample.
ROWS = (".csv", ".jsonl", ".parquet")


class Cache(enum.Enum):
    """What stored answers are good for."""

    OFF = "off"
    READ = "read"
    WRITE = "write"
    ONLY = "only"
    ANY = "any"

    @property
    def reads(self) -> bool:
        """Whether an answer may come from the store."""
        return self is not Cache.OFF

    @property
    def writes(self) -> bool:
        """Whether a new answer is stored."""
        return self in (Cache.WRITE, Cache.ANY)


def at_least(least: int) -> Callable[[str, str], int]:
    """A whole number from ``least``."""

    def parse(flag: str, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise pytest.UsageError(f"{flag} takes a whole number of at least {least}, not {text!r}")
        return number

    return parse


def whole(flag: str, text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise pytest.UsageError(f"{flag} takes a whole number, not {text!r}") from None


def share(flag: str, text: str) -> float:
    """A number above 0 and up to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 < number <= 1:
        raise pytest.UsageError(f"{flag} takes a number above 0 and up to 1, not {text!r}")
    return number


def one_of(*values: T) -> Callable[[str, str], T]:
    """One of the given texts."""

    def parse(flag: str, text: str) -> T:
        for value in values:
            if text == value:
                return value
        raise pytest.UsageError(f"{flag} takes one of {', '.join(values)}, not {text!r}")

    return parse


def text(where: Where, text: str) -> str:
    """The text, or that of a file for ``file:PATH`` (argparse takes ``@PATH`` for itself)."""
    if not text.startswith("file:"):
        return text
    path = text.removeprefix("file:")
    try:
        return read_text(where.path(path)).rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"{where} cannot read {path!r}: {error}") from None


def name(_: str, text: str) -> str:
    """A name as it is."""
    return text


def names(_: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Names between commas, each once."""
    return tuple({name.strip(): None for name in ",".join(texts).split(",")})


def benchmarks(where: str, texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Benchmarks by name with the parts that are asked, none where all of it is: ``gsm8k,mmlu/STEM,mmlu/anatomy``."""
    if isinstance(texts, Mapping):
        raise pytest.UsageError(f"{where} takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not a table: {texts!r}")
    found: dict[str, tuple[str, ...]] = {}
    for text in (each.strip() for each in ",".join(texts).split(",")):
        name, slash, part = text.partition("/")
        if not re.fullmatch(r"[\w.-]+", name) or name.endswith(".py") or (slash and not part):
            raise pytest.UsageError(f"{where} takes NAME or NAME/PART, such as gsm8k,mmlu/STEM, not {text!r}")
        is_whole = not slash or (name in found and not found[name])
        found[name] = () if is_whole else (*found.get(name, ()), part)
    return found


def name_or_path(where: Where, text: str) -> str:
    """A name, or a path, which begins with a dot or stands behind ``replay:`` or ``votes:``."""
    prefix = next((each for each in ("replay:", "votes:") if text.startswith(each)), "")
    is_path = bool(prefix) or text.startswith(("./", "../"))
    # As it was typed, where that is the same, since models are called by it.
    if not is_path or where.folder in (None, Path.cwd()):
        return text
    return f"{prefix}{where.path(text.removeprefix(prefix))}"


def models(where: Where, texts: Iterable[str]) -> tuple[str, ...]:
    """Models' names."""
    return tuple(name_or_path(where, text) for text in texts)


def roles(_: Where, named: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The models of each role, which `options.roles` has checked."""
    return {role: tuple(names) for role, names in named.items()}


def filters(flag: str, texts: Iterable[str]) -> tuple[str | Mapping[str, Any], ...]:
    """Filters by name, NAME=VALUE or as JSON objects."""
    try:
        return tuple(from_json(text) if text.startswith("{") else text for text in texts)
    except ValueError as error:
        raise pytest.UsageError(f"{flag} takes NAME, NAME=VALUE or a JSON object: {error}") from None


def yes(flag: str, text: str) -> bool:
    """Whether a switch is on."""
    if text not in ("true", "false"):
        raise pytest.UsageError(f"{flag} takes true or false, not {text!r}")
    return text == "true"


# The widest margin that is taken as a share: what is wider was more probably meant as points.
_WIDEST_SHARE = 0.1


def margin(flag: str, text: str) -> float:
    """A share of the samples, given in percentage points (``1pp``) or as such (``0.01``)."""
    try:
        number = float(text.removesuffix("pp").removesuffix("%"))
    except ValueError:
        number = math.nan
    if text.endswith("pp") and 0 < number < 100:
        return number / 100
    if not text.endswith(("pp", "%")) and 0 < number <= _WIDEST_SHARE:
        return number
    if number == 0:
        raise pytest.UsageError(f"{flag} {text}: no number of samples shows that a model lost nothing at all; take 1pp")
    points = number if 0 < number < 100 else 1.0
    share = f" or {points / 100:g}" if points / 100 <= _WIDEST_SHARE else ""
    raise pytest.UsageError(
        f"{flag} takes percentage points or a share of the samples: {points:g}pp{share}, not {text!r}"
    )


def rate(flag: str, text: str) -> float:
    """A share, as ``1%`` or ``0.01``."""
    try:
        rate = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise pytest.UsageError(f"{flag} takes a share such as 1% or 0.01, not {text!r}")
    return rate


def least(flag: str, given: Iterable[str] | Mapping[str, object]) -> dict[str, float]:
    """Scores by benchmark, or BENCHMARK:PART."""
    if isinstance(given, Mapping):
        return {name: _score(f"{flag} {name}", str(value)) for name, value in given.items()}
    found = {}
    for text in given:
        name, equals, value = text.rpartition("=")
        if not equals or not name:
            raise pytest.UsageError(f"{flag} takes BENCHMARK=SCORE or BENCHMARK:PART=SCORE, not {text!r}")
        found[name] = _score(f"{flag} {name}", value)
    return found


def _score(flag: str, text: str) -> float:
    """A number, or a share such as 80%. Which a benchmark's scores can be at all, its first one tells."""
    try:
        score = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise pytest.UsageError(f"{flag} takes a score such as 0.8 or 80%, not {text!r}")
    return score


def path(where: Where, text: str) -> Path:
    """A path, whether or not there is anything."""
    return where.path(text)


def written(where: Where, text: str) -> Path:
    """A file to write at the end of a run; refused before it where none can be."""
    path = where.path(text)
    if os.path.isdir(path):  # noqa: PTH112 - which raises where a folder above may not be entered
        raise pytest.UsageError(f"{where} takes a file to write, and {path} is a folder")
    above = next(folder for folder in path.parents if os.path.exists(folder))  # noqa: PTH110 - likewise
    if not os.path.isdir(above) or not os.access(above, os.W_OK):  # noqa: PTH112
        raise pytest.UsageError(f"{where}: {path} cannot be written: {above} is no folder that this user may write to")
    return path


def paths(where: Where, texts: Iterable[str]) -> tuple[Path, ...]:
    """Paths, each once."""
    # A file that is named twice is one file. Without "..", as pytest writes paths, but a link keeps its name.
    return tuple({Path(os.path.abspath(where.path(text))): None for text in texts})  # noqa: PTH100


def metrics(flag: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Metrics between commas, each once."""
    return tuple(one_of(*METRICS)(flag, name) for name in names(flag, texts))


def outputs(where: Where, texts: Iterable[str]) -> tuple[Path, ...]:
    """Files to write at the end of a run, each once."""
    return tuple(dict.fromkeys(written(where, text) for text in texts))


def passes(flag: str, text: str) -> int:
    """How many right answers are kept beside the others: `EVERY` for all samples."""
    if text in ("all", "failures"):
        return EVERY if text == "all" else 0
    kind, _, number = text.partition(":")
    if kind != "sample" or not re.fullmatch("[0-9]{1,9}", number):
        raise pytest.UsageError(f"{flag} takes all, failures or sample:N, not {text!r}")
    return int(number)


def folder(where: Where, text: str) -> Path:
    """A folder that is there."""
    path = where.path(text)
    # A name may be longer than any file's.
    with suppress(OSError):
        if path.is_dir():
            return path
        if path.is_file():
            raise pytest.UsageError(f"{where} takes a folder, and {text!r} is a file")
    raise pytest.UsageError(f"{where}: there is no folder {text!r}")


def cache(flag: str, text: str) -> Cache:
    """What stored answers are good for."""
    return Cache(one_of(*(cache.value for cache in Cache))(flag, text))


def settings(flag: str, given: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Settings by name; a value is JSON, or else a text."""
    if isinstance(given, Mapping):
        return dict(given)
    settings = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise pytest.UsageError(f"{flag} takes KEY=VALUE, not {text!r}")
        settings[key] = json_or_text(value)
    return settings
