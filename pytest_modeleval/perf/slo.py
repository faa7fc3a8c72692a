"""What a service must keep, such as "p99_ttft<=500ms, success>=99%": read, and judged with three outcomes."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import pytest

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.options import unknown
from pytest_modeleval.perf.definitions import RATES, SHARES, SPREADS
from pytest_modeleval.perf.figures import Figures, Values
from pytest_modeleval.statistics import wilson

_CONDITION = re.compile(r"([a-z0-9._]+)\s*(<=|>=|<|>)\s*([0-9.eE+-]+)\s*(\S*)")
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
_OF = {"s": _UNITS, "tok/s": {"tok/s": 1.0}, "req/s": {"req/s": 1.0}, "%": {"%": 0.01}, "tok": {"tok": 1.0}}
_EXAMPLES = {"s": "500ms", "tok/s": "20tok/s", "req/s": "5req/s", "%": "99%", "tok": "100tok"}
# What one request has, so that a limit on it tells the good requests from the others.
_OF_A_REQUEST = SPREADS.keys() - {"itl", "conversation"}


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
    def percentile(self) -> float | None:
        """The number of a percentile."""
        return float(self.statistic[1:]) if re.fullmatch(r"p[0-9.]+", self.statistic) else None


@dataclass(frozen=True)
class Verdict:
    """What the requests say of one condition; the interval is the one that the judgement rests on."""

    condition: Condition
    result: Result
    value: float
    low: float
    high: float
    why: str = ""


@dataclass(frozen=True)
class Slo:
    """All conditions."""

    conditions: Sequence[Condition] = ()

    @property
    def limits(self) -> Sequence[Condition]:
        """Those that a single request keeps or not, whatever their statistic."""
        return [each for each in self.conditions if each.figure in _OF_A_REQUEST]

    def is_good(self, values: Values) -> bool:
        """Whether one request that succeeded keeps every limit that it has a value for."""
        return all(each.holds(values[each.figure]) for each in self.limits if each.figure in values)

    def judge(self, found: Figures, *, confidence: float = 0.95) -> list[Verdict]:
        """Each condition's verdict, on one-sided bounds of this confidence."""
        return [_judged(each, found, confidence) for each in self.conditions if _is_gate(each)]


def overall(verdicts: Sequence[Verdict]) -> Result:
    """Failed if one failed, else inconclusive if one is, else passed."""
    results = {verdict.result for verdict in verdicts}
    return next((each for each in (Result.FAILED, Result.INCONCLUSIVE) if each in results), Result.PASSED)


def parse(where: str, text: str) -> Slo:
    """The conditions of a text; `pytest.UsageError` for the first that cannot be, named by ``where``."""
    parts = [part.strip() for part in text.split(",")]
    conditions = [_condition(where, part) for part in parts if part]
    if not conditions:
        raise pytest.UsageError(f'{where} takes conditions such as "p99_ttft<=500ms, success>=99%", not {text!r}')
    bare = [each for each in conditions if not _is_gate(each)]
    if bare and not any(each.figure.startswith("goodput") for each in conditions):
        name = bare[0].text
        raise pytest.UsageError(
            f"{where}: {name} tells which requests are good; say how many must be (goodput>=95%), or write a "
            f"statistic before it (p99_{name})"
        )
    return Slo(tuple(conditions))


def least_requests(percentile: float) -> int:
    """So many are needed before a percentile is gated: 300 for p99, by the rule of three.

    The largest of n values lies below the percentile with probability (p/100)^n, which is 5 % for n = 3 / (1 - p/100).
    """
    share = max(percentile, 100 - percentile) / 100
    return math.ceil(round(3 / (1 - share), 6)) if share < 1 else 1


def needed_requests(slo: Slo, confidence: float) -> int:
    """So many requests that every condition can pass, with this confidence.

    The bound of a percentile is then one of the values; that of a share, n / (n + z²) by Wilson, is within the limit
    when no request is against it.
    """
    shares = [max(p, 100 - p) / 100 for p in (each.percentile for each in slo.conditions) if p is not None]
    bounded = (math.ceil(math.log(1 - confidence) / math.log(share)) for share in shares)
    against = [_most_against(each) for each in slo.conditions if each.figure in SHARES and each.figure != "cached"]
    z = NormalDist().inv_cdf(confidence)
    kept = (math.ceil((1 - most) / most * z * z) for most in against if 0 < most < 1)
    return max([*bounded, *(least_requests(100 * share) for share in shares), *kept], default=0)


def _most_against(condition: Condition) -> float:
    """The share of requests that may be against a limit on a share."""
    return condition.limit if condition.sign in ("<=", "<") else 1 - condition.limit


def _is_gate(condition: Condition) -> bool:
    return bool(condition.statistic) or condition.figure not in SPREADS


