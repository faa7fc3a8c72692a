"""What a score depends on besides the model, each in a short form that two runs can compare."""

import hashlib
import inspect
import json
import os
import platform
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_modeleval.datasets.lock import Lock
from pytest_modeleval.items.source import Source
from pytest_modeleval.models.spec import ModelSpec

SCORERS = "pytest_modeleval.scorers."


def pins_of(source: Source, spec: ModelSpec, lock: Path) -> dict[str, str]:
    """The pins of a benchmark as this run asks one model; ``model``, ``api`` and ``hardware`` are notes for people.

    Recorded answers are told by their file's content, ``answers``: compared with themselves they would always pass.
    """
    settings, benchmark = source.settings, source.benchmark
    revision, data = _data(lock, benchmark.name)
    asked = [settings.prompt or benchmark.prompt, settings.system, source.shots, settings.shots_draw, settings.shots_as]
    if settings.choices != "generate":
        asked += [settings.choices, repr(benchmark.cloze)]
    path = Path(spec.model)
    recorded = {"answers": _content(path, path.stat().st_mtime_ns)} if spec.api == "replay" and path.is_file() else {}
    return {
        **recorded,
        "revision": revision,
        "data": data,
        "prompt": _short(json.dumps(asked)),
        "sampling": json.dumps(dict(spec.generation), sort_keys=True),
        "scorer": _short(_scorer(benchmark.body) + _rule(source)),
        "filters": " | ".join(each.spec for each in settings.filters),
        "model": spec.model,
        "api": spec.api,
        "hardware": f"{platform.machine()}, {os.cpu_count()} CPUs",
    }


@lru_cache(maxsize=8)
def _content(path: Path, changed: int) -> str:  # noqa: ARG001 - a file that was written anew is another
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _data(lock: Path, benchmark: str) -> tuple[str, str]:
    """The revisions and, by split, the hashes of the benchmark's files, by the lock; none for one without files."""
    entries = Lock(lock).entries(benchmark)
    revisions = sorted({entry.source["revision"] if entry.source else "local" for entry in entries.values()})
    hashes = {split: entry.sha256[:16] for split, entry in sorted(entries.items())}
    return ", ".join(revisions) or "none", json.dumps(hashes)


def _scorer(body: Callable[..., Any]) -> str:
    """The text of the test's body, of every scorer module that it names, and what it was made with."""
    named = [body.__globals__.get(name) for name in body.__code__.co_names]
    enclosed = [cell.cell_contents for cell in body.__closure__ or ()]
    texts = [inspect.getsource(body)]
    for module in sorted({name for name in map(_module, named) if name.startswith(SCORERS)}):
        texts.append(inspect.getsource(import_module(module)))
    for value in enclosed:
        texts.append(_scorer(value) if inspect.isfunction(value) else repr(value) if _is_plain(value) else "")
    return "\n".join(texts)


def _rule(source: Source) -> str:
    """The chosen rule's name and its module's text; empty where a benchmark has no rules."""
    if not source.rule:
        return ""
    return source.rule + inspect.getsource(import_module(source.benchmark.rules[source.rule].__module__))


def _is_plain(value: object) -> bool:
    """Whether a value's repr says the same in every process."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def _module(value: object) -> str:
    return value.__name__ if isinstance(value, ModuleType) else str(getattr(value, "__module__", ""))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
