"""How a load's figures changed since another run."""

import math
from collections.abc import Mapping
from typing import Any

from pytest_modeleval.perf.wording import amount
from pytest_modeleval.reports.columns import aligned


def change(name: str, now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """The change of a load's figures, with the interval of the ratio where both have one."""
    if before is None:
        return [f"{name}: that run has no such load to compare with"]
    rows = [[name, "before", "now", "change", "95% interval"]]
    for figure, (low, high) in now["intervals"].items():
        ends = before["intervals"].get(figure)
        if ends is None or min(low, ends[0]) <= 0:
            continue
        old, new = before["figures"][figure], now["figures"][figure]
        ratio, least, most = ratio_interval((new, low, high), (old, *ends))
        plain = figure.partition("_")[2] if figure[:2] in ("p5", "p9", "me") else figure
        rows.append(
            [
                figure,
                amount(plain, old),
                amount(plain, new),
                f"{ratio - 1:+.1%}",
                f"[{least - 1:+.1%}, {most - 1:+.1%}]" + ("" if least <= 1 <= most else "  *"),
            ]
        )
    return aligned(rows, [False, True, True, True, False])


def ratio_interval(new: tuple[float, float, float], old: tuple[float, float, float]) -> tuple[float, float, float]:
    """The ratio of two independent figures and its interval, from (value, low, high) of each.

    The recovery of variances on the logarithms (Zou and Donner 2008): it keeps unequal sides of the intervals.
    """
    (value, low, high), (value0, low0, high0) = ([math.log(each) for each in triple] for triple in (new, old))
    ratio = value - value0
    least = ratio - math.hypot(value - low, high0 - value0)
    most = ratio + math.hypot(high - value, value0 - low0)
    return math.exp(ratio), math.exp(least), math.exp(most)
