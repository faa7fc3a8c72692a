"""The plots of load tests: throughput and latencies against the load."""

from collections.abc import Callable, Iterator, Sequence

from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.reports.plots import Point, lacking, lines

Loads = Sequence[tuple[float, Measured]]


def plots(all_measured: Sequence[Measured]) -> dict[str, str]:
    """SVG texts by file name; none for fewer than two loads of a kind, and none where matplotlib is not installed."""
    loads = _loads(all_measured)
    return dict(_drawn(loads)) if loads and not lacking() else {}


def plot_notes(all_measured: Sequence[Measured]) -> list[str]:
    """Why loads of which there is something to draw have no plots; empty where they have."""
    return lacking() if _loads(all_measured) else []


def _loads(all_measured: Sequence[Measured]) -> Loads:
    """What each load was, with what it measured; empty for fewer than two."""
    loads = [(load, measured) for measured in all_measured if (load := _load(measured)) is not None]
    return loads if len({load for load, _ in loads}) > 1 else []


def _drawn(loads: Loads) -> Iterator[tuple[str, str]]:
    kind = "requests in flight" if loads[0][1].point.plan.parallel else "requests/s offered"
    throughput = {"output": _line(loads, lambda m: m.figures.rate("output_rate"))}
    yield "throughput", lines("Throughput", kind, "tokens/s", throughput)
    requests = {"succeeded": _line(loads, lambda m: m.figures.rate("request_rate"))}
    yield "requests", lines("Requests", kind, "requests/s", requests)
    for name, title in (("ttft", "Time to the first token"), ("tpot", "Time per token"), ("latency", "Latency")):
        found = {f"p{p}": _line(loads, _milliseconds(name, p)) for p in (50, 90, 99)}
        if all(found.values()):
            yield name, lines(title, kind, "ms", found)


def _load(measured: Measured) -> float | None:
    plan = measured.point.plan
    return float(plan.parallel) if plan.parallel else plan.rate if plan.arrivals != "trace" else None


def _milliseconds(name: str, percentile: float) -> Callable[[Measured], float | None]:
    def value(measured: Measured) -> float | None:
        spread = measured.figures.spreads.get(name)
        return 1000 * spread.percentile(percentile) if spread else None

    return value


def _line(loads: Loads, value: Callable[[Measured], float | None]) -> list[Point]:
    return sorted((load, number) for load, measured in loads if (number := value(measured)) is not None)
