"""Plots of plain columns as SVG texts: the same data give the same text, and nothing is loaded from elsewhere."""

import importlib.util
import io
import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_modeleval.statistics.means import estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour-blind safe (Okabe and Ito 2008), in an order of falling contrast to white; in print the shapes differ too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", "--", ":", "-.", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "+++", "ooo")
_STYLE: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.color": "#dddddd",
    # Text stays text: it can be searched, and a reader's own font shows what ours lacks.
    "svg.fonttype": "none",
    "svg.hashsalt": "pytest-modeleval",
    # A model's name may hold a dollar sign, and is no formula.
    "text.parse_math": False,
}
# Lines of a plot of rows; more are not read.
MOST = 40
# Bins of a distribution, and groups of answers by length.
_BINS, _GROUPS = 30, 10

Series = Mapping[str, Sequence[float]]
Point = tuple[float, float]


class Interval(NamedTuple):
    """A value with its interval, under a name; several ``series`` stand beside each other."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    series: str = ""


def lacking() -> list[str]:
    """Why there are no plots, and what helps; empty where they can be drawn."""
    if importlib.util.find_spec("matplotlib"):
        return []
    return ["There are no plots, as matplotlib is not installed: pip install 'pytest-modeleval[report]'"]


def intervals(title: str, rows: Sequence[Interval], *, axis: str = "score", line: float | None = None) -> str:
    """A row a name, with its interval; ``line`` marks a value such as no change."""
    names = list(dict.fromkeys(row.name for row in rows))[:MOST]
    series = list(dict.fromkeys(row.series for row in rows))
    with _Drawing(title, height=1.3 + 0.24 * len(names) * max(1, 0.6 * len(series))) as (figure, axes):
        for number, one in enumerate(series):
            shift = (number - (len(series) - 1) / 2) * 0.6 / max(1, len(series))
            shown = [row for row in rows if row.series == one and row.name in names]
            axes.errorbar(
                [row.value for row in shown],
                [names.index(row.name) + shift for row in shown],
                xerr=[[_below(row) for row in shown], [_above(row) for row in shown]],
                fmt=_MARKERS[number % len(_MARKERS)],
                color=COLOURS[number % len(COLOURS)],
                capsize=3,
                label=_plain(one),
            )
        axes.set_yticks(range(len(names)), [_plain(name) for name in names])
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(axis)
        if line is not None:
            axes.axvline(line, color="#000000", linewidth=0.8)
        _legend(axes, series)
        return _svg(figure)


def _below(row: Interval) -> float:
    return 0.0 if row.low is None else max(0.0, row.value - row.low)


def _above(row: Interval) -> float:
    return 0.0 if row.high is None else max(0.0, row.high - row.value)


def against_length(lengths: Series, scores: Series) -> str:
    """Mean score with its interval over answers of about the same length, in as many groups as there are answers for.

    ``lengths`` and ``scores`` have the same answers of each model.
    """
    with _Drawing("Score against the answer's length") as (figure, axes):
        for number, name in enumerate(lengths):
            groups = _by_length(lengths[name], scores[name])
            found = [estimate([score for _, score in group]) for group in groups]
            points = [
                (sum(length for length, _ in group) / len(group), each)
                for group, each in zip(groups, found, strict=True)
                if each is not None
            ]
            rows = [Interval("", each.mean, each.low, each.high) for _, each in points]
            axes.errorbar(
                [length for length, _ in points],
                [row.value for row in rows],
                yerr=[[_below(row) for row in rows], [_above(row) for row in rows]],
                marker=_MARKERS[number % len(_MARKERS)],
                linestyle=_DASHES[number % len(_DASHES)],
                color=COLOURS[number % len(COLOURS)],
                capsize=3,
                label=_plain(name),
            )
        axes.set_xlabel("tokens in the answer (mean of a group)")
        axes.set_ylabel("score")
        axes.set_ylim(-0.03, 1.03)
        _legend(axes, list(lengths))
        return _svg(figure)


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
    whole = [value for one in values.values() for value in one]
    low, high = (min(whole), max(whole)) if whole else (0.0, 1.0)
    width = (high - low) / _BINS or 1.0
    # The last is the largest value itself: the sum may fall short of it, and what lies beyond is not drawn.
    edges = [*(low + width * step for step in range(_BINS)), max(high, low + width * _BINS)]
    with _Drawing(title) as (figure, axes):
        for number, (name, one) in enumerate(values.items()):
            colour = COLOURS[number % len(COLOURS)]
            axes.hist(
                one,
                bins=edges,
                histtype="stepfilled",
                facecolor=f"{colour}30",
                edgecolor=colour,
                hatch=_HATCHES[number % len(_HATCHES)],
                linestyle=_DASHES[number % len(_DASHES)],
                label=_plain(name),
            )
            ranked = sorted(one)
            for share, dashes in ((0.5, "-"), (0.95, ":")) if ranked else ():
                place = ranked[min(len(ranked) - 1, int(share * len(ranked)))]
                axes.axvline(place, color=colour, linestyle=dashes, linewidth=1)
        axes.set_xlabel(f"{axis} (lines: median, dotted 95th percentile)")
        axes.set_ylabel("samples")
        _legend(axes, list(values))
        return _svg(figure)


def regressed(samples: Sequence[tuple[str, float, float]]) -> str:
    """The samples that score worse than before, as (name, before, after): an arrow each."""
    shown = samples[:MOST]
    more = f", {len(shown)} of {len(samples):,}" if len(shown) < len(samples) else ""
    with _Drawing(f"Regressed samples{more}", height=1.3 + 0.24 * len(shown)) as (figure, axes):
        places = range(len(shown))
        axes.hlines(places, [s[2] for s in shown], [s[1] for s in shown], color="#888888")
        axes.plot([s[1] for s in shown], places, "o", color=COLOURS[0], label="before", markerfacecolor="white")
        axes.plot([s[2] for s in shown], places, "<", color=COLOURS[1], label="now")
        axes.set_yticks(places, [_plain(name) for name, _, _ in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        if all(0 <= value <= 1 for _, *values in shown for value in values):
            axes.set_xlim(-0.03, 1.03)
        axes.set_xlabel("score")
        _legend(axes, ["before", "now"])
        return _svg(figure)


def lines(title: str, below: str, beside: str, series: Mapping[str, Sequence[Point]]) -> str:
    """Lines through (x, y) points, both axes from 0: a load test's throughput or latency against concurrency."""
    with _Drawing(title) as (figure, axes):
        for (name, points), marker, dashes, colour in zip(
            series.items(), cycle(_MARKERS), cycle(_DASHES), cycle(COLOURS), strict=False
        ):
            xs, ys = [x for x, _ in points], [y for _, y in points]
            axes.plot(xs, ys, marker=marker, linestyle=dashes, color=colour, label=_plain(name))
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(_plain(below))
        axes.set_ylabel(_plain(beside))
        _legend(axes, list(series))
        return _svg(figure)


