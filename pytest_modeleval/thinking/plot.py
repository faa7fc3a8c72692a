"""Six small plots of how models think, level by level, in one picture."""

from collections.abc import Mapping, Sequence

from pytest_modeleval.reports.svg import WIDE, Drawing, Scale, amount, length, rounded_up, short
from pytest_modeleval.thinking.measures import MEASURES, PLOTTED, Level, Mean

# Pixels: of a plot's curves, above them for its name, below them for the levels, and between two plots.
_TALL, _ABOVE, _BELOW, _GAP = 96, 34, 22, 10
_COLUMNS = 2
_SIDE = (WIDE - _GAP) / _COLUMNS

# A model's means by level.
Curves = Mapping[str, Mapping[str, Mean]]


def small_multiples(title: str, levels: Sequence[Level], models: Sequence[str]) -> str:
    """The six measures against the levels, a line a model with the band of its 95 % interval, each on its own scale.

    ``models`` are all of the page's, so that each has one colour in all plots.
    """
    names = list(dict.fromkeys(level.level for level in levels))
    drawing = Drawing(title)
    top = drawing.legend(models, 24)
    for number, measure in enumerate(PLOTTED):
        row, column = divmod(number, _COLUMNS)
        curves = {
            model: {level.level: mean for level in levels if level.model == model and (mean := level.mean(measure))}
            for model in models
        }
        corner = column * (_SIDE + _GAP), top + row * (_ABOVE + _TALL + _BELOW)
        _panel(drawing, corner, MEASURES[measure].title, names, curves)
    rows = -(-len(PLOTTED) // _COLUMNS)
    return drawing.svg(top + rows * (_ABOVE + _TALL + _BELOW) + 4)


def _panel(drawing: Drawing, corner: tuple[float, float], title: str, names: Sequence[str], curves: Curves) -> None:
    """One plot; one that has no values says so."""
    x0, y0 = corner
    drawing.text(x0 + 2, y0 + 22, title, kind="small")
    means = [mean for curve in curves.values() for mean in curve.values()]
    if not means:
        drawing.text(x0 + 2, y0 + _ABOVE + 20, "not known", kind="tick")
        return
    y = _up(means, y0)
    ticks = y.ticks(3)
    left = x0 + 8 + max(length(amount(tick)) for tick in ticks)
    x = Scale(0, len(names) - 1, left + 8, x0 + _SIDE - 8)
    for tick in ticks:
        drawing.path(f"M{left:g} {y.at(tick):g}H{x0 + _SIDE:g}", "grid")
        drawing.text(left - 4, y.at(tick) + 4, amount(tick), anchor="end", kind="tick")
    _label(drawing, x, names, y.start + 15)
    for series, curve in enumerate(curves.values()):
        points = [(x.at(at), curve[name]) for at, name in enumerate(names) if name in curve]
        _band(drawing, y, points, series)
        drawing.curve([(at, y.at(mean.value)) for at, mean in points], series)
        for at, mean in points:
            drawing.mark(at, y.at(mean.value), series)


def _up(means: Sequence[Mean], top: float) -> Scale:
    """The vertical scale: as wide as the bands, to round numbers."""
    ends = [end for mean in means for end in _ends(mean)]
    low, high = min(ends), max(ends)
    step = rounded_up((high - low) / 3 or abs(high) or 1.0)
    first, last = step * (low // step), step * -(-high // step)
    return Scale(first, last if last > first else first + step, top + _ABOVE + _TALL, top + _ABOVE)


def _ends(mean: Mean) -> tuple[float, float]:
    return (mean.value, mean.value) if mean.low is None or mean.high is None else (mean.low, mean.high)


def _band(drawing: Drawing, y: Scale, points: Sequence[tuple[float, Mean]], series: int) -> None:
    """The intervals as one area; of a level alone as a bar."""
    lows = [(at, y.at(_ends(mean)[0])) for at, mean in points]
    highs = [(at, y.at(_ends(mean)[1])) for at, mean in points]
    if len(points) == 1:
        at = points[0][0]
        drawing.path(f"M{at:g} {lows[0][1]:g}V{highs[0][1]:g}", "curve", series=series)
    elif points:
        outline = "L".join(f"{at:g} {height:g}" for at, height in [*highs, *reversed(lows)])
        drawing.path(f"M{outline}z", "band", series=series)


def _label(drawing: Drawing, x: Scale, names: Sequence[str], y: float) -> None:
    """The levels' names, as many as there is room for."""
    room = (x.end - x.start) / max(1, len(names) - 1)
    wide = max(min(length(name), 60.0) for name in names) + 6
    every = max(1, -(-wide // room)) if len(names) > 1 else 1
    for at, name in enumerate(names):
        if at % every == 0:
            drawing.text(x.at(at), y, short(name, 70), anchor="middle", kind="tick")
