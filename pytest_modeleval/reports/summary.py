"""The gate and the table as Markdown, for the summary of a pull request."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modeleval.foreign import harmless
from pytest_modeleval.reports.columns import decimal, interval
from pytest_modeleval.reports.gate import gate
from pytest_modeleval.reports.notes import notes
from pytest_modeleval.results.finished import FinishedRun, GateLine
from pytest_modeleval.results.results import OVER_REPEATS, TableRow

_SIGNS = {"passed": "✅", "failed": "❌"}


def write_summary(path: Path, run: FinishedRun) -> None:
    """Write the file anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = [line for section in run.sections for table in section.tables().items() for line in _cells(*table)]
    scores = [] if run.sections else _table(run.rows)
    titles = [f"## {_plain(section.title)}\n" for section in run.sections]
    said = [*titles, *_gate(gate(run)), *tables, *scores, *(f"\n{_plain(note)}" for note in notes(run)), ""]
    path.write_text("\n".join(said), "utf-8")


def _gate(found: Sequence[GateLine]) -> list[str]:
    if not found:
        return []
    cells = [f"| {_SIGNS.get(g.result, '❔')} {g.result} | {_plain(g.name)} | {_plain(g.why)} |" for g in found]
    return ["### Gate", "", "| | | |", "|---|---|---|", *cells, ""]


def _cells(title: str, cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of texts, the first line of its cells that of its columns."""
    head, *rows = (f"| {' | '.join(map(_plain, row))} |" for row in cells)
    yield from (f"### {_plain(title)}", "", head, "|---" * len(cells[0]) + "|", *rows, "")


def _table(rows: Sequence[TableRow]) -> list[str]:
    lines_ = ["### Scores", "", "| model | benchmark | metric | samples | errors | score | 95% interval |"]
    lines_.append("|---|---|---|--:|--:|--:|---|")
    for row in rows:
        if row.part and row.metric.startswith(OVER_REPEATS):
            continue
        name = f"&nbsp;&nbsp;{_plain(row.part)}" if row.part else _plain(row.benchmark)
        who = f"| {_plain(row.model)} | {name} | {_plain(row.label)} |"
        lines_.append(f"{who} {row.samples:,} | {row.errors} | {decimal(row.score)} | {interval(row.low, row.high)} |")
    return lines_


def _plain(text: str) -> str:
    """A text that Markdown and HTML leave as it is, and that is no more than seen."""
    return "".join(f"&#{ord(char)};" if char in "|<>&*_`[]\\\n" else char for char in harmless(text))
