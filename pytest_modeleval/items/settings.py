"""How a benchmark is asked where that is not as its file says: by the config, and above that by flags."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.items.filters import Filter, read_filter
from pytest_modeleval.judging.settings import prompt_of
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.images import ImageLimit, image_limit
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.options.parsers import CHOICES, DRAWS, SHAPES, text
from pytest_modeleval.options.where import Where
from pytest_modeleval.sample import SampleError


@dataclass(frozen=True)
class Setting:
    """A setting that one benchmark takes beside those of all: what reads it, and what holds where nobody says it.

    ``read`` is given where it was said and what, as TOML and JSON have it; `pytest.UsageError` for what it cannot take.
    Without one that is ``needed``, which says what for, nothing is asked.
    """

    read: Callable[[Where, object], Any]
    default: Any = None
    needed: str = ""


def existing(where: Where, value: object) -> Path:
    """A file that is there, beside the settings' file where they say it."""
    found = where.path(str(value))
    if not found.is_file():
        what = f"{found} is a folder" if found.is_dir() else f"there is no {found}"
        raise pytest.UsageError(f"{where} takes a file, and {what}")
    return found


def readable(read: Callable[[Path], object]) -> Callable[[Where, object], Path]:
    """What reads a file that is there, and of which ``read`` raises no `SampleError`."""

    def checked(where: Where, value: object) -> Path:
        path = existing(where, value)
        try:
            read(path)
        except SampleError as error:
            raise pytest.UsageError(f"{where}: {error}") from None
        return path

    return checked


def yes(where: Where, value: object) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise pytest.UsageError(f"{where} takes true or false, not {value!r}")
    return value


def count(where: Where, value: object) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise pytest.UsageError(f"{where} takes a whole number of at least 1, not {value!r}")
    return value


def day(where: str, value: object) -> str:
    """A day as ``2025-01-01``, so that days compare as texts do."""
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise pytest.UsageError(f"{where} takes a day such as 2025-01-01, not {value!r}")
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").date().isoformat()
    except ValueError:
        raise pytest.UsageError(f"{where} takes a day such as 2025-01-01, not {str(value)!r}") from None


@dataclass(frozen=True)
class Settings:
    """What the user changed of one benchmark; None leaves it as declared.

    ``shots_draw`` is "first" (the first rows of the examples' split) or "seeded" (drawn anew for each sample).
    ``shots_as`` is "turns" of the chat or one "message". ``choices`` is "generate" (the model writes its choice) or
    "loglikelihood" (the options' texts are weighed). ``prompt`` is a template over the row's fields. Pictures beyond
    the ``image_limit`` are scaled down. ``rule`` is the name of one of the benchmark's own rules for scoring,
    ``judge_prompt`` what a judge is asked in its rubric's place.
    ``own`` are those that the benchmark alone takes (`Setting`).
    """

    shots: int | None = None
    shots_draw: str = "first"
    shots_as: str = "turns"
    choices: str = "generate"
    system: str | None = None
    prompt: str | None = None
    image_limit: ImageLimit | None = None
    filters: tuple[Filter, ...] = ()
    rule: str | None = None
    judge_prompt: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)


_TYPES: dict[str, tuple[type, ...]] = {
    "shots": (int,),
    "shots_draw": (str,),
    "shots_as": (str,),
    "choices": (str,),
    "system": (str,),
    "prompt": (str,),
    "image_limit": (str,),
    "filters": (list, str, dict),
    "rule": (str,),
    "judge_prompt": (str,),
}
assert set(_TYPES) == {field.name for field in fields(Settings)} - {"own"}


def settings_of(
    name: str, tables: Mapping[str, Table], options: Options, own: Mapping[str, Setting] | None
) -> Settings:
    """The settings of a benchmark, flags over its table over its file, and over all of them what --eval-set says of it.

    ``own`` are those that it alone takes; None where that is not known, and any may be one. `pytest.UsageError` for one
    that is not understood.
    """
    said = Table(f"--eval-set {name}", options.set.get("benchmarks", {}).get(name, {}))
    layers = [_parted(table, own) for table in (tables.get(name, Table("", {})), said)]
    flags = {
        "shots": options.shots,
        "shots_draw": options.shots_draw,
        "shots_as": options.shots_as,
        "choices": options.choices,
        "system": options.system,
        "prompt": _template("--eval-prompt", options.prompt) if options.prompt else None,
        "image_limit": options.image_limit,
        "filters": tuple(read_filter("--eval-filter", spec) for spec in options.filter),
    }
    (settings, own_settings), (over, own_over) = layers
    return Settings(
        **{**settings, **{key: value for key, value in flags.items() if value not in (None, ())}, **over},
        own={**{key: each.default for key, each in (own or {}).items()}, **own_settings, **own_over},
    )


def _parted(table: Table, own: Mapping[str, Setting] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a table says that all benchmarks take, and what this one alone does."""
    if own is None:
        table = table._replace(settings={key: value for key, value in table.settings.items() if key in _TYPES})
        return _checked(table), {}
    for key in table.settings:
        if key not in _TYPES and key not in own:
            raise unknown(f"key in {table.where}:", key, {*_TYPES, *own})
    theirs = {key: value for key, value in table.settings.items() if key in own}
    rest = {key: value for key, value in table.settings.items() if key not in own}
    read = {key: own[key].read(Where(f"{table.where}: {key}", table.folder), value) for key, value in theirs.items()}
    return _checked(table._replace(settings=rest)), read


def _checked(table: Table) -> dict[str, Any]:
    settings = table.checked(_TYPES)
    if settings.get("shots", 0) < 0:
        raise pytest.UsageError(f"{table.where}: shots is a whole number of at least 0, not {settings['shots']}")
    for key, values in (("shots_draw", DRAWS), ("shots_as", SHAPES), ("choices", CHOICES)):
        if settings.get(key, values[0]) not in values:
            raise pytest.UsageError(f"{table.where}: {key} is one of {', '.join(values)}, not {settings[key]!r}")
    for key in settings.keys() & {"system", "prompt", "judge_prompt"}:
        settings[key] = text(Where(f"{table.where}: {key}", table.folder), settings[key])
    if "prompt" in settings:
        settings["prompt"] = _template(f"{table.where}: prompt", settings["prompt"])
    if "judge_prompt" in settings:
        settings["judge_prompt"] = prompt_of(f"{table.where}: judge_prompt", settings["judge_prompt"])
    if "image_limit" in settings:
        settings["image_limit"] = image_limit(f"{table.where}: image_limit", settings["image_limit"])
    if "filters" in settings:
        given = settings["filters"]
        given = given if isinstance(given, list) else [given]
        settings["filters"] = tuple(read_filter(table.where, spec) for spec in given)
    return settings


def _template(where: str, template: str) -> str:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise pytest.UsageError(f"{where}: {error} in {template!r}; a brace that is meant is written twice") from None
    if not all(name for name in names):
        raise pytest.UsageError(f"{where}: {{}} in {template!r} names no field; a brace that is meant is written twice")
    if not names:
        raise pytest.UsageError(f"{where}: {template!r} asks nothing: it has no field such as {{question}}")
    return template
