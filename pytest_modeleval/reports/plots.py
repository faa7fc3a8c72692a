"""Plots of plain columns as SVG texts: the same data give the same text, and nothing is loaded from elsewhere."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pytest_modeleval.reports.svg import WIDE, Drawing, Scale, amount, length, rounded_up
from pytest_modeleval.statistics.means import estimate

# Lines of a plot of rows; more are not read.
MOST = 40
# Bins of a distribution, and groups of answers by length.
_BINS, _GROUPS = 30, 10
# Pixels: of what is drawn inside the axes, of a row, and left at the right of the picture.
_TALL, _ROW, _RIGHT = 170, 20, 14

Series = Mapping[str, Sequence[float]]
Point = tuple[float, float]


class Interval(NamedTuple):
    """A value with its interval, under a name; several ``series`` stand beside each other."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    series: str = ""

    @property
    def ends(self) -> tuple[float, float]:
        """The interval's, or the value's own where there is none."""
        low, high = (self.value if end is None else end for end in (self.low, self.high))
        return min(low, self.value), max(high, self.value)


def intervals(title: str, rows: Sequence[Interval], *, axis: str = "score", line: float | None = None) -> str:
    """A row a name, with its interval; ``line`` marks a value such as no change."""
    names = list(dict.fromkeys(row.name for row in rows))[:MOST]
    series = list(dict.fromkeys(row.series for row in rows))
    shown = [row for row in rows if row.name in names]
    values = [end for row in shown for end in row.ends]
    drawing = Drawing(title)
    tops = _tops(drawing.legend(series, 24), len(names), _ROW * (1 + max(1, len(series))) + 4)
    x = _across([*values, *([] if line is None else [line])])
    _below(drawing, x, axis, tops[0], tops[-1])
    if line is not None:
        drawing.path(f"M{x.at(line):g} {tops[0]:g}V{tops[-1]:g}", "axis")
    for name, top in zip(names, tops, strict=False):
        drawing.text(0, top + 14, name)
        for number, one in enumerate(series):
            y = top + _ROW * (number + 1) + 8
            for row in (row for row in shown if (row.name, row.series) == (name, one)):
                low, high = map(x.at, row.ends)
                drawing.path(
                    f"M{low:g} {y:g}H{high:g}M{low:g} {y - 4:g}v8M{high:g} {y - 4:g}v8", "curve", series=number
                )
                drawing.mark(x.at(row.value), y, number)
    return drawing.svg(tops[-1] + 40)


def against_length(lengths: Series, scores: Series) -> str:
    """Mean score with its interval over answers of about the same length, in as many groups as there are answers for.

    ``lengths`` and ``scores`` have the same answers of each model.
    """
    drawing = Drawing("Score against the answer's length")
    grouped = {name: _means(lengths[name], scores[name]) for name in lengths}
    x, y = _frame(
        drawing,
        list(lengths),
        ("tokens in the answer (mean of a group)", "score"),
        [at for means in grouped.values() for at, _ in means],
        [0.0, 1.0],
    )
    for number, means in enumerate(grouped.values()):
        for at, row in means:
            low, high = map(y.at, row.ends)
            drawing.path(f"M{x.at(at):g} {low:g}V{high:g}", "curve", series=number)
        _line(drawing, [(x.at(at), y.at(row.value)) for at, row in means], number)
    return _finished(drawing, y)


def _means(lengths: Sequence[float], scores: Sequence[float]) -> list[tuple[float, Interval]]:
    """The mean length of each group, and its mean score."""
    groups = _by_length(lengths, scores)
    found = [(group, estimate([score for _, score in group])) for group in groups]
    return [
        (sum(length for length, _ in group) / len(group), Interval("", each.mean, each.low, each.high))
        for group, each in found
        if each is not None
    ]


