"""What makes a run's items: the collection that was named, and a collector that knows what was typed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.arena.pairs import Pair
from pytest_modeleval.items.collect import Collector, SampleRef
from pytest_modeleval.items.named import Named, refuse_wrong
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.options import Options

if TYPE_CHECKING:
    from pytest_modeleval.collection.run import CollectionRun


def collection_of(options: Options) -> "CollectionRun | None":
    """What `--eval-collection` names; `pytest.UsageError` where it cannot be read."""
    if options.collection is None:
        return None
    from pytest_modeleval.collection.run import CollectionRun

    return CollectionRun.of(options.collection, options)


def collector_of(
    config: pytest.Config,
    options: Options,
    models: Sequence[ModelSpec],
    collection: "CollectionRun | None",
    tables: Mapping[str, Table],
    lock: Path,
    pairs: Sequence[Pair],
    lacking: Callable[[Iterable[SampleRef]], str],
) -> Collector:
    """What makes the items of benchmarks, with what was typed of names and the tables of `[benchmarks.NAME]`.

    ``lacking`` says what programs of samples import and their Python lacks.
    """
    typed = config.args_source is pytest.Config.ArgsSource.ARGS
    keywords, marks = config.option.keyword or "", config.option.markexpr or ""
    for flag, expression in (("-k", keywords), ("-m", marks)):
        refuse_wrong(flag, expression)
    exactly = {*options.eval, *(collection.files if collection else ())}
    named = Named(keywords, marks, exactly, typed=typed)
    over = collection.over(tables) if collection else tables
    return Collector(options, models, over, lock, named, lacking, pairs=pairs)
