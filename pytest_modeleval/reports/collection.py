"""A collection's tables: one a model, its levels below each other."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from pytest_modeleval.items.collect import Drawn
from pytest_modeleval.reports.columns import decimal, fitted, interval
from pytest_modeleval.results.levels import LevelRow

_TITLES = {"category": "category", "task_type": "task type", "tag": "tag", "dataset": "dataset"}


def document(drawn: Drawn, rows: Sequence[LevelRow]) -> dict[str, object]:
    """The tables as JSON has them."""
    return {
        "name": drawn.name,
        "asked": drawn.asked,
        "available": drawn.available,
        "not_run": drawn.not_run,
        "rows": [asdict(row) for row in rows],
    }


def title(drawn: Drawn) -> str:
    """What was drawn of how much."""
    return f"collection {drawn.name}: {drawn.asked:,} of {drawn.available:,} samples"


def tables(rows: Sequence[LevelRow]) -> Iterator[str]:
    """The lines of every model's table."""
    for place, (model, of_model) in enumerate(groupby(rows, key=lambda row: row.model)):
        levels = list(of_model)
        whole = levels[0]
        tokens = whole.prompt_tokens + whole.completion_tokens
        yield from [""] * (place > 0)
        yield f"{model}: {tokens:,} tokens, {whole.seconds:,.1f} seconds"
        yield from _table(levels)


def not_run(drawn: Drawn) -> Iterator[str]:
    """The lines that name what a published collection has and this package has not."""
    if drawn.not_run:
        names = ", ".join(f"{name} ({count:,} line{'s' * (count > 1)})" for name, count in drawn.not_run.items())
        yield f"not run, because there is no such benchmark here: {names}"


def _table(rows: Sequence[LevelRow]) -> list[str]:
    metrics, unscored = any(row.label != "main" for row in rows), any(row.unscored for row in rows)
    columns = ["", *["metric"] * metrics, "samples", "errors", *["unscored"] * unscored]
    lines = [[*columns, "micro", "95% interval", "macro", "weighted"]]
    blank = [""] * (len(lines[0]) - 1)
    for indent, name, row in _shown(rows):
        if row is None:
            lines.append([name, *blank])
            continue
        counts = [f"{row.samples:,}", str(row.errors), *[str(row.unscored)] * unscored]
        label = ["  " * indent + name, *[row.label] * metrics]
        means = [decimal(row.micro), interval(row.low, row.high), decimal(row.macro)]
        lines.append([*label, *counts, *means, _with_error(row.weighted, row.weighted_error)])
    right = [column not in ("", "metric") for column in columns]
    return fitted(lines, [*right, True, False, True, False], names=1 + metrics)


def _shown(rows: Sequence[LevelRow]) -> Iterator[tuple[int, str, LevelRow | None]]:
    """(indent, name, row) of each line; a level's title has no row, a dataset's subsets stand below it if several."""
    subsets = [row for row in rows if row.level == "subset"]
    yield 0, "all", rows[0]
    for level, title_ in _TITLES.items():
        of_level = [row for row in rows if row.level == level]
        if level == "category":
            of_level = _informative(of_level, rows[0])
        if of_level:
            yield 0, title_, None
        for place, row in enumerate(of_level):
            yield len(row.name) - len(of_level[0].name) + 1, row.name[-1], row
            inside = [subset for subset in subsets if subset.name[0] == row.name[0]] if level == "dataset" else []
            is_last = of_level[place + 1 : place + 2] == [] or of_level[place + 1].name != row.name
            if is_last and len(inside) > 1:
                yield from ((2, subset.name[1], subset) for subset in inside)


def _informative(categories: list[LevelRow], whole: LevelRow) -> list[LevelRow]:
    """The categories without the one around everything, which is the line above them."""
    outer = [row for row in categories if len(row.name) == 1]
    if len(outer) != 1 or (outer[0].samples, outer[0].errors) != (whole.samples, whole.errors):
        return categories
    return [row for row in categories if len(row.name) > 1]


def _with_error(mean: float | None, error: float | None) -> str:
    # Equal scores have an error of 0, which says nothing of a few samples.
    return decimal(mean) if not error else f"{decimal(mean)} ±{f'{error:.3f}'.lstrip('0')}"
