"""The run that ``run:ID`` names."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_modeleval.history.flips import Key
from pytest_modeleval.history.past import Past
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import unknown


def with_runs(specs: Sequence[ModelSpec], folder: Path, *, besides: str = "") -> list[ModelSpec]:
    """The specs, those of a stored run with its whole id and the model that it asked; ``besides`` is this run's id.

    `pytest.UsageError` for a run that there is not, and for one of several models none of which is named.
    """
    return [_found(spec, folder, besides) if spec.way.is_run else spec for spec in specs]


def asked_in(specs: Sequence[ModelSpec], folder: Path) -> set[Key]:
    """The samples of the stored runs whose answers are asked for; empty where another model is asked as well."""
    if not all(spec.way.is_run for spec in specs):
        return set()
    found = set()
    with closing(Past(folder)) as past:
        for spec in specs:
            run, _, model = spec.model.partition("#")
            found |= {
                (spec.name, each.benchmark, each.name) for each in past.attempts(past.run(run)) if each.model == model
            }
    return found


def _found(spec: ModelSpec, folder: Path, besides: str) -> ModelSpec:
    text, _, name = spec.model.partition("#")
    with closing(Past(folder)) as past:
        run = past.run(text, besides=besides)
        models, givers, first = past.models(run), past.givers(run), next(past.attempts(run), None)
        path = past.path
    if first is not None and first.benchmark.endswith(f" ({ARENA})"):
        raise pytest.UsageError(
            f"--model {spec.name}: this run is an arena, whose answers and verdicts are in the store: "
            "name who gave them"
        )
    if not name and len(models) > 1:
        raise pytest.UsageError(
            f"--model {spec.name}: this run asked {len(models)} models ({', '.join(models)}): say which, as in "
            f"--model {spec.name}#{models[0]}"
        )
    if name and name not in models:
        raise unknown(f"model of run {run.short}:", name, models)
    args = {"store": str(path), "answers": givers}
    return replace(spec, model=f"{run.id}#{name or models[0]}", args=args)
