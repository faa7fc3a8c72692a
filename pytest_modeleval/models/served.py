"""The models that `--model` names, those at a bare address by what its server calls them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.spec import ModelSpec, resolve
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.sample import StopRun

# Models of a server that are named, and how much of a name is shown.
_NAMED, _LONGEST = 20, 200


def named_models(names: Sequence[str], aliases: Mapping[str, ModelSpec], options: Options) -> list[ModelSpec]:
    """A spec for each ``--model``; `pytest.UsageError` for two of one name, and for an address with no one model.

    Models in this process are of --eval-hub where their alias names none. A server is asked only where an address
    stands without a model: ``http://127.0.0.1:8000/v1``.
    """
    asked = {*names, *(name for role in options.roles.values() for name in role)}
    for name in sorted(options.set.get("models", {}).keys() - asked):
        if name in aliases:
            raise pytest.UsageError(f"--eval-set models.{name}: this run asks {', '.join(sorted(asked))}, not {name!r}")
        raise unknown("model in --eval-set models:", name, {*aliases, *asked}, "One with a dot stands in quotes.")
    return _specs(names, aliases, options.generation, options.set, options.hub)


def _specs(
    names: Sequence[str],
    aliases: Mapping[str, ModelSpec],
    generation: Mapping[str, Any],
    said: Mapping[str, Mapping[str, Any]],
    hub: str,
) -> list[ModelSpec]:
    if len(set(names)) < len(names):
        raise pytest.UsageError(f"--model names a model twice: {', '.join(names)}; give each once")
    specs = [_found(resolve(name, aliases, generation, said)) for name in names]
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
        # It stands in every line about the model.
        return replace(spec, name=one_line(listed[0], _LONGEST), model=listed[0])
    names = [one_line(name, _LONGEST) for name in (*listed[:_NAMED], "NAME")]
    has = f"has {len(listed):,} models ({', '.join(names[:-1])})" if listed else "lists no models"
    raise pytest.UsageError(f"{spec.base_url} {has}: say which, as in --model {spec.base_url}#{names[0]}")


def named_roles(aliases: Mapping[str, ModelSpec], options: Options) -> dict[str, list[ModelSpec]]:
    """A spec for each model of a role, named as after ``--model``: ``judge=gpt5``.

    What --eval-generation and `--eval-set model.KEY` lay over the model under evaluation is not theirs.
    `pytest.UsageError` as `named_models`.
    """
    said = {"models": options.set.get("models", {})}
    return {
        role: [replace(spec, name=f"{role}={spec.name}") for spec in _specs(names, aliases, {}, said, options.hub)]
        for role, names in options.roles.items()
    }


async def _listed(spec: ModelSpec) -> Sequence[str]:
    from pytest_modeleval.models.openai import OpenAIModel

    model = OpenAIModel(spec)
    try:
        return await model.listed()
    finally:
        await model.close()
