"""The gate and the table as Markdown, for the summary of a pull request."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.history.past import SHORT
from pytest_modeleval.reports.columns import decimal, interval
from pytest_modeleval.reports.gate import gate
from pytest_modeleval.reports.notes import compared, not_judged, not_run, notes
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import TableRow
from pytest_modeleval.results.tally import OVER_REPEATS

_SIGNS = {"passed": "✅", "failed": "❌"}
# Samples that are listed: GitHub shows no summary of over 1 MiB.
_MOST = 100


def write_summary(path: Path, run: FinishedRun) -> None:
    """Write the file anew."""
    tables = [line for section in run.sections for table in section.tables().items() for line in _cells(*table)]
    scores = _table(run.rows) if run.rows else []
    titles = [f"## {_plain(section.title)}\n" for section in run.sections if section.title]
    # Why nothing was judged stands above.
    noted = [note for note in notes(run) if note not in not_judged(run)]
    said = [*map(compared, run.comparisons), *noted, *not_run(run), *_runs(run)]
    found = [*scores, *tables] if run.is_evaluation else [*tables, *scores]
    told = [*titles, *_gate(run), *found, *(f"\n{_plain(note)}" for note in said), ""]
    write_whole(path, "\n".join(told))


def _runs(run: FinishedRun) -> Iterator[str]:
    """Which runs were compared, by the ids that `modeleval diff` takes."""
    if run.is_gated and run.is_evaluation:
        against = f", against {run.options.baseline}" if run.options.baseline else ""
        blessed = f" of run {run.baseline_run[:SHORT]}" if run.baseline_run and against else ""
        yield f"run {run.id[:SHORT]} of {', '.join(run.models)}{against}{blessed}"


def _gate(run: FinishedRun) -> list[str]:
    """What was judged, with the samples that regressed, or why nothing was."""
    if why := not_judged(run):
        return ["### Gate", "", f"❔ **not judged**: {_plain('; '.join(why))}", ""]
    if not (found := gate(run)):
        return []
    scored = any(line.after is not None for line in found)
    cells = [
        f"| {_SIGNS.get(g.result, '❔')} {g.result} | {_plain(g.name)} | {_plain(g.why)} |"
        + (f" {decimal(g.before)} | {decimal(g.after)} |" if scored else "")
        for g in found
    ]
    head = ["| | | why | before | now |", "|---|---|---|--:|--:|"] if scored else ["| | | |", "|---|---|---|"]
    return ["### Gate", "", *head, *cells, "", *_regressed(run)]


def _regressed(run: FinishedRun) -> Iterator[str]:
    if not run.regressed:
        return
    yield from (f"### Regressed: {len(run.regressed):,} samples", "")
    yield from ("| sample | asked | expected | got | then | now |", "|---|---|---|---|--:|--:|")
    for each in run.regressed[:_MOST]:
        name = f"{each.benchmark}[{each.sample}]"
        texts = (_plain(one_line(text, 200)) for text in (each.asked, each.expected, each.got))
        yield f"| {_plain(name)} | {' | '.join(texts)} | {each.before:g} | {each.after:g} |"
    if len(run.regressed) > _MOST:
        yield from ("", f"… and {len(run.regressed) - _MOST:,} more: `--eval-write FILE.html` has all")
    yield ""


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
    """A text that Markdown and HTML leave as it is, and that is no more than seen: no link, mention or formula."""
    plain = "".join(f"&#{ord(char)};" if char in "|<>&*_`[]\\\n~$" else char for char in harmless(text))
    # GitHub finds these in the text that is shown.
    return plain.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "@&#8203;")
