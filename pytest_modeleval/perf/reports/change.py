"""How a load's figures changed since another run."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval.perf.verdict.comparing import ratio_of
from pytest_modeleval.perf.wording import amount
from pytest_modeleval.reports.columns import fitted


def change(name: str, now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """The change of a load's figures, with the interval of the ratio where both have one."""
    if before is None:
        return [f"{name}: that run has no such load to compare with"]
    rows = [[name, "before", "now", "change", "95% interval"]]
    for figure in now["intervals"]:
        found = ratio_of(figure, now, before)
        if found is None:
            continue
        (ratio, least, most), old, new = found, before["figures"][figure], now["figures"][figure]
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
    return fitted(rows, [False, True, True, True, False])
