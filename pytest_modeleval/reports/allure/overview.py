"""The run as one page: scores with intervals, the gate, what regressed, how models compare."""

from collections.abc import Iterator, Sequence

from pytest_modeleval.history.past import Run
from pytest_modeleval.reports.allure.sample import PAGE
from pytest_modeleval.reports.columns import decimal, interval, oldest
from pytest_modeleval.reports.first_screen import FirstScreen
from pytest_modeleval.reports.markup import escaped
from pytest_modeleval.results.finished import GateLine
from pytest_modeleval.results.results import TableRow

# Regressed samples that are listed; the rest are counted.
_LISTED = 200


def page(screen: FirstScreen, notes: Sequence[str]) -> str:
    """The whole page; ``notes`` stand below its tables."""
    said = (f"<p>{escaped(note)}</p>" for note in notes)
    return PAGE + "\n".join(
        [*_gate(screen.gate), *_texts(screen), *_scores(screen), *_compared(screen), *_regressed(screen), *said]
    )


def _gate(gate: Sequence[GateLine]) -> Iterator[str]:
    if gate:
        yield _table("Gate", ["gate", "result", "because"], [[g.name, g.result, g.why] for g in gate])


def _texts(screen: FirstScreen) -> Iterator[str]:
    for title, (head, *rows) in screen.tables.items():
        yield _table(title, head, rows)


def _scores(screen: FirstScreen) -> Iterator[str]:
    for scores in screen.scores:
        head = [
            "model",
            "benchmark",
            "part",
            "metric",
            "samples",
            "errors",
            "score",
            "95% interval",
            "tokens",
            "seconds",
            "new",
            "stored",
            "oldest",
        ]
        yield _table("Scores", head, [_cells(row, scores.run) for row in scores.rows])
        if scores.tags:
            yield _table("Scores by tag", head, [_cells(row, scores.run) for row in scores.tags])


def _compared(screen: FirstScreen) -> Iterator[str]:
    if screen.comparisons:
        yield _table(
            "Comparison",
            ["benchmark", "models", "samples", "change", "95% interval", "first better", "second better"],
            [
                [
                    each.benchmark,
                    f"{each.models[1]} less {each.models[0]}",
                    f"{each.samples:,}",
                    f"{each.change:+.3f}",
                    interval(each.low, each.high),
                    f"{each.first_better:,}",
                    f"{each.second_better:,}",
                ]
                for each in screen.comparisons
            ],
        )


def _regressed(screen: FirstScreen) -> Iterator[str]:
    if screen.regressed:
        listed = screen.regressed[:_LISTED]
        more = f", the first {_LISTED} of {len(screen.regressed):,}" if len(listed) < len(screen.regressed) else ""
        yield _table(
            f"Regressed against the baseline{more}",
            ["model", "sample", "before", "now"],
            [[r.model, f"{r.benchmark}[{r.sample}]", decimal(r.before), decimal(r.after)] for r in listed],
        )


def _cells(row: TableRow, run: Run) -> list[str]:
    return [
        row.model,
        row.benchmark,
        row.part,
        row.label,
        f"{row.samples:,}",
        f"{row.errors:,}",
        decimal(row.score),
        interval(row.low, row.high),
        f"{row.prompt_tokens + row.completion_tokens:,}",
        f"{row.seconds:,.1f}",
        f"{row.new:,}",
        f"{row.stored:,}",
        oldest(row, run.started),
    ]


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows)
    titles = "".join(f"<th>{escaped(cell)}</th>" for cell in head)
    return f"<h2>{escaped(title)}</h2><table><tr>{titles}</tr>{cells}</table>"
