"""Figures as people read them: times in ms or s, rates and shares with their unit."""

import math

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.figures.definitions import RATES, SHARES, SPREADS
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.verdict.verdicts import Verdict


def amount(figure: str, value: float) -> str:
    """A figure's value with its unit."""
    unit = (SPREADS | RATES | SHARES)[figure][0]
    if math.isnan(value):
        return "-"
    if unit == "s":
        return time(value)
    if unit == "%":
        return f"{value:.2%}"
    return f"{rounded(value)} {unit}"


def time(seconds: float) -> str:
    """Milliseconds below a second."""
    if math.isinf(seconds):
        return "∞" if seconds > 0 else "-∞"
    if abs(seconds) >= 1:
        return f"{rounded(seconds)} s"
    return f"{rounded(seconds * 1000)} ms"


def rounded(value: float) -> str:
    """Three to four digits that count, thousands apart."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    places = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{places}f}"


def said(verdict: Verdict) -> str:
    """An objective with what was found."""
    condition = verdict.condition
    if verdict.why:
        return f"{condition.text}: {verdict.why}"
    value, low, high = (amount(condition.figure, each) for each in (verdict.value, verdict.low, verdict.high))
    interval = "" if verdict.low == verdict.high else f" [{low}, {high}]"
    return f"{condition.text}: {value}{interval}"


def failures(measured: Measured) -> str:
    """The failed requests by class, with the first message of each."""
    details = measured.errors
    parts = [
        f"{count} {name}" + (f" ({detail})" if (detail := details.get(name)) else "")
        for name, count in measured.figures.errors.items()
    ]
    return ", ".join(parts)


def unfit(measured: Measured) -> str:
    """What makes a load's figures unfit to be judged: too many requests failed, or none was sent; empty where fit."""
    found = measured.figures
    if found.failed > measured.most_errors * found.sent:
        most = f"--perf-max-error-rate is {measured.most_errors:g}"
        return f"{found.failed:,} of {found.sent:,} requests failed, {most}: {failures(measured)}"
    # What Ctrl-C broke off says so itself.
    if not found.sent and not any(load.stopped == "interrupted" for load in measured.loads):
        return "no request was sent within the figures: give more than the warm-up takes"
    return ""


def objections(measured: Measured, result: Result) -> str:
    """The objectives with this result."""
    return "; ".join(said(verdict) for verdict in measured.verdicts if verdict.result is result)
