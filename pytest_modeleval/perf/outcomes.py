"""How a load test can end besides passing, each in one line, and the exit status that follows."""

from collections.abc import Collection, Sequence

from pytest_modeleval.gate.gate import Exit
from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.verdict.comparing import Change
from pytest_modeleval.perf.verdict.search import Found, Kept, Knee
from pytest_modeleval.perf.wording import objections, unfit


class LoadOutcome(Exception):
    """A load test did not pass; its text is one line for the user."""

    status = Exit.REGRESSION
    word = "failed"


class Failed(LoadOutcome):
    """An objective is missed."""


class TooManyErrors(LoadOutcome):
    """More requests failed than a load may have."""

    status = Exit.TOO_MANY_ERRORS


class Invalid(LoadOutcome):
    """The measurement itself cannot be trusted: neither passed nor failed."""

    status = Exit.INVALID
    word = "invalid"


class Inconclusive(LoadOutcome):
    """So many requests do not tell whether the objectives are kept."""

    status = Exit.INCONCLUSIVE
    word = "inconclusive"


# How pytest shows each.
STATUSES = {"invalid": ("invalid", "I", "INVALID"), "inconclusive": ("inconclusive", "?", "INCONCLUSIVE")}
# The worst first: a real failure stands, whatever else could not be told.
_WORST = (Exit.TOO_MANY_ERRORS, Exit.REGRESSION, Exit.INVALID, Exit.INCONCLUSIVE)


def exit_status(found: Collection[Exit]) -> Exit:
    """The exit status of a run with these outcomes."""
    return next((status for status in _WORST if status in found), Exit.PASSED)


def refuse(measured: Measured) -> None:
    """Raise what makes a load's figures unfit to be judged: too many failed requests, or an invalid measurement."""
    if why := unfit(measured):
        raise TooManyErrors(why)
    if measured.invalid:
        raise Invalid(f"INVALID: {'; '.join(dict.fromkeys(measured.invalid))}")


def decide(measured: Measured, changes: Sequence[Change] = ()) -> None:
    """Raise what the figures say against the objectives, or against how they changed, if anything."""
    if failed := _against(measured, changes, Result.FAILED):
        raise Failed(failed)
    if undecided := _against(measured, changes, Result.INCONCLUSIVE):
        raise Inconclusive(f"inconclusive: {undecided}")


def _against(measured: Measured, changes: Sequence[Change], result: Result) -> str:
    missed = [objections(measured, result), *(change.said for change in changes if change.result is result)]
    return "; ".join(filter(None, missed))


def decide_search(found: Found | Knee) -> None:
    """Raise what a search did not find."""
    match word_of(found):
        case "invalid":
            raise Invalid(f"INVALID: {found.why}")
        case "inconclusive":
            raise Inconclusive(f"inconclusive: {found.why}")
        case "failed":
            raise Failed(found.why)


def word_of(found: Found | Knee) -> str:
    """What a search came to: passed where it found something."""
    if found.best is not None:
        return Result.PASSED.value
    if "invalid" in found.why:
        return Invalid.word
    return Inconclusive.word if "undecided" in found.why else Failed.word


def kept(found: Measured) -> Kept:
    """What a load said of its objectives."""
    if found.invalid:
        return Kept.INVALID
    if unfit(found):
        return Kept.NO
    return {Result.PASSED: Kept.YES, Result.FAILED: Kept.NO, Result.INCONCLUSIVE: Kept.UNDECIDED}[found.result]


def throughput(found: Measured) -> tuple[float, float] | None:
    """The throughput and the mean latency of a load; None where they are no measurement."""
    figures = found.figures
    if found.invalid or "latency" not in figures.spreads:
        return None
    return figures.rate("output_rate") or figures.rate("request_rate"), figures.spreads["latency"].mean
