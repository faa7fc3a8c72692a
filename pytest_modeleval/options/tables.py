"""The tables of modeleval.toml, and `--eval-set`, which says keys of them for one run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from pytest_modeleval.inputs import json_or_text

# Sections that are one table of options; those that are a layer of what is asked for; all that are one table; and those
# of tables with names.
OF_OPTIONS = ("run", "gate")
LAYERS = (*OF_OPTIONS, "roles")
SINGLE, SECTIONS = (*LAYERS, "judge"), ("models", "benchmarks", "runs")
# What `--eval-set` has for the tables of all of the run's models.
EVERY_MODEL = "model"
# Before the `.` of a key these are tables, and any other word is a benchmark's name.
WORDS = (*SINGLE, EVERY_MODEL, *SECTIONS)
SUCH = "gsm8k.shots=0 or run.limit=20"
_PART = r'(?:"[^"]*"|[^".]+)'


def read_set(where: str, given: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """What ``gsm8k.shots=0`` and the like say, as the modeleval.toml that says it: tables by section and name.

    A value is JSON, or else a text. `pytest.UsageError` for what is no key with a value.
    """
    content: dict[str, Any] = {}
    for key, value in given.items() if isinstance(given, Mapping) else _pairs(where, given):
        *above, last = _path(where, key, value)
        table = content
        for part in above:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise pytest.UsageError(f"{where} {key}: {part} has been given a value, and is no table")
        table[last] = value
    return content


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The second mapping laid over the first, table by table."""
    laid = dict(below)
    for key, value in above.items():
        old = laid.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        laid[key] = merged(old, value) if both else value  # type: ignore[arg-type]
    return laid


def _pairs(where: str, texts: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise pytest.UsageError(f"{where} takes TABLE.KEY=VALUE, such as {SUCH}: {key!r}")
        yield key, json_or_text(value)


def _path(where: str, key: str, value: object) -> list[str]:
    """The names from the section down to the key; one with a dot in it stands in quotes, as in TOML."""
    key = key.strip()
    parts = [part.strip('"') for part in re.findall(_PART, key)] if re.fullmatch(rf"{_PART}(\.{_PART})*", key) else []
    if parts[:1] == ["runs"]:
        raise pytest.UsageError(f"{where} {key}: a key of this run is said as run.{parts[-1]}, or gate.{parts[-1]}")
    if parts and parts[0] not in WORDS:
        parts.insert(0, "benchmarks")
    if len(parts) < (3 if parts[:1] in (["models"], ["benchmarks"]) else 2) and not isinstance(value, Mapping):
        raise pytest.UsageError(f"{where} takes TABLE.KEY=VALUE, such as {SUCH}, and {key!r} is no key of a table")
    return parts
