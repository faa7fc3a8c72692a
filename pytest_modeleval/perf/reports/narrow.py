"""The tables of load tests on a terminal of 80 columns: three digits that count, and a unit for a whole column."""

import textwrap
from collections.abc import Iterator, Sequence

from pytest_modeleval.perf.figures.definitions import PERCENTILES, SPREADS
from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.reports.tables import (
    best_points,
    goodput,
    measurement_cells,
    names,
    remarks,
    shown_figures,
    slo_word,
    speed_cells,
)
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.wording import short
from pytest_modeleval.reports.columns import WIDTH, aligned, clipped, fitted

_COLUMNS = ("mean", "p50", "p90", "p99", "max")
# With -v.
_OTHERS = ("min", *(f"p{p:g}" for p in PERCENTILES if f"p{p:g}" not in _COLUMNS))
# The longest name of a figure with its unit.
_NAME = 19
_TIMES = {"ttft": "TTFT", "tpot": "TPOT", "latency": "latency"}


def lines(all_measured: Sequence[Measured], *, verbose: bool = False) -> Iterator[str]:
    """Every table; when ``verbose`` with every percentile."""
    yield from summary(all_measured)
    yield ""
    yield from _table(measurement_cells(all_measured), texts_at_end=1)
    for name, measured in zip(names(all_measured), all_measured, strict=True):
        figures, said_of_it = percentiles(name, measured, verbose=verbose), remarks(measured)
        if figures or said_of_it:
            yield from ("", *(figures or [clipped(name)]), *said_of_it)
    if best := list(best_points(all_measured)):
        yield ""
        for said in best:
            yield from textwrap.wrap(said, WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def summary(all_measured: Sequence[Measured]) -> list[str]:
    """What each load brought, then its times."""
    has_slo = any(measured.slo.conditions for measured in all_measured)
    flow = [["load", "requests", "failed", "req/s", "tok/s", *(["goodput", "SLO"] if has_slo else [])]]
    every = list(zip(names(all_measured), all_measured, strict=True))
    for name, measured in every:
        found = measured.figures
        rates = [_rate(found, rate) for rate in ("request_rate", "output_rate")]
        row = [name, f"{found.sent:,}", f"{found.failed:,}", *rates]
        flow.append([*row, *([goodput(found), slo_word(measured)] if has_slo else [])])
    longest = max((_longest(measured.figures, "latency") for measured in all_measured), default=0.0)
    unit, scale = _unit(longest)
    times = [[f"in {unit}", *(f"{word} {p}" for word in _TIMES.values() for p in ("p50", "p99"))]]
    for name, measured in every:
        cells = [_cell(measured.figures, figure, p, scale) for figure in _TIMES for p in ("p50", "p99")]
        times.append([name, *cells])
    return [*_table(flow), "", *_table(times)]


def _rate(found: Figures, name: str) -> str:
    return short(found.rate(name), found.rate_bounds(name)[1] - found.rate(name))


def _longest(found: Figures, figure: str) -> float:
    spread = found.spreads.get(figure)
    return spread.percentile(99) if spread else 0.0


def _unit(seconds: float) -> tuple[str, float]:
    """Seconds from a hundred of them on, else milliseconds."""
    return ("s", 1.0) if seconds >= 100 else ("ms", 1000.0)


def _cell(found: Figures, figure: str, statistic: str, scale: float) -> str:
    spread = found.spreads.get(figure)
    if not spread:
        return "-"
    value, (least, most) = spread.statistic(statistic), spread.bounds(statistic)
    return short(scale * value, scale * max(value - least, most - value))


def percentiles(name: str, measured: Measured, *, verbose: bool = False) -> list[str]:
    """The distribution of each figure of a load of this name; nothing where no request has one."""
    found = measured.figures
    if not found.spreads:
        return []
    figures = [figure for figure in shown_figures(found) if verbose or _matters(found, figure)]
    # A long name is no column's title.
    above, title = ([clipped(name)], "") if len(name) > _NAME else ([], name)
    rest = ["", *_distribution("", found, figures, _OTHERS)] if verbose else []
    return [*above, *_distribution(title, found, figures, _COLUMNS), *rest]


def _matters(found: Figures, figure: str) -> bool:
    """Whether a figure is more than another one again, as where no request waited for a connection."""
    waited = found.spreads["queue"].least.max > 0 if "queue" in found.spreads else False
    return figure not in ("service", "queue") or waited


def _distribution(name: str, found: Figures, figures: Sequence[str], columns: Sequence[str]) -> list[str]:
    rows = [[name, *columns]]
    for figure in figures:
        unit, scale = SPREADS[figure][0], 1.0
        if unit == "s":
            unit, scale = _unit(found.spreads[figure].max)
        rows.append([f"{figure} {unit}", *(_cell(found, figure, column, scale) for column in columns)])
    table = aligned(rows, [False, *[True] * len(columns)])
    if len(columns) < 2 or max(map(len, table)) <= WIDTH:
        return table
    half = (len(columns) + 1) // 2
    halves = _distribution(name, found, figures, columns[:half]), _distribution("", found, figures, columns[half:])
    return [*halves[0], "", *halves[1]]


def speeds(found: Sequence[Speed]) -> list[str]:
    """One line a prompt length of a model in this process."""
    return _table(speed_cells(found), texts_at_end=1)


def _table(cells: Sequence[Sequence[str]], *, texts_at_end: int = 0) -> list[str]:
    numbers = len(cells[0]) - 1 - texts_at_end
    return fitted(cells, [False, *[True] * numbers, *[False] * texts_at_end])
