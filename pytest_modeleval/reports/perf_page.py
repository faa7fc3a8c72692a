"""The page for a browser of a run with load tests: the loads, what they are judged by, plots (docs/report.md)."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_modeleval.perf.wording import said
from pytest_modeleval.reports.first_screen import GateLine
from pytest_modeleval.reports.page import COLUMNS, pictures, write
from pytest_modeleval.reports.perf import answer, best_points, names, speed_cells, summary_cells
from pytest_modeleval.reports.perf_plots import plot_notes, plots

if TYPE_CHECKING:
    from pytest_modeleval.perf.session import LoadSession


def write_load_page(path: Path, session: "LoadSession", exit_status: int) -> None:
    """Write the page; raises `OSError` when that cannot be."""
    screen = {
        "title": f"Load test of {', '.join(spec.name for spec in session.models)}",
        "subtitle": f"run {session.run[:8]} ({time.strftime('%Y-%m-%d %H:%M')})",
        "tables": [{"title": title, "cells": cells} for title, cells in load_tables(session).items()],
        "gate": [asdict(line) for line in gate_lines(session)],
        "notes": notes(session),
        "plots": pictures((name.replace("_", " "), svg) for name, svg in plots(session.measured).items()),
        "exit_status": exit_status,
        "scores": [],
        "regressed": [],
        "comparisons": [],
        "columns": COLUMNS,
    }
    write(path, screen, [])


def load_tables(session: "LoadSession") -> dict[str, list[list[str]]]:
    """The tables by their titles, the first line of each that of its columns."""
    tables = {"Loads": summary_cells(session.measured)} if session.measured else {}
    return tables | ({"Speed": speed_cells(session.speeds)} if session.speeds else {})


def gate_lines(session: "LoadSession") -> Iterator[GateLine]:
    """A line for each objective of each load, and for each measurement that cannot be trusted."""
    for name, measured in zip(names(session.measured), session.measured, strict=True):
        for verdict in measured.verdicts:
            yield GateLine(measured.word(verdict.result), name, said(verdict))
        if measured.invalid:
            yield GateLine("invalid", name, "; ".join(dict.fromkeys(measured.invalid)))


def notes(session: "LoadSession") -> list[str]:
    """What else is said of the loads: the best ones, what was sent, what a search found."""
    found = [answer(*searched) for searched in session.searched]
    return [*best_points(session.measured), *session.notes(), *found, *plot_notes(session.measured)]
