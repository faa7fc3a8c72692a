"""What the gate said: lines for the terminal, test cases for JUnit XML."""

from collections.abc import Iterator, Sequence
from typing import Literal

import pytest

from pytest_modeleval.gate.gate import GateDecision
from pytest_modeleval.gate.verdict import Result, Threshold, Verdict
from pytest_modeleval.results.finished import FinishedRun, GateLine
from pytest_modeleval.statistics.scale import PLAIN

# The file under which a gate's test cases stand in reports.
FILE = "gate"
PHASES: Sequence[Literal["setup", "call", "teardown"]] = ("setup", "call", "teardown")


def gate(run: FinishedRun) -> list[GateLine]:
    """All that a run was judged by."""
    decided = lines(run.decision) if run.decision else []
    return [*decided, *(line for section in run.sections for line in section.gate())]


def lines(decision: GateDecision) -> list[GateLine]:
    """Every gate of a decision; error rates only where they are too high."""
    found = [
        GateLine(
            verdict.result.value, verdict.name, _said(_comparison(verdict), verdict), verdict.before, verdict.after
        )
        for verdict in decision.verdicts
    ]
    found += [
        GateLine(each.result.value, each.name, _said(_threshold(each), each), after=each.score if each.n else None)
        for each in decision.thresholds
    ]
    for rate in decision.rates:
        if rate.result is Result.FAILED:
            skipped = f" and {rate.skipped} skipped after they were answered" if rate.skipped else ""
            why = f"{rate.errors} errors{skipped} in {rate.n}, more than {rate.most:.1%} accepted"
            found.append(GateLine(rate.result.value, rate.name, why))
    return found


def _said(figures: str, found: Verdict | Threshold) -> str:
    if found.is_unlike and found.n:
        once = ", which count once each" if isinstance(found, Verdict) else ""
        figures += f"; of the samples' own scores{once}: the table's is another figure"
    return f"advice only, as {found.advice}: {figures}" if found.advice else figures


def _comparison(verdict: Verdict) -> str:
    if not verdict.n:
        return "no sample was scored in both runs"
    change = f"change {_points(verdict.change)} pp [{_points(verdict.low)}, {_points(verdict.high)}]"
    counts = f"{verdict.regressions} regressed and {verdict.fixes} fixed of {verdict.n:,}"
    if verdict.scale != PLAIN:
        change = f"{change} of the scores, {verdict.scale}; + is better"
    if verdict.claim:
        # An interval of so many samples does not hold where the samples themselves said how many.
        return f"change {_points(verdict.change)} pp, {counts}; {verdict.claim}"
    shown = f"{verdict.n:,} samples could show a drop of {verdict.detectable * 100:.1f} pp"
    seen = f"margin {verdict.margin * 100:g} pp, {shown}"
    also = "; worse, but within the margin" if verdict.result is Result.PASSED and verdict.high < 0 else ""
    return f"{change}, {counts}, p {verdict.p_value:.2g}; {seen}{also}"


def _threshold(found: Threshold) -> str:
    asked = f"{'at most' if found.is_most else 'at least'} {found.least:g} is asked"
    if not found.n:
        return f"no sample was scored; {asked}"
    is_upper = (found.result is Result.FAILED) != found.is_most
    which, bound = ("upper", found.high) if is_upper else ("lower", found.low)
    return f"score {found.score:.3f} of {found.n:,}, {asked} of the one-sided 95% {which} bound {bound:.3f}"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"


def write(terminal: pytest.TerminalReporter, decision: GateDecision) -> None:
    """The gate's section: a line for each benchmark and threshold."""
    colours = {Result.PASSED.value: "green", Result.FAILED.value: "red", Result.INCONCLUSIVE.value: "yellow"}
    found = lines(decision)
    if not found:
        return
    terminal.write_sep("=", "gate")
    width = max(len(line.name) for line in found)
    for line in found:
        terminal.write(f"{line.name.ljust(width)}  ")
        terminal.write(line.result.ljust(12), **{colours[line.result]: True, "bold": True})
        terminal.write_line(f"  {line.why}")


def test_reports(decision: GateDecision, *, inconclusive_passes: bool) -> Iterator[Sequence[pytest.TestReport]]:
    """Each gate as the three reports of a test, for whoever reads pytest's reports: one for all that is said of it."""
    by_name: dict[str, list[GateLine]] = {}
    for line in lines(decision):
        by_name.setdefault(line.name, []).append(line)
    for name, those in by_name.items():
        results = {Result(line.result) for line in those}
        good = results <= {Result.PASSED, *([Result.INCONCLUSIVE] if inconclusive_passes else [])}
        said = "; ".join(f"{line.result}: {line.why}" for line in those)
        yield [_report(name, when, "passed" if good or when != "call" else "failed", said) for when in PHASES]


def _report(
    name: str, when: Literal["setup", "call", "teardown"], outcome: Literal["passed", "failed"], said: str
) -> pytest.TestReport:
    """One phase of a gate's test; JUnit XML takes the properties of the last."""
    return pytest.TestReport(
        nodeid=f"{FILE}::{name}",
        location=(FILE, None, name),
        keywords={},
        outcome=outcome,
        longrepr=None if outcome == "passed" else said,
        when=when,
        user_properties=[("gate", said)] if when == "teardown" else [],
    )


def unasked(name: str) -> list[pytest.TestReport]:
    """The same of a benchmark of which no gate asks anything."""
    return [_report(name, when, "passed", "no least score is asked of it") for when in PHASES]


def unreached(name: str, why: str) -> list[pytest.TestReport]:
    """The same of a gate that could not be judged: an error before the test."""
    return [_report(name, "setup", "failed", why), _report(name, "teardown", "passed", why)]
