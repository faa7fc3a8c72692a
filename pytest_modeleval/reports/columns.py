"""Text in columns, and numbers as a table shows them."""

from collections.abc import Iterator, Mapping, Sequence

from _pytest._io.wcwidth import wcswidth

from pytest_modeleval.foreign import harmless
from pytest_modeleval.results.results import TableRow
from pytest_modeleval.results.reuse import age

# Columns of a user's terminal.
WIDTH = 80


def aligned(cells: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Lines of cells as columns, each as wide as its widest cell; ``right`` tells which are aligned so."""
    cells = [[harmless(cell) for cell in line] for line in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    ]


def clipped(text: str, width: int = WIDTH) -> str:
    """A line that takes no more columns than this: its middle is left out."""
    text = harmless(text)
    if wcswidth(text) <= width:
        return text
    room = max(2, width - 3) / wcswidth(text)
    ends = int(len(text) * room / 2) + 1
    while ends > 1 and wcswidth(f"{text[:ends]} … {text[-ends:]}") > width:
        ends -= 1
    return f"{text[:ends]} … {text[-ends:]}"


def fitted(cells: Sequence[Sequence[str]], right: Sequence[bool], *, names: int = 1) -> list[str]:
    """`aligned`, within a terminal's width: where ``names`` in the first columns are too long, they are above the line.

    A line that has nothing else is its names alone.
    """
    lines = aligned(cells, right)
    if max(map(len, lines)) <= WIDTH:
        return lines
    rest = aligned([("", *line[names:]) for line in cells], [False, *right[names:]])
    above = (clipped(", ".join(filter(None, line[:names]))) for line in cells)
    return [part for name, numbers in zip(above, rest, strict=True) for part in (name, numbers) if part]


def titled(tables: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    """Tables of texts by their titles, within a terminal's width; numbers stand in all columns but the first."""
    for title, cells in tables.items():
        yield harmless(title)
        yield from fitted(cells, [False, *[True] * (len(cells[0]) - 1)])


def counted(count: int, one: str, several: str = "") -> str:
    """A number of things, such as ``1 answer`` and ``2 answers``."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def decimal(value: float | None) -> str:
    """Three places, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def oldest(row: TableRow, now: float) -> str:
    """How old a row's oldest stored answer is, or a dash."""
    return "-" if row.oldest is None else age(row.oldest, now)


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval, or a dash."""
    return "-" if low is None or high is None else f"[{low:.3f}, {high:.3f}]"
