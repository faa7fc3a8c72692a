"""A load point's figures as plain JSON, by the names that --perf-slo has for them."""

import math
from typing import Any

from pytest_modeleval.perf.figures.definitions import COMPARED, COUNTS, PERCENTILES, RATES, SHARES
from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.measured import Measured


def flat(found: Figures) -> dict[str, float]:
    """Every figure that there is: "p99_ttft", "mean_tpot", "output_rate", "success", "concurrency", …"""
    figures: dict[str, float] = {}
    for name, spread in found.spreads.items():
        figures |= {f"mean_{name}": spread.mean, f"min_{name}": spread.min, f"max_{name}": spread.max}
        figures |= {f"p{percentile:g}_{name}": spread.percentile(percentile) for percentile in PERCENTILES}
    figures |= {name: found.rate(name) for name in RATES if found.slices.get(name)}
    counted = {name: found.share(name) for name in SHARES} | {name: getattr(found, name) for name in COUNTS}
    return figures | {name: float(value) for name, value in counted.items() if value is not None}


def intervals(found: Figures) -> dict[str, tuple[float, float]]:
    """95 % intervals of the figures that runs are compared by, where there are finite ones."""
    n = found.succeeded
    chosen = {
        f"p{percentile}_{name}": found.spreads[name].interval(percentile, independent=n)
        for name in COMPARED
        if name in found.spreads
        for percentile in (50, 90, 99)
    }
    chosen |= {
        f"mean_{name}": found.spreads[name].mean_interval(independent=n) for name in COMPARED if name in found.spreads
    }
    chosen |= {name: found.rate_interval(name) for name in RATES if any(found.slices.get(name, ()))}
    return {name: ends for name, ends in chosen.items() if all(map(math.isfinite, ends))}


def client_errors(found: Figures) -> dict[str, tuple[float, float]]:
    """How much lower and how much higher a figure can be without the client's own lag; those that cannot are left out.

    By the names of `flat`.
    """
    errors: dict[str, tuple[float, float]] = {}
    for name, spread in found.spreads.items():
        for statistic in ("mean", "min", "max", *(f"p{percentile:g}" for percentile in PERCENTILES)):
            value, (least, most) = spread.statistic(statistic), spread.bounds(statistic)
            errors[f"{statistic}_{name}"] = value - least, most - value
    for name in RATES:
        if found.slices.get(name):
            value, (least, most) = found.rate(name), found.rate_bounds(name)
            errors[name] = value - least, most - value
    if found.good is not None and found.sent:
        least, most = found.good_bounds
        errors["goodput"] = (found.good - least) / found.sent, (most - found.good) / found.sent
    return {name: (below, above) for name, (below, above) in errors.items() if max(below, above) > 0}


def document(measured: Measured) -> dict[str, Any]:
    """All of one point."""
    found, plan = measured.figures, measured.point.plan
    asked = {"parallel": plan.parallel, "rate": plan.rate, "arrivals": plan.arrivals if plan.rate else None}
    client = measured.loads[0].client if measured.loads else None
    return {
        "name": measured.name,
        "model": measured.model,
        "load": {name: value for name, value in asked.items() if value is not None},
        "server": measured.server,
        "prompts": measured.prompts,
        "requests": found.sent,
        "seconds": found.seconds,
        "invalid": list(measured.invalid),
        "slo": [
            {"condition": verdict.condition.text, "result": measured.word(verdict.result), "why": verdict.why}
            | {key: value for key in ("value", "low", "high") if math.isfinite(value := getattr(verdict, key))}
            for verdict in measured.verdicts
        ],
        "figures": flat(found),
        "intervals": intervals(found),
        "client_error": client_errors(found),
        "errors": dict(found.errors),
        "finishes": dict(found.finishes),
        "tokens_from": dict(found.counted_by),
        "tokens": {"input": found.input_tokens, "output": found.output_tokens},
        "steady": dict(zip(("seconds", "request_rate", "output_rate"), found.steady, strict=True))
        if found.steady
        else None,
        "client": {name: getattr(client, name) for name in client.__dataclass_fields__} if client else None,
        "floor": dict(measured.floor),
    }