def _condition(where: str, text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise pytest.UsageError(
            f"{where}: {text!r} is no condition; write FIGURE<=LIMIT with its unit, such as p99_ttft<=500ms"
        )
    name, sign, number, unit = match.groups()
    statistic, figure = named(where, name)
    try:
        limit = float(number)
    except ValueError:
        raise pytest.UsageError(f"{where}: {number!r} in {text!r} is no number") from None
    kind = (SPREADS | RATES | SHARES)[figure][0]
    units = _OF[kind]
    if unit not in units:
        said = f"has no unit: write {number}{_fitting(units)}" if not unit else f"has the unit {unit!r}, not one of "
        said += "" if not unit else ", ".join(units)
        raise pytest.UsageError(f"{where}: {text!r} {said} (as in {name}{sign}{_EXAMPLES[kind]})")
    return Condition(text, statistic, figure, sign, limit * units[unit])


def _fitting(units: Mapping[str, float]) -> str:
    return " or ".join(unit for unit in units if unit not in ("us", "µs", "min"))


def named(where: str, name: str) -> tuple[str, str]:
    """The statistic and the figure of a name; ``ttft`` alone, without a statistic, is each request's own."""
    if name in RATES or name in SHARES or name in _OF_A_REQUEST:
        return "", name
    statistic, _, figure = name.partition("_")
    known = [f"p99_{each}" for each in SPREADS] + [*SHARES, *RATES]
    if figure not in SPREADS:
        raise unknown(f"figure in {where}:", name, known)
    if statistic in ("mean", "min", "max"):
        return statistic, figure
    if not re.fullmatch(r"p\d{1,2}(\.\d+)?", statistic) or not 0 < float(statistic[1:]) < 100:
        raise pytest.UsageError(
            f"{where}: unknown statistic {statistic!r} in {name!r}; known are mean, min, max and percentiles such as "
            "p50, p99, p99.9"
        )
    return statistic, figure


def _judged(condition: Condition, found: Figures, confidence: float) -> Verdict:
    value, low, high, why = _bounds(condition, found, 2 * confidence - 1)
    verdict = Verdict(condition, Result.INCONCLUSIVE, value, low, high, why)
    if why:
        return verdict
    if condition.sign in ("<=", "<"):
        keeps, breaks = condition.holds(high), not condition.holds(low)
    else:
        keeps, breaks = condition.holds(low), not condition.holds(high)
    return replace(verdict, result=Result.PASSED if keeps else Result.FAILED if breaks else Result.INCONCLUSIVE)


def _bounds(condition: Condition, found: Figures, confidence: float) -> tuple[float, float, float, str]:
    """The value, its two-sided interval, and why it cannot be judged ("" when it can)."""
    figure = condition.figure
    if figure in SHARES:
        return _share_bounds(figure, found, confidence)
    if figure in RATES:
        if not any(found.slices[figure]):
            return 0.0, 0.0, 0.0, ""
        return found.rate(figure), *found.rate_interval(figure, confidence=confidence), ""
    if figure not in found.spreads:
        return math.nan, -math.inf, math.inf, "no request that succeeded has this figure"
    spread = found.spreads[figure]
    match condition.statistic:
        case "min":
            return spread.min, spread.min, spread.min, ""
        case "max":
            # A request that failed took longer than anybody waited.
            worst = math.inf if found.failed and condition.sign in ("<=", "<") else spread.max
            return worst, worst, worst, ""
        case "mean":
            return spread.mean, *spread.mean_interval(confidence=confidence, independent=found.succeeded), ""
    return _percentile_bounds(condition, found, confidence)


def _percentile_bounds(condition: Condition, found: Figures, confidence: float) -> tuple[float, float, float, str]:
    percentile = condition.percentile
    assert percentile is not None
    spread = found.spreads[condition.figure]
    # A request that failed never had its first token or its end: it counts as later than all others.
    beyond = found.failed if condition.sign in ("<=", "<") else 0
    value = spread.percentile(percentile, beyond=beyond)
    # Gaps between tokens come in requests, and neighbours are alike: it is the requests that count.
    n = len(spread) + beyond if len(spread) <= found.sent else found.sent
    low, high = spread.interval(percentile, confidence=confidence, beyond=beyond, independent=n)
    if n < (needed := least_requests(percentile)):
        return value, low, high, f"{condition.statistic} of {n} requests is not gated: {needed} are needed"
    return value, low, high, ""


def _share_bounds(figure: str, found: Figures, confidence: float) -> tuple[float, float, float, str]:
    share = found.share(figure)
    if share is None:
        return math.nan, 0.0, 1.0, "nothing tells it"
    if figure == "cached":
        return share, share, share, ""
    low, high = wilson(round(share * found.sent), found.sent, confidence=confidence)
    return share, low, high, ""
