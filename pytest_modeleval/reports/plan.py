"""A plan as a table."""

from collections.abc import Callable, Sequence

from pytest_modeleval.asking.plan import Line, summed
from pytest_modeleval.reports.columns import fitted

# A column's title, what it says of a line, and whether that is aligned to the right.
_Column = tuple[str, Callable[[Line], str], bool]
_NAMES: Sequence[_Column] = (
    ("model", lambda line: line.model, False),
    ("benchmark", lambda line: f"{line.benchmark}{', thoughts' * line.is_of_thoughts}", False),
)
_DROP: Sequence[_Column] = (
    ("differ", lambda line: f"{line.differ:.1%}{' assumed' * line.assumed}" if line.samples else "-", False),
    ("smallest drop", lambda line: "-" if line.drop is None else f"{line.drop * 100:.1f} pp", True),
)


def table(lines: Sequence[Line]) -> list[str]:
    """The plan's lines, with their sum where there are several: what is asked, and what that can see."""
    rows = [*lines, *([summed(lines)] if len(lines) > 1 else [])]
    asked: list[_Column] = [
        ("items", lambda line: f"{line.items:,}", True),
        ("stored", lambda line: f"{line.stored:,}", True),
    ]
    if any(line.unreadable for line in lines):
        asked.append(("unreadable", lambda line: f"{line.unreadable:,}", True))
    if any(line.is_most or not line.samples for line in lines):
        # A judge is asked several times about a sample, and a model that calls tools.
        asked.append(("requests", _requests, True))
    asked += [
        ("prompt tokens", _prompt, True),
        ("completion tokens", _completion, True),
        ("dollars", lambda line: "?" if line.dollars is None else f"${line.dollars:,.4f}", True),
    ]
    seeing = [line for line in rows if line.samples]
    return [*_table(rows, [*_NAMES, *asked]), "", *_table(seeing, [*_NAMES, *_DROP])]


def _table(rows: Sequence[Line], columns: Sequence[_Column]) -> list[str]:
    cells = [[title for title, *_ in columns], *([value(row) for _, value, _ in columns] for row in rows)]
    return fitted(cells, [right for *_, right in columns], names=len(_NAMES))


def _requests(line: Line) -> str:
    return f"{'at most ' if line.is_most else ''}{line.asked:,}"


def _prompt(line: Line) -> str:
    if line.prompt_tokens is None or (line.asked and not (line.prompt_tokens or line.samples)):
        # What a role is asked, where no run before tells.
        return "?"
    return f"{'' if line.counted or not line.prompt_tokens else 'about '}{line.prompt_tokens:,}"


def _completion(line: Line) -> str:
    if line.completion_tokens is None:
        return "?"
    word = "" if not line.completion_tokens else "about " if line.learnt else "at most "
    return f"{word}{line.completion_tokens:,}"
