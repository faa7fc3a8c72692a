"""The models of a run: those under evaluation, and those that have a role beside them."""

from collections.abc import Mapping
from functools import partial

import pytest

from pytest_modeleval.asking.spending import refuse_unbounded
from pytest_modeleval.history.named import with_runs
from pytest_modeleval.models.served import named_models, named_roles
from pytest_modeleval.models.spec import ModelSpec, read_aliases
from pytest_modeleval.options.options import Options
from pytest_modeleval.options.sources import Settings

Roles = Mapping[str, list[ModelSpec]]


def models_of(settings: Settings, options: Options, run: str) -> tuple[list[ModelSpec], Roles]:
    """The models that were named, and those of each role; ``run:last`` among them is another than this ``run``.

    `pytest.UsageError` for a role without a model to evaluate, and for a budget that some model could not be held to.
    """
    aliases = read_aliases(settings.tables["models"])
    in_runs = partial(with_runs, folder=settings.root / ".modeleval", besides=run)
    models = in_runs(named_models(options.model, aliases, options))
    roles = {role: in_runs(specs) for role, specs in named_roles(aliases, options).items()}
    others = [spec for specs in roles.values() for spec in specs]
    if not models:
        raise pytest.UsageError(f"{others[0].name} is to be asked by what evaluates a model: give --model NAME")
    if options.budget:
        refuse_unbounded([*models, *others], options.budget)
    return models, roles
