"""The plots of load tests: throughput and latencies against the load, or of one load."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.figures.spread import Spread
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.reports.tables import names
from pytest_modeleval.reports.plots import Point, lines

Loads = Sequence[tuple[float, Measured]]
# The loads of one kind: a line for each test and model, by its name.
Lines = Mapping[str, Loads]

_AXES = {"parallel": "requests in flight", "rate": "requests/s offered"}
_TIMES = (("ttft", "Time to the first token"), ("tpot", "Time per token"), ("latency", "Latency"))
# Percentiles that make a curve, closer where the slow ones are.
_SHARES = (1, *range(5, 95, 5), 95, 96, 97, 98, 99, 99.5, 99.9)


def plots(all_measured: Sequence[Measured]) -> dict[str, str]:
    """SVG texts by file name, in each a line for each test and model that has several loads of a kind.

    Where there is no such line, of each load alone.
    """
    kinds = _kinds(all_measured)
    if not kinds:
        return dict(_of_each(all_measured))
    return {
        name if len(kinds) == 1 else f"{name}-{kind}": svg
        for kind, found in kinds.items()
        for name, svg in _drawn(_AXES[kind], found)
    }


def _of_each(all_measured: Sequence[Measured]) -> Iterator[tuple[str, str]]:
    """The throughput over a load's time, and its times by the share of the requests that were as quick."""
    every = {
        name: measured.figures
        for name, measured in zip(names(all_measured), all_measured, strict=True)
        if measured.figures.spreads
    }
    rates = {name: _over_time(found) for name, found in every.items() if found.slices.get("output_rate")}
    if rates:
        yield "throughput", lines("Throughput over the load", "seconds", "tokens/s", rates)
    for figure, title in _TIMES:
        times = {name: _by_share(found.spreads[figure]) for name, found in every.items() if figure in found.spreads}
        if times:
            yield figure, lines(f"{title}, by percentile", "percent of the requests", "ms", times)


def _over_time(found: Figures) -> list[Point]:
    rates = found.slices["output_rate"]
    step = found.seconds / len(rates)
    return [(step * (place + 0.5), rate) for place, rate in enumerate(rates)]


def _by_share(spread: Spread) -> list[Point]:
    return [(p, 1000 * spread.percentile(p)) for p in _SHARES]


def _kinds(all_measured: Sequence[Measured]) -> Mapping[str, Lines]:
    """Each kind of load, with those tests and models that have several of it."""
    found: dict[str, dict[tuple[str, str], list[tuple[float, Measured]]]] = {}
    for measured in all_measured:
        plan = measured.point.plan
        kind, load = ("parallel", plan.parallel) if plan.parallel else ("rate", plan.rate)
        if load is not None and (plan.parallel or plan.arrivals != "trace"):
            whose = measured.model, measured.name.rpartition("::")[2].partition("[")[0]
            found.setdefault(kind, {}).setdefault(whose, []).append((float(load), measured))
    several = {
        kind: {whose: loads for whose, loads in lines_.items() if len({load for load, _ in loads}) > 1}
        for kind, lines_ in found.items()
    }
    return {kind: _named(lines_) for kind, lines_ in several.items() if lines_}


def _named(lines_: Mapping[tuple[str, str], Loads]) -> Lines:
    """The lines by the model, the test, or both: by what differs."""
    differing = [len(set(part)) > 1 for part in zip(*lines_, strict=True)]
    return {
        " ".join(part for part, differs in zip(whose, differing, strict=True) if differs): loads
        for whose, loads in lines_.items()
    }


def _drawn(axis: str, found: Lines) -> Iterator[tuple[str, str]]:
    def rate(name: str) -> Mapping[str, Sequence[Point]]:
        return {line: _points(loads, lambda m: m.figures.rate(name)) for line, loads in found.items()}

    yield "throughput", lines("Throughput", axis, "tokens/s", rate("output_rate"))
    yield "requests", lines("Requests", axis, "requests/s", rate("request_rate"))
    for name, title in _TIMES:
        times = {
            f"{line} p{p}".strip(): points
            for line, loads in found.items()
            for p in (50, 90, 99)
            if (points := _points(loads, _milliseconds(name, p)))
        }
        if times:
            yield name, lines(title, axis, "ms", times)


def _milliseconds(name: str, percentile: float) -> Callable[[Measured], float | None]:
    def value(measured: Measured) -> float | None:
        spread = measured.figures.spreads.get(name)
        return 1000 * spread.percentile(percentile) if spread else None

    return value


def _points(loads: Loads, value: Callable[[Measured], float | None]) -> list[Point]:
    return sorted((load, number) for load, measured in loads if (number := value(measured)) is not None)
