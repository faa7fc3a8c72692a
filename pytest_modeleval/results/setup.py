"""How a run was asked for, in words that let somebody repeat it, and without what only one server may know."""

import enum
import platform
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.datasets.lock import Lock
from pytest_modeleval.models.credentials import is_secret, masked
from pytest_modeleval.models.identity import shown_address
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import Options


def setup_of(
    config: pytest.Config,
    models: Sequence[ModelSpec],
    options: Options,
    lock: Path,
    benchmarks: Collection[str] = (),
    own: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """The command as typed, settings that are not the default, models and where they are, and data by their hashes.

    ``own`` are those of a user's files, by benchmark and file.
    """
    changed = {each.name: getattr(options, each.name) for each in fields(Options)}
    return {
        "command": masked(shlex.join(["pytest", *map(str, config.invocation_params.args)])),
        "python": platform.python_version(),
        "seed": options.seed,
        "settings": plain({name: value for name, value in changed.items() if value != getattr(_DEFAULT, name)}),
        "models": [_model(spec) for spec in models],
        "data": {name: _data(lock, name, (own or {}).get(name, {})) for name in sorted(benchmarks)},
    }


_DEFAULT = Options.of({}, "")


def _model(spec: ModelSpec) -> dict[str, Any]:
    args, address = spec.args, shown_address(spec) or None
    told = {"name": spec.name, "api": spec.api, "model": spec.model, "address": address, **spec.asked_as}
    return plain({**told, "generation": dict(spec.generation), "args": dict(args)})  # type: ignore[no-any-return]


def _data(lock: Path, benchmark: str, own: Mapping[str, str]) -> dict[str, Any]:
    """What is locked of each split: its files' hash, and where they came from; of a user's files, their hashes."""
    if own:
        return {file: {"sha256": digest, "hub": None, "id": None, "revision": None} for file, digest in own.items()}
    try:
        entries = Lock(lock).entries(benchmark)
    except pytest.UsageError:
        return {}
    return {
        split: {"sha256": entry.sha256, **{name: (entry.source or {}).get(name) for name in ("hub", "id", "revision")}}
        for split, entry in sorted(entries.items())
    }


def plain(value: Any) -> Any:
    """What JSON has for a value, its secrets masked."""
    if isinstance(value, Mapping):
        return {str(name): "***" if is_secret(str(name)) else plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, enum.Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float) else masked(str(value))
