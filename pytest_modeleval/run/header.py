"""What is said above a run: what is evaluated on what, and which stored answers there are."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.history.past import SHORT, Past
from pytest_modeleval.models.content import Digests
from pytest_modeleval.models.identity import identity_of
from pytest_modeleval.models.opener import openers
from pytest_modeleval.results.reuse import age

if TYPE_CHECKING:
    from pytest_modeleval.run.evaluation import Evaluation


def header(config: pytest.Config, evaluation: "Evaluation") -> list[str]:
    """What is evaluated on what."""
    models = ", ".join(
        spec.name if spec.name in (spec.model, f"run:{spec.model}") else f"{spec.name} ({spec.api})"
        for spec in [*evaluation.models, *evaluation.others]
    )
    where = f" on the collection {evaluation.collection.name}" if evaluation.collection else ""
    start = config.invocation_params.dir
    folder = evaluation.folder.relative_to(start) if evaluation.folder.is_relative_to(start) else evaluation.folder
    kept = f"answers are kept in {folder}"
    lines = [f"modeleval: {models}{where}; run {evaluation.run[:SHORT]}; {kept}"]
    if evaluation.options.image_limit is not None:
        lines.append(f"modeleval: pictures of more than {evaluation.options.image_limit} are scaled down")
    lines += _stored(evaluation, openers(config.hook))
    if evaluation.only is not None:
        lines.append(
            f"modeleval: --eval-only {evaluation.options.only}: {len(evaluation.only):,} samples in earlier runs"
        )
    return lines


def _stored(evaluation: "Evaluation", own: Sequence[object]) -> Iterator[str]:
    """What the store holds of the models before the run; which of it answers a question is known when that is asked."""
    if not (evaluation.folder / "store.sqlite").is_file():
        return
    stored, first = 0, None
    digests = Digests(evaluation.folder / "models.json")
    # What cannot be read is said when the run opens it.
    with closing(Past(evaluation.folder)) as past, suppress(sqlite3.Error, pytest.UsageError):
        # A hub is asked once a run: when a question is.
        known = [
            identity_of(spec, digests, offline=True, own=own).hash for spec in [*evaluation.models, *evaluation.others]
        ]
        stored, first = past.kept(known)
    if first is not None:
        if not evaluation.options.cache.reads:
            use = "not used (--eval-cache off)"
        elif evaluation.gate.decides:
            use = "used only to go on with a run of this command that was broken off, as a gate judges its own answers"
        else:
            use = "used where the same model was asked the same"
        yield f"modeleval: {stored:,} answers are stored, the oldest {age(first, evaluation.began)} old; {use}"
