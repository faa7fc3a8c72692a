"""What a score depends on besides the model, each in a short form that two runs can compare."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_modeleval.asking.resuming import LETTERS
from pytest_modeleval.datasets.lock import Lock
from pytest_modeleval.gate.baseline import REACHED
from pytest_modeleval.items.source import Source
from pytest_modeleval.models.code import code_of
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import identity_of
from pytest_modeleval.models.recorded import NoLayout, Recorded, files_of, rows_of
from pytest_modeleval.models.spec import ModelSpec


def pins_of(
    source: Source, spec: ModelSpec, lock: Path, roles: Mapping[str, str], parameters: str = ""
) -> dict[str, str]:
    """The pins of a benchmark as this run asks one model; ``model``, ``api`` and ``hardware`` are notes for people.

    Recorded answers are told by their content, ``answers``: compared with themselves they would always pass. ``roles``
    says who has those that the benchmark takes (`who_has`), ``parameters`` what its test is given beside the sample.
    """
    settings, benchmark = source.settings, source.benchmark
    revision, data = _data(lock, benchmark.name)
    asked = [settings.prompt or benchmark.prompt, settings.system, source.shots, settings.shots_draw, settings.shots_as]
    if settings.choices != "generate":
        asked += [settings.choices, repr(benchmark.cloze)]
    if settings.judge_prompt is not None:
        asked += [settings.judge_prompt]
    if settings.image_limit is not None:
        asked += [str(settings.image_limit)]
    own = {key: _pinned(value) for key, value in settings.own.items() if value is not None}
    return {
        **({"answers": answers} if (answers := _recorded(spec)) else {}),
        **({"roles": json.dumps(dict(roles), sort_keys=True)} if roles else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"settings": json.dumps(own, sort_keys=True)} if own else {}),
        "revision": revision,
        "data": data,
        "prompt": _short(json.dumps(asked)),
        "sampling": json.dumps({**spec.generation, **spec.asked_as}, sort_keys=True),
        "scorer": f"{REACHED}{_scorer(source)}",
        "filters": " | ".join(each.spec for each in settings.filters),
        "model": spec.model,
        "api": spec.api,
        "hardware": f"{platform.machine()}, {os.cpu_count()} CPUs",
    }


def _pinned(setting: Any) -> Any:
    """A benchmark's own setting as JSON: a file wherever it lies."""
    return [setting.name, setting.stat().st_size] if isinstance(setting, Path) else setting


def _recorded(spec: ModelSpec) -> str:
    """What tells recorded answers: a file's content, the runs that gave them; empty for a model that is asked."""
    path = Path(spec.model)
    if spec.way.is_recorded and path.exists():
        return " ".join(filter(None, (_content(each, each.stat().st_mtime_ns) for each in files_of(path))))
    return " ".join(spec.args.get("answers", ())) if spec.way.is_recorded else ""


def who_has(roles: Mapping[str, Sequence[ModelSpec]], digests: Digests, own: Sequence[object]) -> dict[str, str]:
    """Who has each role and with which settings, by the role: a judge that moved to another address is the same."""
    found = {}
    for role, specs in roles.items():
        told = []
        for spec in specs:
            who = identity_of(spec, digests, offline=True, own=own)
            left_out = {"address", "headers", *(() if who.is_sure else ("commit",))}
            fields = {key: value for key, value in who.fields.items() if key not in left_out}
            shown = spec.identity or spec.model
            sampling = {**spec.generation, **spec.asked_as}
            told.append(f"{shown} {_short(json.dumps([fields, sampling], sort_keys=True, default=str))[:8]}")
        found[role] = ", ".join(told)
    return found


@lru_cache(maxsize=256)
def _content(path: Path, changed: int) -> str:  # noqa: ARG001 - a file that was written anew is another
    """What tells a file with answers: the hash of it, and that of its texts, which another layout has in common.

    Empty for another file, which two folders may have in common.
    """
    try:
        rows = [row for row in rows_of(path) if isinstance(row, Recorded)]
    except (NoLayout, OSError, ValueError):
        return ""
    texts = sorted({row.answer.text.strip() for row in rows})
    with path.open("rb") as file:
        found = [hashlib.file_digest(file, "sha256").hexdigest()[:16]] if rows else []
    return " ".join([*found, *([_short(json.dumps(texts))] if sum(map(len, texts)) >= LETTERS else [])])


def _data(lock: Path, benchmark: str) -> tuple[str, str]:
    """The revisions and, by split, the hashes of the benchmark's files, by the lock; none for one without files."""
    entries = Lock(lock).entries(benchmark)
    revisions = sorted({entry.source["revision"] if entry.source else "local" for entry in entries.values()})
    hashes = {split: entry.sha256[:16] for split, entry in sorted(entries.items())}
    return ", ".join(revisions) or "none", json.dumps(hashes)


def _scorer(source: Source) -> str:
    """The code that decides the score: the test's body, what makes the sample that it is given, and the chosen rule."""
    benchmark, rule = source.benchmark, source.rule
    chosen = [benchmark.rules[rule]] if rule else []
    return _short(rule + code_of(benchmark.body, benchmark.to_sample, *chosen))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
