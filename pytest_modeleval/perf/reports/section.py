"""What a run of load tests found, as every report reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_modeleval.perf.document import document, flat
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.outcomes import word_of
from pytest_modeleval.perf.reports.plots import plots
from pytest_modeleval.perf.reports.setup import setup_cells
from pytest_modeleval.perf.reports.tables import (
    answer,
    best_points,
    facts,
    measurement_cells,
    name_of,
    names,
    percentile_cells,
    speed_cells,
    summary_cells,
)
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.comparing import Change
from pytest_modeleval.perf.verdict.search import Find, Found, Knee
from pytest_modeleval.perf.wording import said, unfit
from pytest_modeleval.results.finished import GateLine


@dataclass(frozen=True)
class Compared:
    """A load beside the same one of an earlier run, as documents, and what each limit says of its change."""

    measured: Measured
    now: Mapping[str, Any]
    before: Mapping[str, Any] | None
    changes: Sequence[Change]


@dataclass(frozen=True)
class Loads:
    """All that a run of load tests measured: the section of its `FinishedRun`.

    ``searched`` has what was searched and found by item, ``sent`` what a user should know of what was sent.
    """

    models: Sequence[str]
    measured: Sequence[Measured]
    searched: Sequence[tuple[str, Find, Found | Knee]]
    speeds: Sequence[Speed]
    compared: Sequence[Compared]
    sent: Sequence[str]

    @property
    def title(self) -> str:
        """What the run is called."""
        return f"Load test of {', '.join(self.models)}"

    def document(self) -> Mapping[str, object]:
        """Every load as in ``perf.json``, what limits say of changes, every speed, and what a search found."""
        return {
            "loads": [document(each) for each in self.measured],
            "comparisons": [
                {"name": each.measured.name, "model": each.measured.model, "result": each.measured.word(change.result)}
                | {"why": change.said}
                for each in self.compared
                for change in each.changes
            ],
            "speeds": [asdict(each) for each in self.speeds],
            "searches": [{"name": name, "asked": find.text, **_found(found)} for name, find, found in self.searched],
        }

    def tables(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """The tables by their titles, the first line of each that of its columns."""
        tables: dict[str, Sequence[Sequence[str]]] = {}
        if self.measured:
            tables = {"Loads": summary_cells(self.measured), "Measurement": measurement_cells(self.measured)}
            every = zip(names(self.measured), self.measured, strict=True)
            tables |= {f"Figures of {name}": percentile_cells(one) for name, one in every if one.figures.spreads}
            tables["Set-up"] = setup_cells(self.measured)
        return tables | ({"Speed": speed_cells(self.speeds)} if self.speeds else {})

    def gate(self) -> Iterator[GateLine]:
        """A line for all that made a load or a search pass or fail, or a measurement one that cannot be trusted."""
        for name, measured in zip(names(self.measured), self.measured, strict=True):
            if measured.is_tried:
                continue
            if why := unfit(measured):
                yield GateLine("failed", name, why)
            for verdict in measured.verdicts:
                yield GateLine(measured.word(verdict.result), name, said(verdict))
            if measured.invalid:
                yield GateLine("invalid", name, "; ".join(dict.fromkeys(measured.invalid)))
        for each in self.compared:
            for change in each.changes:
                yield GateLine(each.measured.word(change.result), name_of(each.measured, self.measured), change.said)
        for name, find, found in self.searched:
            test, _, why = answer(name, find, found).partition(": ")
            yield GateLine(word_of(found), test, why)

    def figures(self) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Every load's model and figures, with how large the load was."""
        for measured in self.measured:
            plan = measured.point.plan
            size = {"parallel": plan.parallel} if plan.parallel else {"rate": plan.rate} if plan.rate else {}
            yield measured.model, {**flat(measured.figures), **size}

    def notes(self) -> list[str]:
        """What else is said of the loads: the best ones, and what was sent."""
        every = zip(names(self.measured), self.measured, strict=True)
        of_each = [f"{name}: {fact}" for name, one in every for fact in facts(one)]
        return [*best_points(self.measured), *of_each, *self.sent]

    def plots(self) -> Mapping[str, str]:
        """The plots by title: against the load where there are several, else over a load's time and requests."""
        return plots(self.measured)


def _found(found: Found | Knee) -> Mapping[str, object]:
    if isinstance(found, Knee):
        return {"knee": found.load, "saturated": found.saturated, "why": found.why}
    return {"kept": found.kept, "broken": found.broken, "why": found.why}
