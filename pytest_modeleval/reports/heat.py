"""A matrix as a heat map: a square a cell, the darker the larger."""

from collections.abc import Sequence

from pytest_modeleval.reports.svg import WIDE, Drawing, short

# Of a square, in pixels, and of the names to its left.
_MOST, _NAMES = 44, 130


def heat_map(title: str, names: Sequence[str], shares: Sequence[Sequence[float | None]]) -> str:
    """Shares from 0 to 1 by row and column, both called by ``names``; a cell of None is left empty.

    Columns have their rows' numbers above them. Above a half a square has one colour, below it another, so that both
    print and any sight tell them apart by the number in it.
    """
    drawing = Drawing(title)
    size = min(_MOST, (WIDE - _NAMES) / max(1, len(names)))
    top = 50.0
    for number, name in enumerate(names, 1):
        place = (number - 0.5) * size
        drawing.text(_NAMES + place, top - 8, str(number), anchor="middle", kind="tick")
        drawing.text(0, top + place + 4, short(f"{number} {name}", _NAMES - 8), kind="small")
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            if share is not None:
                x, y = _NAMES + column * size, top + row * size
                drawing.square(x, y, size, share)
                text = f"{share:.2f}".removeprefix("0") if size < 30 else f"{share:.2f}"
                drawing.text(x + size / 2, y + size / 2 + 4, text, anchor="middle", kind="tick")
    return drawing.svg(top + size * len(names) + 8)
