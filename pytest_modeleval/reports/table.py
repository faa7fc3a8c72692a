"""The table of scores in the terminal, as wide as that is."""

from collections.abc import Callable, Iterator, Sequence

from pytest_modeleval.reports.columns import aligned, decimal, interval, oldest
from pytest_modeleval.results.results import OVER_REPEATS, TableRow

# A title, a row's cell, and whether it stands to the right.
Column = tuple[str, Callable[[TableRow], str], bool]


def table(rows: Sequence[TableRow], began: float, width: int) -> list[str]:
    """The table's lines; columns that would be empty, and a part's metrics over repeats, are left out.

    Where they are longer than ``width``, less is said; ages count to when the run ``began``.
    """
    rows = [row for row in rows if not (row.part and row.metric.startswith(OVER_REPEATS))]
    lines: list[str] = []
    for columns in _shapes(rows, began):
        cells = [[title for title, *_ in columns], *([value(row) for _, value, _ in columns] for row in rows)]
        lines = aligned(cells, [right for *_, right in columns])
        if max(map(len, lines)) <= width:
            break
    return lines


def with_subsets(rows: Sequence[TableRow], subsets: Sequence[TableRow]) -> list[TableRow]:
    """The table's lines, below each group of subsets those of its subsets."""
    below: dict[tuple[str, str, str, str], list[TableRow]] = {}
    for row in subsets:
        below.setdefault((row.model, row.benchmark, row.group, row.metric), []).append(row)
    found = []
    for row in rows:
        found += [row, *(below.get((row.model, row.benchmark, row.part, row.metric), ()) if row.part else ())]
    return found


def _shapes(rows: Sequence[TableRow], began: float) -> Iterator[list[Column]]:
    """The columns, then fewer: without seconds, without tokens, with the stored answers in one column."""
    columns = score_columns(rows)
    columns += [
        (f"{name} tokens", _tokens_of(name), True) for name in dict.fromkeys(n for row in rows for n in row.roles)
    ]
    stored: list[Column] = _stored(began) if any(row.stored for row in rows) else []
    for less in range(len(columns) - len(score_columns(rows)) + 3):
        yield [*columns[: len(columns) - less], *stored]
    if stored:
        yield [*score_columns(rows)[:-2], ("stored", lambda row: _share_stored(row, began), True)]


def score_columns(rows: Sequence[TableRow]) -> list[Column]:
    """The columns that every table of these rows has."""
    columns: list[Column] = [
        ("model", lambda row: row.model, False),
        ("benchmark", lambda row: f"{'    ' if row.group else '  '}{row.part}" if row.part else row.benchmark, False),
        ("metric", lambda row: row.label, False),
        ("samples", lambda row: f"{row.samples:,}", True),
        ("errors", lambda row: str(row.errors), True),
        ("unscored", lambda row: str(row.unscored), True),
        ("score", lambda row: decimal(row.score), True),
        ("95% interval", lambda row: interval(row.low, row.high), False),
        ("tokens", lambda row: f"{row.prompt_tokens + row.completion_tokens:,}", True),
        ("seconds", lambda row: f"{row.seconds:,.1f}", True),
    ]
    empty = {"metric"} if all(row.label == "main" for row in rows) else set()
    empty |= set() if any(row.unscored for row in rows) else {"unscored"}
    return [column for column in columns if column[0] not in empty]


def _tokens_of(role: str) -> Callable[[TableRow], str]:
    def tokens(row: TableRow) -> str:
        use = row.roles.get(role, {})
        return f"{use['prompt_tokens'] + use['completion_tokens']:,}" if use else "-"

    return tokens


def _stored(began: float) -> list[Column]:
    return [
        ("new", lambda row: f"{row.new:,}", True),
        ("stored", lambda row: f"{row.stored:,}", True),
        ("oldest", lambda row: oldest(row, began), True),
    ]


def _share_stored(row: TableRow, began: float) -> str:
    """``40%, 9 days``: which share of the answers was stored, and how old the oldest of them is."""
    if row.oldest is None:
        return "-"
    share = f"{row.stored / (row.new + row.stored):.0%}"
    # 0% is said of none, and 100% of all.
    share = "<1%" if share == "0%" else ">99%" if share == "100%" and row.new else share
    return f"{share}, {oldest(row, began)}"