def _by_length(lengths: Sequence[float], scores: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The answers by length in groups of about the same number; those of one length stay together."""
    pairs = sorted(zip(lengths, scores, strict=True))
    size = max(1, math.ceil(len(pairs) / _GROUPS))
    groups: list[list[tuple[float, float]]] = []
    for pair in pairs:
        if not groups or (len(groups[-1]) >= size and groups[-1][-1][0] != pair[0]):
            groups.append([])
        groups[-1].append(pair)
    return groups


def distribution(title: str, axis: str, values: Series) -> str:
    """How many have which value: a histogram a series, over the same bins, with its median and 95th percentile."""
    low, high = _ends([value for one in values.values() for value in one])
    width = (high - low) / _BINS or 1.0
    counts = {name: _counts(one, low, width) for name, one in values.items()}
    most = max((count for one in counts.values() for count in one), default=0)
    drawing = Drawing(title)
    names = (f"{axis} (lines: median, dotted 95th percentile)", "samples")
    x, y = _frame(drawing, list(values), names, [low, low + width * _BINS], [0, max(most, 1)])
    for number, (name, one) in enumerate(values.items()):
        steps = [f"V{y.at(count):g}H{x.at(low + width * (at + 1)):g}" for at, count in enumerate(counts[name])]
        path = f"M{x.at(low):g} {y.at(0):g}{''.join(steps)}V{y.at(0):g}"
        drawing.path(f"{path}z", "band", series=number)
        ranked = sorted(filter(math.isfinite, one))
        for share, dashes in ((0.5, ""), (0.95, "2 3")) if ranked else ():
            place = x.at(ranked[min(len(ranked) - 1, int(share * len(ranked)))])
            drawing.path(f"M{place:g} {y.start:g}V{y.end:g}", "curve", series=number, dashes=dashes)
    return _finished(drawing, y)


def _counts(values: Iterable[float], low: float, width: float) -> list[int]:
    """How many are in each bin; the largest value is in the last."""
    counts = [0] * _BINS
    for value in filter(math.isfinite, values):
        counts[min(_BINS - 1, int((value - low) / width))] += 1
    return counts


def lines(title: str, below: str, beside: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Lines through (x, y) points, both axes from 0: a load test's throughput or latency against concurrency."""
    points = {name: [point for point in one if all(map(math.isfinite, point))] for name, one in series.items()}
    drawing = Drawing(title)
    every = [point for one in points.values() for point in one]
    x, y = _frame(drawing, list(series), (below, beside), [0.0, *(x for x, _ in every)], [0.0, *(y for _, y in every)])
    for number, one in enumerate(points.values()):
        _line(drawing, [(x.at(at), y.at(value)) for at, value in one], number)
    return _finished(drawing, y)


def _line(drawing: Drawing, points: Sequence[Point], series: int) -> None:
    drawing.curve(points, series)
    for point in points:
        drawing.mark(*point, series)


def _ends(values: Iterable[float]) -> tuple[float, float]:
    """The least and the greatest; 0 and 1 where there are none."""
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def _tops(first: float, rows: int, tall: float) -> list[float]:
    """Where each row begins, and where the last ends."""
    return [first + tall * number for number in range(rows + 1)]


def _across(values: Sequence[float]) -> Scale:
    """The scale of rows: from 0 to 1 where all values are in it, as scores are, else as wide as they are."""
    low, high = _ends(values)
    if not 0 <= low <= high <= 1:
        step = rounded_up((high - low) / 8)
        low, high = step * math.floor(low / step), step * math.ceil(high / step)
    else:
        low, high = 0.0, 1.0
    return Scale(low, high, 8, WIDE - _RIGHT)


def _below(drawing: Drawing, x: Scale, axis: str, top: float, bottom: float) -> None:
    """The axis below what is drawn, with lines through it."""
    for tick in x.ticks(5):
        at = x.at(tick)
        drawing.path(f"M{at:g} {top:g}V{bottom:g}", "grid")
        drawing.text(at, bottom + 15, amount(tick), anchor="end" if at > WIDE - 20 else "middle", kind="tick")
    drawing.text((x.start + x.end) / 2, bottom + 33, axis, anchor="middle", kind="small")


def _frame(
    drawing: Drawing, series: Sequence[str], axes: tuple[str, str], across: Sequence[float], up: Sequence[float]
) -> tuple[Scale, Scale]:
    """The legend, two axes called (below, beside) that hold these values, and their scales."""
    top = drawing.legend(series, 24)
    drawing.text(0, top + 12, axes[1], kind="small")
    top += 22
    low, high = _ends(up)
    step = rounded_up((high - low) / 4)
    y = Scale(low, step * math.ceil(high / step - 1e-9), top + _TALL, top)
    ticks = y.ticks(4)
    left = 8 + max(length(amount(tick)) for tick in ticks)
    for tick in ticks:
        drawing.path(f"M{left:g} {y.at(tick):g}H{WIDE - _RIGHT}", "grid")
        drawing.text(left - 6, y.at(tick) + 4, amount(tick), anchor="end", kind="tick")
    x = Scale(*_ends(across), left + 6, WIDE - _RIGHT - 6)
    _below(drawing, x, axes[0], y.end, y.start)
    return x, y


def _finished(drawing: Drawing, y: Scale) -> str:
    return drawing.svg(y.start + 40)
