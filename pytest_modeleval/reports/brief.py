"""What a script or a notebook shows of a run: a table of some ten lines, as text and as HTML."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pytest_modeleval.reports.columns import aligned
from pytest_modeleval.reports.markup import escaped
from pytest_modeleval.reports.table import score_columns
from pytest_modeleval.results.results import TableRow

# Lines of the table.
MOST = 10
# A load's figures and their titles; what is in seconds is shown in milliseconds.
_RATES = {"request_rate": "req/s", "output_rate": "tok/s"}
_TIMES = {"p50_ttft": "TTFT p50", "p99_ttft": "TTFT p99", "p50_tpot": "TPOT p50"}


class Brief(NamedTuple):
    """A run in a few lines: what is said above a table, its cells by line with the titles first, and below it."""

    head: str
    cells: Sequence[Sequence[str]]
    right: Sequence[bool]
    rest: str

    def text(self) -> str:
        """For a terminal."""
        return "\n".join(filter(None, [self.head, *aligned(self.cells, self.right), self.rest]))

    def html(self) -> str:
        """For a notebook, in whatever colours that has."""
        ends = [" style='text-align:right'" if right else " style='text-align:left'" for right in self.right]
        kinds = ["th", *["td"] * (len(self.cells) - 1)]
        lines = (
            "".join(f"<{kind}{end}>{escaped(cell)}</{kind}>" for cell, end in zip(line, ends, strict=True))
            for kind, line in zip(kinds, self.cells, strict=True)
        )
        rows = "".join(f"<tr>{line}</tr>" for line in lines)
        return f"<div>{escaped(self.head)}<table>{rows}</table>{escaped(self.rest)}</div>"


def of_scores(head: str, rows: Sequence[TableRow]) -> Brief:
    """That of an evaluation; of many rows those of whole benchmarks."""
    shown = rows if len(rows) <= MOST else [row for row in rows if not row.part]
    columns = [column for column in score_columns(shown[:MOST]) if column[0] != "seconds"]
    cells = [[title for title, *_ in columns], *([value(row) for _, value, _ in columns] for row in shown[:MOST])]
    return Brief(head, cells, [right for *_, right in columns], _rest("scores", len(rows) - len(cells) + 1))


def of_loads(head: str, loads: Sequence[Mapping[str, Any]]) -> Brief:
    """That of load tests, out of what is written of them."""
    cells = [["model", "load", "requests", *_RATES.values(), *_TIMES.values()], *map(_load, loads[:MOST])]
    return Brief(head, cells, [False, False, *[True] * (len(cells[0]) - 2)], _rest("loads", len(loads) - MOST))


def of_arena(head: str, leaderboard: Sequence[Mapping[str, Any]]) -> Brief:
    """That of an arena, out of what is written of its leaderboard."""
    counts = ("won", "tied", "lost")
    cells = [["model", "rating", "95% interval", *counts]]
    for each in leaderboard[:MOST]:
        rating = each["rating"] or {"mean": None, "low": None, "high": None}
        mean, low, high = (None if rating[name] is None else f"{rating[name]:.0f}" for name in ("mean", "low", "high"))
        ends = f"[{low}, {high}]" if low and high else "-"
        cells.append([each["model"], mean or "-", ends, *(f"{each[name]:,}" for name in counts)])
    return Brief(head, cells, [False, *[True] * 5], _rest("arena", len(leaderboard) - MOST))


def _load(load: Mapping[str, Any]) -> list[str]:
    figures, name = load["figures"], load["name"].rpartition("[")[2].rstrip("]")
    rates = [f"{figures[key]:,.2f}" if key in figures else "-" for key in _RATES]
    times = [f"{1000 * figures[key]:,.1f} ms" if key in figures else "-" for key in _TIMES]
    return [load["model"], name, f"{load['requests']:,}", *rates, *times]


def _rest(field: str, left: int) -> str:
    return f"… and {left:,} more in .{field}" if left > 0 else ""
