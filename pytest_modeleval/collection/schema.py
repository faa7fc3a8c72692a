"""A collection's schema: nested groups of benchmarks with weights and labels, in TOML or JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.inputs import SETTINGS, from_json, from_toml, read_text
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import unknown

_GROUP: dict[str, tuple[type, ...]] = {"name": (str,), "weight": (int, float), "datasets": (list,)}
_LEAF: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "weight": (int, float),
    "task_type": (str,),
    "tags": (list,),
    "subsets": (list,),
    "file": (str,),
}


@dataclass(frozen=True)
class Leaf:
    """A benchmark, or some of its subsets, in a collection.

    ``weight`` is its share of the whole: the product, from the root down, of each level's weight over the sum of its
    siblings' and its own. ``path`` are the names of the groups around it, the collection's own first.
    """

    where: str
    benchmark: str
    path: tuple[str, ...]
    weight: float
    task_type: str = ""
    tags: tuple[str, ...] = ()
    subsets: tuple[str, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class Schema:
    """A schema file: its leaves, and how it asks benchmarks where that is not as their files say."""

    name: str
    leaves: tuple[Leaf, ...]
    tables: Mapping[str, Table] = field(default_factory=dict)


def read_schema(path: Path) -> Schema:
    """The schema in a file; `pytest.UsageError` for the first thing in it that is wrong."""
    content = _content(path)
    tables = settings_in(path.name, content.pop("benchmarks", {}))
    root = _checked(path.name, {"name": path.stem, **content}, _GROUP)
    if "datasets" not in root:
        raise pytest.UsageError(f"{path.name} names no datasets: [[datasets]] name = …")
    leaves = tuple(_leaves(root, path.name, (root["name"],), 1.0, path.parent))
    for name in tables:
        if name not in (known := {leaf.benchmark for leaf in leaves}):
            raise unknown(f"benchmark under benchmarks in {path.name}:", name, known)
    files: dict[str, Path | None] = {}
    for leaf in leaves:
        if files.setdefault(leaf.benchmark, leaf.file) != leaf.file:
            raise pytest.UsageError(f"{leaf.where}: {leaf.benchmark!r} is there with another file; a name has one")
    return Schema(root["name"], leaves, tables)


def settings_in(where: str, tables: Any) -> dict[str, Table]:
    """How benchmarks are asked, as in the project's config."""
    for name, settings in tables.items() if isinstance(tables, dict) else [("NAME", tables)]:
        if not isinstance(settings, dict):
            raise pytest.UsageError(f"{where}: [benchmarks.{name}] is a table of settings, not {settings!r}")
    return {name: Table(f"{where}: benchmark {name!r}", settings) for name, settings in tables.items()}


def _content(path: Path) -> dict[str, Any]:
    is_toml = path.suffix == ".toml"
    try:
        text = read_text(path, SETTINGS)
        content = from_toml(text) if is_toml else from_json(text)
    except OSError as error:
        raise pytest.UsageError(f"--eval-collection cannot read {str(path)!r}: {error.strerror}") from None
    except ValueError as error:
        raise pytest.UsageError(f"{path} is not {'TOML' if is_toml else 'JSON'}: {error}") from None
    if not isinstance(content, dict):
        raise pytest.UsageError(f"{path} is not a JSON object")
    return content


def _leaves(group: Mapping[str, Any], where: str, path: tuple[str, ...], share: float, folder: Path) -> Iterator[Leaf]:
    tables = [_checked(where, table) for table in group["datasets"]]
    if not tables:
        raise pytest.UsageError(f"{where}: datasets is an empty list")
    total = sum(table["weight"] for table in tables)
    for table in tables:
        name, weight = table["name"], share * table["weight"] / total
        if "datasets" in table:
            yield from _leaves(table, f"{where}: {name!r}", (*path, name), weight, folder)
        else:
            yield Leaf(
                where=where,
                benchmark=name,
                path=path,
                weight=weight,
                task_type=table.get("task_type", ""),
                tags=tuple(table.get("tags", ())),
                subsets=tuple(table.get("subsets", ())),
                file=folder / table["file"] if "file" in table else None,
            )


def _checked(where: str, table: Any, kinds: Mapping[str, tuple[type, ...]] | None = None) -> dict[str, Any]:
    """A group or leaf with its weight, its keys and types looked at."""
    if not isinstance(table, dict):
        raise pytest.UsageError(f"{where}: each of datasets is a table, not {table!r}")
    if not isinstance(name := table.get("name"), str) or not name:
        raise pytest.UsageError(f'{where}: each of datasets needs name = "…", which {table!r} has not')
    here = f"{where}: {name!r}"
    kinds = kinds or (_GROUP if "datasets" in table else _LEAF)
    checked = Table(here, {"weight": 1, **table}).checked(kinds)
    if checked["weight"] <= 0 or not isfinite(checked["weight"]):
        raise pytest.UsageError(f"{here}: weight is a number above 0, not {checked['weight']!r}")
    for key in ("tags", "subsets"):
        if not all(isinstance(entry, str) for entry in checked.get(key, ())):
            raise pytest.UsageError(f"{here}: {key} is a list of names, not {checked[key]!r}")
    return checked
