"""With what a load was measured: server, prompts, arrivals, this machine, versions."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable, Sequence

import pytest

from pytest_modeleval.perf.client.record import Plan
from pytest_modeleval.perf.measured import Measured

_STAMPS = {"kernel": "arrivals stamped by the kernel", "user": "arrivals stamped on reading"}


def setup_cells(all_measured: Sequence[Measured]) -> list[list[str]]:
    """The columns' titles, then what is to be known of these loads to measure the same again."""
    clients = dict.fromkeys(_STAMPS[load.client.stamps] for measured in all_measured for load in measured.loads)
    rows = {
        "server": _each(measured.server for measured in all_measured),
        "model": _each(measured.model for measured in all_measured),
        "prompts": _each(measured.prompts for measured in all_measured),
        "input tokens": _each(map(_input, all_measured)),
        "arrivals": _each(_arrivals(measured.point.plan) for measured in all_measured),
        "client machine": ", ".join((machine(), *clients)),
        "versions": versions(),
    }
    return [["set-up", ""], *([name, value] for name, value in rows.items() if value)]


def machine() -> str:
    """This machine, without its name."""
    busy = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} cores{busy}"


def versions() -> str:
    """What measured."""
    ours = importlib.metadata.version("pytest-modeleval")
    return f"pytest-modeleval {ours}, Python {platform.python_version()}, pytest {pytest.__version__}"


def _each(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _input(measured: Measured) -> str:
    spread = measured.figures.spreads.get("input_tokens")
    if not spread:
        return ""
    if spread.min == spread.max:
        return f"{spread.min:,.0f}"
    return f"{spread.min:,.0f} to {spread.max:,.0f}, {spread.mean:,.0f} on average"


def _arrivals(plan: Plan) -> str:
    if plan.parallel:
        return f"closed loop, {plan.parallel} in flight"
    if plan.arrivals == "trace":
        return "open loop, at the times of the trace"
    return f"open loop, {plan.rate:g} requests/s, {plan.arrivals}"
