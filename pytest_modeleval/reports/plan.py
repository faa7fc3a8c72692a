"""A plan as a table."""

from collections.abc import Callable, Sequence

from pytest_modeleval.asking.plan import Line, summed
from pytest_modeleval.reports.columns import aligned


def table(lines: Sequence[Line]) -> list[str]:
    """The plan's lines, with their sum where there are several."""
    rows = [*lines, *([summed(lines)] if len(lines) > 1 else [])]
    columns: list[tuple[str, Callable[[Line], str], bool]] = [
        ("model", lambda line: line.model, False),
        ("benchmark", lambda line: line.benchmark, False),
        ("items", lambda line: f"{line.items:,}", True),
        ("stored", lambda line: f"{line.stored:,}", True),
        ("unreadable", lambda line: f"{line.unreadable:,}", True),
        ("prompt tokens", _prompt, True),
        ("completion tokens", _completion, True),
        ("dollars", lambda line: "?" if line.dollars is None else f"${line.dollars:,.4f}", True),
        ("differ", lambda line: f"{line.differ:.1%}{' assumed' * line.assumed}" if line.samples else "-", False),
        ("smallest drop", lambda line: "-" if line.drop is None else f"{line.drop * 100:.1f} pp", True),
    ]
    if any(not line.samples for line in lines):
        # A judge is asked several times about a sample.
        columns.insert(4, ("requests", lambda line: f"{line.asked:,}", True))
    if not any(line.unreadable for line in lines):
        columns = [column for column in columns if column[0] != "unreadable"]
    cells = [[title for title, _, _ in columns], *([value(row) for _, value, _ in columns] for row in rows)]
    return aligned(cells, [right for *_, right in columns])


def _prompt(line: Line) -> str:
    if line.items and not (line.prompt_tokens or line.samples):
        # What a role is asked, where no run before tells.
        return "?"
    return f"{'' if line.counted or not line.prompt_tokens else 'about '}{line.prompt_tokens:,}"


def _completion(line: Line) -> str:
    if line.completion_tokens is None:
        return "?"
    word = "" if not line.completion_tokens else "about " if line.learnt else "at most "
    return f"{word}{line.completion_tokens:,}"
