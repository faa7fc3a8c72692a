"""Plots of load tests as SVG, without a library and without anything loaded from elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.wording import rounded

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 400, 80, 160, 40, 50
# Colour-blind safe (Okabe and Ito 2008).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")

Line = Sequence[tuple[float, float]]


def plots(all_measured: Sequence[Measured]) -> dict[str, str]:
    """Throughput and latencies against the load, by file name; none for fewer than two loads of a kind."""
    loads = [(load, measured) for measured in all_measured if (load := _load(measured)) is not None]
    if len({load for load, _ in loads}) < 2:
        return {}
    kind = "requests in flight" if loads[0][1].point.plan.parallel else "requests/s offered"
    found = {
        "throughput": _plot(
            "Throughput (tokens/s)", kind, {"output": _line(loads, lambda m: m.figures.rate("output_rate"))}
        ),
        "requests": _plot(
            "Requests (1/s)", kind, {"succeeded": _line(loads, lambda m: m.figures.rate("request_rate"))}
        ),
    }
    for name, title in (
        ("ttft", "Time to the first token (ms)"),
        ("tpot", "Time per token (ms)"),
        ("latency", "Latency (ms)"),
    ):
        lines = {f"p{p}": _line(loads, _milliseconds(name, p)) for p in (50, 90, 99)}
        if all(lines.values()):
            found[name] = _plot(title, kind, lines)
    return found


def _load(measured: Measured) -> float | None:
    plan = measured.point.plan
    return float(plan.parallel) if plan.parallel else plan.rate if plan.arrivals != "trace" else None


def _milliseconds(name: str, percentile: float) -> Callable[[Measured], float | None]:
    def value(measured: Measured) -> float | None:
        spread = measured.figures.spreads.get(name)
        return 1000 * spread.percentile(percentile) if spread else None

    return value


def _line(loads: Sequence[tuple[float, Measured]], value: Callable[[Measured], float | None]) -> Line:
    found = sorted((load, number) for load, measured in loads if (number := value(measured)) is not None)
    return found


def _plot(title: str, below: str, lines: Mapping[str, Line]) -> str:
    """One plot: axes from 0, a line with its points each, its name at its end."""
    right = max(x for line in lines.values() for x, _ in line)
    top = max(y for line in lines.values() for _, y in line) or 1.0
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + inner_width * x / right, _TOP + inner_height * (1 - y / top)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{_LEFT + inner_width / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(below)}</text>',
    ]
    for step in range(5):
        _, y = place(0, top * step / 4)
        x, _ = place(right * step / 4, 0)
        parts += [
            f'<line x1="{_LEFT}" x2="{_LEFT + inner_width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{rounded(top * step / 4)}</text>',
            f'<text x="{x:.1f}" y="{_TOP + inner_height + 16}" text-anchor="middle">{rounded(right * step / 4)}</text>',
        ]
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        points = [place(x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])
