"""Measuring what stored runs thought."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.models.counting import TextCounter, text_counter
from pytest_modeleval.models.spec import ModelSpec, resolve
from pytest_modeleval.thinking.answers import Asked, levels_of
from pytest_modeleval.thinking.section import Thinking

OWN = "by the model's own tokenizer"
APPROXIMATE = (
    'approximate, as told by its server and shared out by characters; tokenizer = "…" in its alias counts them'
)


def measured(
    folder: Path, runs: Sequence[Run], specs: Sequence[ModelSpec], aliases: Mapping[str, ModelSpec], by: str = ""
) -> Thinking:
    """How the models of stored runs thought; one that several of the runs asked is called by each.

    ``specs`` are models as they were asked; the others are looked up among ``aliases``.
    """
    with closing(Past(folder)) as past:
        names = {run: past.models(run) for run in runs}
        everywhere = [name for of_run in names.values() for name in of_run]
        thinking = {run: past.thinkers(run) for run in runs}
        counters: dict[str, TextCounter | None] = {}
        counting: dict[str, str] = {}
        remarks: list[str] = []
        asked = []
        for run in runs:
            shown = {name: f"{run.short} {name}" if everywhere.count(name) > 1 else name for name in names[run]}
            for name in thinking[run]:
                if name not in counters:
                    counters[name] = _counter(name, specs, aliases, remarks)
                counting[shown[name]] = OWN if counters[name] else APPROXIMATE
            asked.append(Asked(run, shown, counters))
        models = sorted(name for each in asked for name in each.shown.values())
        return Thinking(levels_of(past, asked, by), models, counting, remarks)


def _counter(
    name: str, specs: Sequence[ModelSpec], aliases: Mapping[str, ModelSpec], remarks: list[str]
) -> TextCounter | None:
    """What counts a model's tokens; where its alias's tokenizer cannot be had, ``remarks`` say why."""
    spec = next((spec for spec in specs if spec.name == name), None)
    try:
        if spec is None or spec.way.is_run:
            # An answer of a stored run is its model's.
            called = spec.model.partition("#")[2] if spec else name
            spec = resolve(called, aliases, {})
    except pytest.UsageError:
        return None
    try:
        return text_counter(replace(spec, hub=spec.hub or "modelscope") if spec.way.is_local else spec)
    except pytest.UsageError as error:
        remarks.append(str(error))
        return None
