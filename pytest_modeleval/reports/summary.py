"""The gate and the table as Markdown, for the summary of a pull request."""

from collections.abc import Sequence
from pathlib import Path

from pytest_modeleval.gate.gate import Decision
from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.reports.gate import lines
from pytest_modeleval.reports.notes import notes
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import OVER_REPEATS, Row

_SIGNS = {Result.PASSED: "✅", Result.FAILED: "❌", Result.INCONCLUSIVE: "❔"}


def write_summary(path: Path, run: FinishedRun) -> None:
    """Write the file anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = [*_gate(run.decision), *_table(run.rows), *(f"\n{_plain(note)}" for note in notes(run)), ""]
    path.write_text("\n".join(said), "utf-8")


def _gate(decision: Decision | None) -> list[str]:
    found = lines(decision) if decision else []
    if not found:
        return []
    cells = [f"| {_SIGNS[result]} {result.value} | {_plain(name)} | {why} |" for result, name, why in found]
    return ["### Gate", "", "| | | |", "|---|---|---|", *cells, ""]


def _table(rows: Sequence[Row]) -> list[str]:
    lines_ = ["### Scores", "", "| model | benchmark | metric | samples | errors | score | 95% interval |"]
    lines_.append("|---|---|---|--:|--:|--:|---|")
    for row in rows:
        if row.part and row.metric.startswith(OVER_REPEATS):
            continue
        name = f"&nbsp;&nbsp;{_plain(row.part)}" if row.part else _plain(row.benchmark)
        score = "-" if row.score is None else f"{row.score:.3f}"
        interval = "-" if row.low is None else f"[{row.low:.3f}, {row.high:.3f}]"
        who = f"| {_plain(row.model)} | {name} | {_plain(row.label)} |"
        lines_.append(f"{who} {row.samples:,} | {row.errors} | {score} | {interval} |")
    return lines_


def _plain(text: str) -> str:
    """A name that Markdown and HTML leave as it is."""
    return "".join(f"&#{ord(char)};" if char in "|<>&*_`[]\\\n" else char for char in text)
