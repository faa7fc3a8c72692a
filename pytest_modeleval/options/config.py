"""The project's own settings: `[tool.modeleval]` of pyproject.toml and modeleval.toml."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.inputs import SETTINGS, from_toml, read_text
from pytest_modeleval.options.options import FLAGS, section_of, unknown
from pytest_modeleval.options.tables import SECTIONS, SINGLE

# What a type of TOML's is called.
_KINDS = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}


class Table(NamedTuple):
    """The settings of one model or benchmark, where they stand, for messages, and the folder of relative paths."""

    where: str
    settings: Mapping[str, Any]
    folder: Path | None = None

    def checked(self, types: Mapping[str, tuple[type, ...]], *, unshown: Collection[str] = ()) -> dict[str, Any]:
        """The settings, each of a known name and type; `pytest.UsageError` for the first that is not.

        What those of ``unshown`` are is not said.
        """
        for key, value in self.settings.items():
            if key not in types:
                raise unknown(f"key in {self.where}:", key, types)
            if not isinstance(value, types[key]) or (bool not in types[key] and isinstance(value, bool)):
                kinds = "a number" if float in types[key] else " or ".join(_KINDS[kind] for kind in types[key])
                shown = _KINDS.get(type(value), "that") if key in unshown else repr(value)
                raise pytest.UsageError(f"{self.where}: {key} is {kinds}, not {shown}")
        return dict(self.settings)


def project_root(start: Path) -> Path:
    """The nearest folder from ``start`` upwards with a config file, where settings are read and answers kept.

    Not pytest's rootdir: that one moves when an option's value happens to be an existing folder.
    """
    names = ("modeleval.toml", "pyproject.toml", "pytest.toml", "pytest.ini", "tox.ini", "setup.cfg")
    return next((f for f in (start, *start.parents) if any((f / name).is_file() for name in names)), start)


def read_config(root: Path) -> dict[str, dict[str, Table]]:
    """The tables of each section by name, out of both files; those of a section that is one table, by the file's."""
    found: dict[str, dict[str, Table]] = {section: {} for section in (*SECTIONS, *SINGLE)}
    for path, content in _contents(root):
        for section, tables in content.items():
            if section in SINGLE:
                found[section][path.name] = _table(f"{path.name}: [{section}]", tables, root)
                continue
            kind = section.removesuffix("s")
            if not isinstance(tables, dict):
                raise pytest.UsageError(f"{path.name}: {section} are tables, [{section}.NAME], not {tables!r}")
            for name, settings in tables.items():
                if name in found[section]:
                    raise pytest.UsageError(f"{kind} {name!r} is in pyproject.toml and in modeleval.toml; keep one")
                where = f"[runs.{name}]" if section == "runs" else f"{kind} {name!r}"
                found[section][name] = _table(f"{path.name}: {where}", settings, root)
    return found


def _contents(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """What both files hold for this project, modeleval.toml last; `pytest.UsageError` for an unknown section."""
    for path in (root / "pyproject.toml", root / "modeleval.toml"):
        content = _toml(path)
        if path.name == "pyproject.toml":
            tool = content.get("tool", {})
            content = tool.get("modeleval", {}) if isinstance(tool, dict) else {}
            if not isinstance(content, dict):
                raise pytest.UsageError(f"{path.name}: tool.modeleval is a table of settings, not {content!r}")
        for section in content:
            if section not in (*SECTIONS, *SINGLE):
                if section == "tool":
                    raise pytest.UsageError(f"{path.name}: [tool.modeleval.NAME] of pyproject.toml is [NAME] here")
                kind = "table" if isinstance(content[section], dict) else "key"
                if kind == "key" and section in (flag.key for flag in FLAGS):
                    raise pytest.UsageError(f"{path.name}: {section} belongs into [{section_of(section)}]")
                raise unknown(f"{kind} in {path.name}:", section, (*SECTIONS, *SINGLE))
        yield path, content


def _table(where: str, settings: object, folder: Path) -> Table:
    if not isinstance(settings, dict):
        raise pytest.UsageError(f"{where} is a table of settings, not {settings!r}")
    return Table(where, settings, folder)


def _toml(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path, SETTINGS)
        # Every start of pytest comes here, and to parse takes milliseconds.
        return from_toml(text) if path.name != "pyproject.toml" or "modeleval" in text else {}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise pytest.UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise pytest.UsageError(f"{path} is not TOML: {error}") from None
