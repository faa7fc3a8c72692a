"""What a load says of its objectives: three outcomes, on intervals, and how many requests that takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.figures.definitions import RATES, SHARES
from pytest_modeleval.perf.figures.figures import Figures
from pytest_modeleval.perf.verdict.slo import Condition, Slo
from pytest_modeleval.statistics.means import wilson


@dataclass(frozen=True)
class Verdict:
    """What the requests say of one condition; the interval is the one that the verdict rests on."""

    condition: Condition
    result: Result
    value: float
    low: float
    high: float
    why: str = ""


def verdicts_of(slo: Slo, found: Figures, *, confidence: float = 0.95) -> list[Verdict]:
    """Each condition's verdict, on one-sided bounds of this confidence."""
    # Nobody knows which requests are good where none has what a limit is about, as of a server that does not stream.
    unmeasured = [each.figure for each in slo.limits if each.figure not in found.spreads] if found.succeeded else []
    verdicts = [_verdict_of(each, found, confidence) for each in slo.conditions if each.is_gate]
    return [
        replace(each, result=Result.INCONCLUSIVE, why=f"no request that succeeded has {unmeasured[0]}")
        if unmeasured and each.condition.figure.startswith("goodput")
        else each
        for each in verdicts
    ]


def overall(verdicts: Sequence[Verdict]) -> Result:
    """Failed if one failed, else inconclusive if one is, else passed."""
    results = {verdict.result for verdict in verdicts}
    return next((each for each in (Result.FAILED, Result.INCONCLUSIVE) if each in results), Result.PASSED)


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


def _verdict_of(condition: Condition, found: Figures, confidence: float) -> Verdict:
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
            return 0.0, *found.rate_bounds(figure), ""
        return found.rate(figure), *found.rate_interval(figure, confidence=confidence), ""
    if figure not in found.spreads:
        return math.nan, -math.inf, math.inf, "no request that succeeded has this figure"
    spread = found.spreads[figure]
    match condition.statistic:
        case "min":
            return spread.min, *spread.bounds("min"), ""
        case "max" if found.failed and condition.sign in ("<=", "<"):
            # A request that failed took longer than anybody waited.
            return math.inf, math.inf, math.inf, ""
        case "max":
            return spread.max, *spread.bounds("max"), ""
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
    count = round(share * found.sent)
    least, most = found.good_bounds if figure == "goodput" else (count, count)
    low, _ = wilson(least, found.sent, confidence=confidence)
    _, high = wilson(most, found.sent, confidence=confidence)
    return share, low, high, ""
