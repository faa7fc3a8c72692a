"""Who meets whom in an arena, and what cannot be one."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from pytest_modeleval.arena.battle import rubrics
from pytest_modeleval.history.flips import Key
from pytest_modeleval.items.collect import ARENA, selected, side
from pytest_modeleval.judging.votes import read_votes
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName, id_part
from pytest_modeleval.options.options import Options, unknown

# Up to so many models all meet all.
ROUND_ROBIN = 8
Pair = tuple[ModelSpec, ModelSpec]


def pairs_of(models: Sequence[ModelSpec], judges: Sequence[ModelSpec], options: Options) -> list[Pair]:
    """The two models of each battle over a sample; none in a run without an arena.

    With a baseline each other one meets that. Without, all meet all; of more than eight each meets the first one and
    the one named behind it, so that a path of battles leads from each to each. `pytest.UsageError` for what is no
    arena.
    """
    _refuse_votes(models, judges, options)
    _refuse_others(models, options)
    if not options.arena:
        return []
    rubrics(options.arena_prompt)
    pairs = _pairs(models, options)
    _refuse_same_names(models, pairs)
    return pairs


def _pairs(models: Sequence[ModelSpec], options: Options) -> list[Pair]:
    if options.arena_baseline is not None:
        (baseline,) = (model for model in models if model.name == options.arena_baseline)
        return [(model, baseline) for model in models if model is not baseline]
    places = range(len(models))
    met = [(one, two) for one in places for two in places if one < two]
    if len(models) > ROUND_ROBIN:
        met = [(one, two) for one, two in met if one == 0 or two == one + 1]
    return [(models[one], models[two]) for one, two in met]


def battles_of(asked: Collection[Key], pairs: Sequence[Pair]) -> set[Key]:
    """The battles over the samples that both models of a pair were asked: model, benchmark and sample each."""
    samples = {(model, benchmark.partition(" (")[0], sample) for model, benchmark, sample in asked}
    return {
        (side(one, two), f"{benchmark} ({ARENA})", sample)
        for one, two in pairs
        for model, benchmark, sample in samples
        if model == one.name and (two.name, benchmark, sample) in samples
    }


def sample_of(nodeid: str, asked: Collection[str]) -> tuple[str, object]:
    """What a battle's id says of its test and sample, whoever meets in it; ``asked`` are the names of all pairs."""
    item = ItemName.parse(nodeid, asked)
    return nodeid.partition("[")[0], item._replace(model="") if item else nodeid


def together(items: list[pytest.Item]) -> None:
    """Put the battles over one sample behind each other, whoever shuffled them: one process asks for all of them."""
    groups: dict[object, list[pytest.Item]] = {}
    for item in items:
        ref = selected(item)
        key = (ref.source.benchmark.name, ref.subset, ref.row, ref.repeat) if ref else item
        groups.setdefault(key, []).append(item)
    items[:] = [item for group in groups.values() for item in group]


def _refuse_same_names(models: Sequence[ModelSpec], pairs: Sequence[Pair]) -> None:
    """`pytest.UsageError` where two pairs have one name, or a pair that of a model: `a-vs-b` may stand in a name."""
    told = {id_part(model.name): f"the model {model.name}" for model in models}
    for one, two in pairs:
        name = id_part(side(one, two))
        if name in told:
            raise pytest.UsageError(
                f"the battles of {one.name} and {two.name} would be called {name}, as {told[name]} is: "
                f"give an alias another name"
            )
        told[name] = f"the pair of {one.name} and {two.name}"


def _refuse_votes(models: Sequence[ModelSpec], judges: Sequence[ModelSpec], options: Options) -> None:
    """`pytest.UsageError` for votes that are to answer, that judge no battles, or cannot be read."""
    for model in models:
        if model.way.is_votes:
            raise pytest.UsageError(f"--model {model.name}: votes judge and answer nothing: --model judge={model.name}")
    for judge in judges:
        if judge.way.is_votes:
            if not options.arena:
                raise pytest.UsageError(f"--model {judge.name}: votes are on two models' answers: give --eval-arena")
            read_votes(Path(judge.model))


def _refuse_others(models: Sequence[ModelSpec], options: Options) -> None:
    """`pytest.UsageError` for what is no arena, and for what is said of one where there is none."""
    said = {"--eval-arena-baseline": options.arena_baseline, "arena_prompt of [run]": options.arena_prompt}
    if not options.arena:
        for flag in (name for name, given in said.items() if given is not None):
            raise pytest.UsageError(f"{flag} is about battles: give --eval-arena")
        return
    if len(models) < 2:
        raise pytest.UsageError(
            f"--eval-arena has answers of several models judged against each other, and {models[0].name} is alone: "
            "give another --model"
        )
    names = [model.name for model in models]
    if options.arena_baseline is not None and options.arena_baseline not in names:
        raise unknown("model in --eval-arena-baseline:", options.arena_baseline, names)
    own = {
        "--eval-baseline": options.baseline is not None,
        "--eval-save-baseline": options.save_baseline is not None,
        "--eval-min-score": bool(options.min_score),
        "--eval-stop-early": options.stop_early,
        "--eval-only": options.only is not None,
        "--eval-collection": options.collection is not None,
    }
    for flag in (name for name, given in own.items() if given):
        raise pytest.UsageError(f"{flag} is about each model's own score, and --eval-arena gives none: leave it out")
