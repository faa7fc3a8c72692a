"""Samples that went down with their worker."""

import re
from collections.abc import Mapping, Sequence

from pytest_modeleval.items.collect import ARENA, Drawn
from pytest_modeleval.names import NO_IDS, Ids, ItemName, SampleName, benchmark_of, id_part
from pytest_modeleval.record import ERROR, Record
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.results import Results

# A battle's test, in the file of its benchmark, or named after one of several there.
_IN_ARENA = re.compile(r"(?:test_)?(\w+)\.\w+::(?:\w+::)*test_arena(?:_(\w+))?\[")


def lost_record(
    nodeid: str, asked: Sequence[str], results: Results, drawn: Drawn | None = None, ids: Ids = NO_IDS
) -> Record | None:
    """The record of a sample that went down with its worker: an error, found by its id; None for another test.

    ``asked`` are the models, or the pairs of them whose battles the items are (`collect.side`). ``ids`` are those in
    users' own files: by another one an ordinary test's parameter has a colon.
    """
    benchmark, nodeid = _without_further(nodeid, results)
    named = asked if len(asked) > 1 or _IN_ARENA.search(nodeid) else ()
    item = ItemName.parse(nodeid, named)
    if item is None:
        return None
    name, model = item.sample, item.model or asked[0]
    benchmark = benchmark or _arena_of(nodeid) or item.benchmark
    index = name.row if name.row is not None else _row(name, ids.get(item.benchmark, {}))
    if index is None:
        return None
    # The subset's own name and group, where another sample of it, or the draw, tells them.
    known = {id_part(part): (group, part) for group, part in results.parts(model, benchmark)}
    rows = drawn.rows.get(item.benchmark, {}) if drawn else {}
    known |= {id_part(part): ("", part) for part in rows if id_part(part) not in known}
    group, subset = known.get(name.subset, ("", name.subset))
    return Record(
        model,
        benchmark,
        subset,
        group,
        index,
        item.repeat or 0,
        ERROR,
        line=name.line,
        id=name.id,
        mistake=Mistake.REQUEST,
        labels=rows.get(subset, {}).get(index),
    )


def _arena_of(nodeid: str) -> str:
    """What the benchmark of a battle is called in reports; empty for another item."""
    found = _IN_ARENA.search(nodeid)
    return f"{found[2] or found[1]} ({ARENA})" if found else ""


def _without_further(nodeid: str, results: Results) -> tuple[str, str]:
    """What a test with further parameters is called, as other samples of it are, and the node id without them."""
    test, _, inside = nodeid.removesuffix("]").partition("[")
    for name in results.benchmarks:
        own, _, further = name.removesuffix(")").partition(" (")
        words = further.split("-") if further and own == benchmark_of(test) else []
        for place in range(len(words) + 1 if words else 0):
            before, after = "".join(f"{word}-" for word in words[:place]), "".join(f"-{word}" for word in words[place:])
            if inside.startswith(before) and inside.endswith(after):
                return name, f"{test}[{inside.removeprefix(before).removesuffix(after)}]"
    return "", nodeid


def _row(name: SampleName, ids: Mapping[str, Mapping[int, str]]) -> int | None:
    """The row that has the sample's id."""
    own = (rows for subset, rows in ids.items() if id_part(subset) == name.subset)
    return next((row for rows in own for row, each in rows.items() if each == name.id), None)
