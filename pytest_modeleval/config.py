"""The project's own settings: `[tool.modeleval]` of pyproject.toml and modeleval.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.inputs import SETTINGS, from_toml, read_text
from pytest_modeleval.options import unknown

SECTIONS = ("models", "benchmarks")


@dataclass(frozen=True)
class Table:
    """The settings of one model or benchmark, and where they stand, for messages."""

    where: str
    settings: Mapping[str, Any]

    def checked(self, types: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
        """The settings, each of a known name and type; `pytest.UsageError` for the first that is not."""
        for key, value in self.settings.items():
            if key not in types:
                raise unknown(f"key in {self.where}:", key, types)
            if not isinstance(value, types[key]) or (bool not in types[key] and isinstance(value, bool)):
                kinds = " or ".join(kind.__name__ for kind in types[key])
                raise pytest.UsageError(f"{self.where}: {key} is a {kinds}, not {value!r}")
        return dict(self.settings)


def project_root(start: Path) -> Path:
    """The nearest folder from ``start`` upwards with a config file, where settings are read and answers kept.

    Not pytest's rootdir: that one moves when an option's value happens to be an existing folder.
    """
    names = ("modeleval.toml", "pyproject.toml", "pytest.toml", "pytest.ini", "tox.ini", "setup.cfg")
    return next((f for f in (start, *start.parents) if any((f / name).is_file() for name in names)), start)


def read_config(root: Path) -> dict[str, dict[str, Table]]:
    """The tables of each section by name, out of both files."""
    found: dict[str, dict[str, Table]] = {section: {} for section in SECTIONS}
    for path in (root / "pyproject.toml", root / "modeleval.toml"):
        content = _toml(path)
        if path.name == "pyproject.toml":
            content = content.get("tool", {}).get("modeleval", {})
        for section, tables in content.items():
            if section not in SECTIONS:
                raise unknown(f"key in {path.name}:", section, SECTIONS)
            kind = section.removesuffix("s")
            for name, settings in tables.items():
                if name in found[section]:
                    raise pytest.UsageError(f"{kind} {name!r} is in pyproject.toml and in modeleval.toml; keep one")
                where = f"{path.name}: {kind} {name!r}"
                if not isinstance(settings, dict):
                    raise pytest.UsageError(f"{where} is a table of settings, not {settings!r}")
                found[section][name] = Table(where, settings)
    return found


def _toml(path: Path) -> dict[str, Any]:
    try:
        return from_toml(read_text(path, SETTINGS))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise pytest.UsageError(f"{path} is not TOML: {error}") from None
