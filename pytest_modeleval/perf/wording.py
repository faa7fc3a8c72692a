"""Figures as people read them: times in ms or s, rates and shares with their unit."""

import math

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.figures.definitions import RATES, SHARES, SPREADS
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.verdict.verdicts import Verdict

# So many times its value is an error of no size.
_BEYOND = 100


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


def with_error(figure: str, value: float, bounds: tuple[float, float]) -> str:
    """A figure's value with its unit, and the client's own error where it shows in the digits."""
    shown, error = amount(figure, value), max(value - bounds[0], bounds[1] - value)
    # The same unit as the value's, so that the step of its last digit is known.
    number, _, unit = shown.partition(" ")
    scale = 1000.0 if unit == "ms" else 1.0
    visible = _visible(error * scale, len(number.partition(".")[2]), value * scale)
    return f"{number} ±{visible} {unit}" if visible else shown


def short(value: float, error: float = 0.0) -> str:
    """Three digits that count, and an error where it shows in them: for columns that say the unit in their title."""
    if not math.isfinite(value):
        return rounded(value)
    size = abs(float(f"{value:.3g}"))
    places = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    visible = _visible(error, places, value)
    return f"{value:,.{places}f}" + (f"±{visible}" if visible else "")


def _visible(error: float, places: int, value: float) -> str:
    """An error rounded up to so many places, or to two digits; empty where it is less than a step of the last place."""
    if error < 10.0**-places:
        return ""
    # Such as that of 1 / tpot where tpot can have been nought: nothing is known on that side.
    if error > _BEYOND * abs(value):
        return "∞"
    places = min(places, 1 - math.floor(math.log10(error)))
    step = 10.0**-places
    return f"{math.ceil(round(error / step, 6)) * step:,.{max(0, places)}f}"


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