class _Drawing:
    """A new figure with one pair of axes, in our style; warns of no missing glyphs."""

    def __init__(self, title: str, *, height: float = 3.2) -> None:
        import matplotlib as mpl

        self._title, self._height = title, height
        self._style = mpl.rc_context(_STYLE)
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> "tuple[Figure, Axes]":
        # Not pyplot: that keeps figures, and looks for a screen.
        from matplotlib.figure import Figure

        self._warnings.__enter__()
        warnings.simplefilter("ignore")
        self._style.__enter__()
        figure = Figure(figsize=(6.8, self._height), layout="constrained")
        axes = figure.subplots()
        axes.set_title(_plain(self._title), loc="left", fontsize=11)
        return figure, axes

    def __exit__(self, *_: object) -> None:
        self._style.__exit__(None, None, None)
        self._warnings.__exit__(None, None, None)


def _legend(axes: "Axes", names: Sequence[str]) -> None:
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8)


def _plain(text: str) -> str:
    """The text on one line of at most 60 characters that XML can hold; a leading underscore would hide it."""
    kept = "".join(char if char.isprintable() and not "\ud800" <= char <= "\udfff" else "\ufffd" for char in text)
    short = kept if len(kept) <= 60 else f"{kept[:40]}…{kept[-19:]}"
    return f"\u200b{short}" if short.startswith("_") else short


def _svg(figure: "Figure") -> str:
    written = io.StringIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    # The prologue names a DTD on the network; a page may not hold it anyway.
    return text[text.index("<svg") :]
