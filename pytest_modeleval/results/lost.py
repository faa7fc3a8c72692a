"""Samples that went down with their worker."""

from collections.abc import Sequence

from pytest_modeleval.items.collect import Drawn
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName, id_part
from pytest_modeleval.record import ERROR, Record
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.results import Results


def lost_record(
    nodeid: str, models: Sequence[ModelSpec], results: Results, drawn: Drawn | None = None
) -> Record | None:
    """The record of a sample that went down with its worker: an error, found by its id; None for another test."""
    item = ItemName.parse(nodeid, [spec.name for spec in models] if len(models) > 1 else ())
    if item is None:
        return None
    (subset, index, _), model = item.sample, item.model or models[0].name
    # The subset's own name and group, where another sample of it, or the draw, tells them.
    known = {id_part(part): (group, part) for group, part in results.parts(model, item.benchmark)}
    rows = drawn.rows.get(item.benchmark, {}) if drawn else {}
    known |= {id_part(part): ("", part) for part in rows if id_part(part) not in known}
    group, subset = known.get(subset, ("", subset))
    return Record(
        model,
        item.benchmark,
        subset,
        group,
        index,
        item.repeat or 0,
        ERROR,
        line=item.sample.line,
        mistake=Mistake.REQUEST,
        labels=rows.get(subset, {}).get(index),
    )
