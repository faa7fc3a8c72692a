"""The page for a browser of a run with load tests: the loads, what they are judged by, plots (docs/report.md)."""

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from pytest_modeleval.perf.finished import FinishedLoads
from pytest_modeleval.perf.reports.plots import plot_notes, plots
from pytest_modeleval.perf.reports.terminal import answer, best_points, names, speed_cells, summary_cells
from pytest_modeleval.perf.wording import said
from pytest_modeleval.reports.first_screen import GateLine
from pytest_modeleval.reports.page import COLUMNS, pictures, write


def write_load_page(path: Path, run: FinishedLoads) -> None:
    """Write the page; raises `OSError` when that cannot be."""
    screen = {
        "title": f"Load test of {', '.join(run.models)}",
        "subtitle": f"run {run.id[:8]} ({time.strftime('%Y-%m-%d %H:%M')})",
        "tables": [{"title": title, "cells": cells} for title, cells in load_tables(run).items()],
        "gate": [asdict(line) for line in gate_lines(run)],
        "notes": notes(run),
        "plots": pictures((name.replace("_", " "), svg) for name, svg in plots(run.measured).items()),
        "exit_status": run.exit_status,
        "scores": [],
        "regressed": [],
        "comparisons": [],
        "columns": COLUMNS,
    }
    write(path, screen, [])


def load_tables(run: FinishedLoads) -> dict[str, list[list[str]]]:
    """The tables by their titles, the first line of each that of its columns."""
    tables = {"Loads": summary_cells(run.measured)} if run.measured else {}
    return tables | ({"Speed": speed_cells(run.speeds)} if run.speeds else {})


def gate_lines(run: FinishedLoads) -> Iterator[GateLine]:
    """A line for each objective of each load, and for each measurement that cannot be trusted."""
    for name, measured in zip(names(run.measured), run.measured, strict=True):
        for verdict in measured.verdicts:
            yield GateLine(measured.word(verdict.result), name, said(verdict))
        if measured.invalid:
            yield GateLine("invalid", name, "; ".join(dict.fromkeys(measured.invalid)))


def notes(run: FinishedLoads) -> list[str]:
    """What else is said of the loads: the best ones, what was sent, what a search found."""
    found = [answer(*searched) for searched in run.searched]
    return [*best_points(run.measured), *run.sent, *found, *plot_notes(run.measured)]
