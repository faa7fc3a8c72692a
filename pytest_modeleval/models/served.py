"""The models that `--model` names, those at a bare address by what its server calls them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_modeleval.models.spec import ModelSpec, resolve
from pytest_modeleval.sample import StopRun

# Models of a server that are named.
_NAMED = 20


def named_models(
    names: Sequence[str], aliases: Mapping[str, ModelSpec], generation: Mapping[str, Any], hub: str
) -> list[ModelSpec]:
    """A spec for each ``--model``; `pytest.UsageError` for two of one name, and for an address with no one model.

    Models in this process are of ``hub`` where their alias names none. A server is asked only where an address stands
    without a model: ``http://127.0.0.1:8000/v1``.
    """
    if len(set(names)) < len(names):
        raise pytest.UsageError(f"--model names a model twice: {', '.join(names)}")
    specs = [_found(resolve(name, aliases, generation)) for name in names]
    specs = [replace(spec, hub=spec.hub or hub) if spec.way.is_local else spec for spec in specs]
    for place, spec in enumerate(specs):
        if spec.name in (other.name for other in specs[:place]):
            raise pytest.UsageError(
                f"two of --model are called {spec.name!r}, and no table could tell them apart: give each an alias, "
                "[models.NAME] in modeleval.toml"
            )
    return specs


def _found(spec: ModelSpec) -> ModelSpec:
    """The spec with the one model that its server has, where it names none."""
    if spec.model or not spec.way.is_served:
        return spec
    try:
        listed = asyncio.run(_listed(spec))
    except StopRun as error:
        raise pytest.UsageError(str(error)) from None
    if len(listed) == 1:
        return replace(spec, name=listed[0], model=listed[0])
    has = f"has {len(listed):,} models ({', '.join(listed[:_NAMED])})" if listed else "lists no models"
    raise pytest.UsageError(f"{spec.base_url} {has}: say which, as in --model {spec.base_url}#{(*listed, 'NAME')[0]}")


def named_roles(
    roles: Mapping[str, Sequence[str]], aliases: Mapping[str, ModelSpec], hub: str
) -> dict[str, list[ModelSpec]]:
    """A spec for each model of a role, named as after ``--model``: ``judge=gpt5``.

    What --eval-generation lays over the model under evaluation is not theirs. `pytest.UsageError` as `named_models`.
    """
    return {
        role: [replace(spec, name=f"{role}={spec.name}") for spec in named_models(names, aliases, {}, hub)]
        for role, names in roles.items()
    }


async def _listed(spec: ModelSpec) -> Sequence[str]:
    from pytest_modeleval.models.openai import OpenAIModel

    model = OpenAIModel(spec)
    try:
        return await model.listed()
    finally:
        await model.close()
