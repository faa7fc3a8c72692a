"""The tests of a user's own files: each file or folder collects as a module with one benchmark in it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_modeleval.datasets.lock import sha256_of
from pytest_modeleval.items.declare import declared_in
from pytest_modeleval.names import Ids
from pytest_modeleval.options.options import Options


class FileModule(pytest.Module):
    """A data file as a module; ``content`` is what importing it would give."""

    content: ModuleType

    def _getobj(self) -> ModuleType:
        return self.content


def modules_of(options: Options) -> dict[Path, ModuleType]:
    """A module for each ``--eval-file``; `pytest.UsageError` for the first mistake in flags or files."""
    if not options.file:
        for key, given in (("format", options.format), ("metric", options.metric), ("pass_mark", options.pass_mark)):
            if given:
                raise pytest.UsageError(f"{key} of [run] is about --eval-file PATH, which is missing")
        return {}
    # With the scorers of a user's files, which a run without such a file is spared.
    from pytest_modeleval.custom.files import name_of, read
    from pytest_modeleval.custom.made import module_of

    named: dict[str, Path] = {}
    for path in options.file:
        if (first := named.setdefault(name_of(path), path)) != path:
            raise pytest.UsageError(f"--eval-file: {first} and {path} are both called {name_of(path)!r}; rename one")
    return {path: module_of(read(path, options.format), options) for path in options.file}


def ids_of(modules: Mapping[Path, ModuleType]) -> Ids:
    """What the files' samples are called for their ids."""
    found = [declared for module in modules.values() for declared in declared_in(module).values()]
    return {declared.name: declared.ids for declared in found}


def hashes_of(options: Options) -> dict[str, dict[str, str]]:
    """By benchmark, the sha-256 of each of its ``--eval-file``, or of those in the folder."""
    if not options.file:
        return {}
    from pytest_modeleval.custom.files import files_of, name_of

    return {name_of(path): {each.name: sha256_of([each]) for each in files_of(path)} for path in options.file}


def collected(modules: Mapping[Path, ModuleType], path: Path, parent: pytest.Collector) -> FileModule | None:
    """The collector of a user's file or folder, None for any other path."""
    if path not in modules:
        return None
    module: FileModule = FileModule.from_parent(parent, path=path, **own_id(path, parent))
    module.content = modules[path]
    return module


def own_id(path: Path, parent: pytest.Collector) -> dict[str, Any]:
    """The node id of a file outside pytest's root folder that was typed itself, for which pytest has an empty one.

    A sample would be `::test_gsm8k[…]` where the file is typed and `test_gsm8k.py::test_gsm8k[…]` where `-k` finds it:
    two names for `--lf`, JUnit XML and a seeded order.
    """
    typed = parent.session.isinitpath(path) and not path.is_relative_to(parent.config.rootpath)
    return {"nodeid": path.name} if typed else {}


def arguments(modules: Mapping[Path, ModuleType], typed: Sequence[str], start: Path) -> list[str]:
    """What pytest runs: the paths that were typed, and the files, unless items of a file were typed."""
    named = {os.path.normpath(start / argument.partition("::")[0]) for argument in typed}
    return [*typed, *(str(path) for path in modules if str(path) not in named)]
