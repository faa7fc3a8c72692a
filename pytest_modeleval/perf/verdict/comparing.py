"""Whether a load is worse than in an earlier run by more than is accepted: three outcomes, on the ratio's interval."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.options.options import unknown
from pytest_modeleval.perf.figures.definitions import COMPARED, RATES

# No figure is so large.
_BEYOND = 1e300
_LIMIT = re.compile(r"([a-z0-9_]+)\s*:\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)%")
# The figures that a run keeps an interval of.
KEPT = (*(f"{statistic}_{name}" for name in COMPARED for statistic in ("p50", "p90", "p99", "mean")), *RATES)


@dataclass(frozen=True)
class Limit:
    """How much worse a figure may be than in the earlier run, as a share of it."""

    figure: str
    most: float

    @property
    def more_is_better(self) -> bool:
        """Whether a higher value is a better one."""
        return self.figure in RATES or self.figure.endswith("_speed")


@dataclass(frozen=True)
class Change:
    """What two runs say of one limit, in words too."""

    result: Result
    said: str


def parse(where: str, text: str) -> tuple[Limit, ...]:
    """The limits of a text such as "p99_ttft:10%, output_rate:5%"; `pytest.UsageError` for the first that is none."""
    limits = []
    for part in text.split(","):
        match = _LIMIT.fullmatch(part.strip())
        if match is None:
            raise pytest.UsageError(
                f'{where} takes limits such as "p99_ttft:10%, output_rate:5%", not {part.strip()!r}'
            )
        if match[1] not in KEPT:
            raise unknown(f"figure in {where}:", match[1], KEPT)
        limit = Limit(match[1], float(match[2]) / 100)
        if limit.more_is_better and limit.most >= 1:
            raise pytest.UsageError(f"{where}: {part.strip()}: nothing falls by more than 100%; give less, such as 5%")
        limits.append(limit)
    return tuple(limits)


def checked(stored: Any) -> Mapping[str, Any]:
    """A load's document as a store has it; an INVALID one where it holds what is no figure of a load."""
    why = _what_is_wrong(stored)
    return {"figures": {}, "intervals": {}, "invalid": [why]} if why else stored


def _what_is_wrong(stored: Any) -> str:
    found: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
    figures, intervals, invalid = (found.get(name) for name in ("figures", "intervals", "invalid"))
    errors = found.get("client_error", {})
    if not (
        isinstance(figures, dict)
        and isinstance(intervals, dict)
        and isinstance(errors, dict)
        and isinstance(invalid, list)
    ):
        return "it is no document of a load"
    for name in KEPT:
        value, ends = figures.get(name, 0.0), intervals.get(name, (0.0, 0.0))
        if not _is_finite(value) or value < 0:
            return f"its {name} is {json.dumps(value)[:40]}"
        if not (
            isinstance(ends, list | tuple) and len(ends) == 2 and all(map(_is_finite, ends)) and ends[0] <= ends[1]
        ):
            return f"the interval of its {name} is {json.dumps(ends)[:40]}"
        if not _is_error(error := _error_of(found, name)):
            return f"the client's error in its {name} is {json.dumps(error)[:40]}"
    return ""


def _error_of(stored: Mapping[str, Any], name: str) -> Any:
    # A run before there were any has none.
    return stored.get("client_error", {}).get(name, (0.0, 0.0))


def _is_error(error: object) -> bool:
    return isinstance(error, list | tuple) and len(error) == 2 and all(_is_finite(each) and each >= 0 for each in error)


def _is_finite(value: object) -> bool:
    # NaN is not below anything, and whole numbers of JSON have no end.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _BEYOND


def changes(limits: Sequence[Limit], now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Change]:
    """What the documents of a load say of each limit."""
    return [_change(limit, now, before) for limit in limits]


def _change(limit: Limit, now: Mapping[str, Any], before: Mapping[str, Any] | None) -> Change:
    figure = limit.figure
    if before is None or before["invalid"]:
        why = "that run has no such load to compare with"
        if before is not None:
            why = f"that run's load was INVALID: {'; '.join(map(str, before['invalid']))[:200]}"
        return Change(Result.INCONCLUSIVE, f"{figure}: {why}")
    found = ratio_of(figure, now, before)
    if found is None:
        return Change(Result.INCONCLUSIVE, f"{figure}: too few requests for an interval, now or then")
    ratio, least, most = found
    accepted = f"{'-' if limit.more_is_better else '+'}{100 * limit.most:g}%"
    said = (
        f"{figure}: {ratio - 1:+.1%} [{least - 1:+.1%}, {most - 1:+.1%}] since that run, up to {accepted} is accepted"
    )
    keeps, breaks = (
        (least >= 1 - limit.most, most < 1 - limit.most)
        if limit.more_is_better
        else (most <= 1 + limit.most, least > 1 + limit.most)
    )
    return Change(Result.PASSED if keeps else Result.FAILED if breaks else Result.INCONCLUSIVE, said)


def ratio_of(figure: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """The ratio of a figure to the earlier one and its 95 % interval; None where one of them has no interval."""
    new, old = ((run["figures"].get(figure, 0.0), *run["intervals"].get(figure, (0.0, 0.0))) for run in (now, before))
    (below, above), (below0, above0) = _error_of(now, figure), _error_of(before, figure)
    if min(*new, *old, new[0] - below, old[0] - below0) <= 0:
        return None
    # The client's errors are no chance: at the worst they stand against each other, whole.
    _, least, _ = ratio_interval((new[0] - below, *new[1:]), (old[0] + above0, *old[1:]))
    _, _, most = ratio_interval((new[0] + above, *new[1:]), (old[0] - below0, *old[1:]))
    return new[0] / old[0], least, most


def ratio_interval(new: Sequence[float], old: Sequence[float]) -> tuple[float, float, float]:
    """The ratio of two independent figures and its interval, from (value, low, high) of each.

    The recovery of variances on the logarithms (Zou and Donner 2008): it keeps unequal sides of the intervals.
    """
    (value, low, high), (value0, low0, high0) = ([math.log(each) for each in triple] for triple in (new, old))
    ratio = value - value0
    least = ratio - math.hypot(value - low, high0 - value0)
    most = ratio + math.hypot(high - value, value0 - low0)
    return math.exp(ratio), math.exp(least), math.exp(most)
