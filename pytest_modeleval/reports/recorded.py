"""The lines that say which recorded answers no sample took."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pytest_modeleval.history.past import Past
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.models.replay import ReplayModel
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName
from pytest_modeleval.store.rows import HIDDEN

_BATTLES = f" ({ARENA})"


def lines(folder: Path, run: str, models: Sequence[ModelSpec]) -> Iterator[str]:
    """A line for each model of recorded answers some of which answer no sample of the run."""
    for spec in models:
        if spec.way.is_recorded and not spec.way.is_run:
            with suppress(pytest.UsageError):
                yield from _line(folder, run, spec)


def _line(folder: Path, run: str, spec: ModelSpec) -> Iterator[str]:
    model, taken = ReplayModel(spec), set()
    with closing(Past(folder)) as past:
        for sample in past.samples(run):
            main, is_battle = sample.main, sample.main.benchmark.endswith(_BATTLES)
            is_hidden, said = main.sample.startswith(HIDDEN), sample.answers_of(spec.name)
            name = ItemName.parse(main.item, [main.model], main.subset)
            if name is None or not (said or is_hidden if is_battle else main.model == spec.name):
                continue
            if is_hidden or len(said if is_battle else sample.exchanges) > is_battle:
                # Of what is protected, or was asked beside the prompt, nobody knows here.
                return
            prompt = said[0].asked if is_battle else sample.prompt
            if prompt is None:
                # An error: there was no answer.
                continue
            sample_name = name.sample if main.row is None else name.sample._replace(row=main.row)
            asked = ItemName(main.benchmark.removesuffix(_BATTLES), sample_name, repeat=name.repeat)
            taken.add(id(model.find(str(asked), prompt, main.repeat, asked.numbered)))
    left = sum(id(row) not in taken and not row.error for row in model.rows)
    if left:
        yield f"{left:,} of the {len(model.rows):,} answers in {spec.model} answer no sample of this run"
