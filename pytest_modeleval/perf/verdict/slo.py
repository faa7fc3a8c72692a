"""What a service must keep, such as "p99_ttft<=500ms, success>=99%", as it is written and read."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from pytest_modeleval.options.options import unknown
from pytest_modeleval.perf.figures.definitions import RATES, SHARES, SPREADS
from pytest_modeleval.perf.figures.timing import Values

_CONDITION = re.compile(r"([a-z0-9._]+)\s*(<=|>=|<|>)\s*([0-9.eE+-]+)\s*(\S*)")
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_OF = {"s": _UNITS, "tok/s": {"tok/s": 1.0}, "req/s": {"req/s": 1.0}, "%": {"%": 0.01}, "tok": {"tok": 1.0}}
_EXAMPLES = {"s": "500ms", "tok/s": "20tok/s", "req/s": "5req/s", "%": "99%", "tok": "100tok"}
# What one request has, so that a limit on it tells the good requests from the others.
_OF_A_REQUEST = SPREADS.keys() - {"itl", "conversation"}


# What other tools call a statistic or a figure.
_ELSEWHERE = {"avg": "mean", "average": "mean", "median": "p50"}
_ELSEWHERE |= dict.fromkeys(("e2e", "e2el", "e2e_latency", "request_latency"), "latency")
_STATISTICS = ("mean", "min", "max", "p50", "p90", "p95", "p99", "p99.9")
_NAMES = {*RATES, *SHARES, *(f"{statistic}_{name}" for name in SPREADS for statistic in _STATISTICS)}


@dataclass(frozen=True)
class Condition:
    """One limit: a statistic ("p99", "mean", "min", "max", or "" for a share or a rate) of a figure."""

    text: str
    statistic: str
    figure: str
    sign: str
    # In seconds, tokens, requests or tokens a second, or as a share.
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a value keeps the limit."""
        match self.sign:
            case "<=":
                return value <= self.limit
            case "<":
                return value < self.limit
            case ">=":
                return value >= self.limit
        return value > self.limit

    @property
    def is_gate(self) -> bool:
        """Whether a whole load keeps it or not; the others only tell which requests are good."""
        return bool(self.statistic) or self.figure not in SPREADS

    @property
    def percentile(self) -> float | None:
        """The number of a percentile."""
        return float(self.statistic[1:]) if re.fullmatch(r"p[0-9.]+", self.statistic) else None


@dataclass(frozen=True)
class Slo:
    """All conditions."""

    conditions: tuple[Condition, ...] = ()

    @property
    def limits(self) -> Sequence[Condition]:
        """Those that a single request keeps or not, whatever their statistic."""
        return [each for each in self.conditions if each.figure in _OF_A_REQUEST]

    def is_good(self, values: Values) -> bool:
        """Whether one request that succeeded keeps every limit that it has a value for."""
        return all(each.holds(values[each.figure]) for each in self.limits if each.figure in values)


def parse(where: str, text: str) -> Slo:
    """The conditions of a text; `pytest.UsageError` for the first that cannot be, named by ``where``."""
    parts = [part.strip() for part in text.split(",")]
    conditions = [_condition(where, part) for part in parts if part]
    if not conditions:
        raise pytest.UsageError(f'{where} takes conditions such as "p99_ttft<=500ms, success>=99%", not {text!r}')
    bare = [each for each in conditions if not each.is_gate]
    if bare and not any(each.figure.startswith("goodput") for each in conditions):
        name = bare[0].text
        raise pytest.UsageError(
            f"{where}: {name} tells which requests are good; say how many must be (goodput>=95%), or write a "
            f"statistic before it (p99_{name})"
        )
    return Slo(tuple(conditions))


def _condition(where: str, text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        meant = _mended(text)
        how = f"did you mean {meant}?" if meant else "write FIGURE<=LIMIT with its unit, such as p99_ttft<=500ms"
        raise pytest.UsageError(f"{where}: {text!r} is no condition; {how}")
    name, sign, number, unit = match.groups()
    statistic, figure = named(where, name)
    try:
        limit = float(number)
    except ValueError:
        raise pytest.UsageError(f"{where}: {number!r} in {text!r} is no number") from None
    if not math.isfinite(limit) or limit < 0:
        raise pytest.UsageError(f"{where}: {number} in {text!r} is no limit: every figure keeps it, or none does")
    kind = (SPREADS | RATES | SHARES)[figure][0]
    units = _OF[kind]
    if unit not in units:
        said = f"has no unit: write {_fitting(number, units)}"
        if ";" in unit:
            said = "has a semicolon: conditions are between commas"
        elif unit:
            said = f"has the unit {unit!r}, not one of {', '.join(units)}"
        raise pytest.UsageError(f"{where}: {text!r} {said} (as in {name}{sign}{_EXAMPLES[kind]})")
    if kind == "%" and limit > 100:
        raise pytest.UsageError(f"{where}: {number}% in {text!r} is more than there can be")
    return Condition(text, statistic, figure, sign, limit * units[unit])


def _mended(text: str) -> str:
    """A condition that is written in another way, such as `P99-TTFT = 500ms`; empty where it is not."""
    signed = re.sub(r"=<|(?<![<>])=", "<=", text.lower())
    head, *rest = re.split(r"([<>]=?)", signed, maxsplit=1)
    name = "_".join(re.findall(r"[a-z0-9.]+", head))
    return "".join((name, *rest)).replace(" ", "") if name in _NAMES and rest else ""


def _fitting(number: str, units: Mapping[str, float]) -> str:
    return " or ".join(f"{number}{unit}" for unit in units if unit not in ("us", "µs", "min"))


def named(where: str, name: str) -> tuple[str, str]:
    """The statistic and the figure of a name; ``ttft`` alone, without a statistic, is each request's own."""
    if name in RATES or name in SHARES or name in _OF_A_REQUEST:
        return "", name
    statistic, _, figure = name.partition("_")
    known = [f"p99_{each}" for each in SPREADS] + [*SHARES, *RATES]
    if statistic in _ELSEWHERE or figure in _ELSEWHERE:
        meant = f"{_ELSEWHERE.get(statistic, statistic)}_{_ELSEWHERE.get(figure, figure)}"
        raise unknown(f"figure in {where}:", name, known, meant=meant)
    if figure not in SPREADS:
        # Other tools write the statistic behind: `ttft_p99`.
        first, _, last = name.rpartition("_")
        swapped = f"{last}_{first}"
        raise unknown(f"figure in {where}:", name, known, meant=swapped if first in SPREADS else None)
    if statistic in ("mean", "min", "max"):
        return statistic, figure
    if not re.fullmatch(r"p\d{1,2}(\.\d+)?", statistic) or not 0 < float(statistic[1:]) < 100:
        raise pytest.UsageError(
            f"{where}: unknown statistic {statistic!r} in {name!r}; known are mean, min, max and percentiles such as "
            "p50, p99, p99.9"
        )
    return statistic, figure
