"""The live line of a load test while it runs."""

import os
from typing import Any

import pytest

from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Plan
from pytest_modeleval.perf.wording import rounded, time


class LiveLine:
    """One line, redrawn in place while a load runs."""

    def __init__(self, config: pytest.Config) -> None:
        quiet = config.get_verbosity() != 0 or config.getoption("capture", "no") == "no" or os.environ.get("CI")
        self._writer: Any = None
        if not quiet and config.pluginmanager.has_plugin("terminalreporter"):
            writer = config.get_terminal_writer()
            self._writer = writer if writer.hasmarkup else None

    def draw(self, name: str, plan: Plan, progress: Progress) -> None:
        """Say how a load stands."""
        if self._writer is not None:
            line = f"{name.rpartition('::')[2]}: {standing(plan, progress)}"
            self._writer.write(f"\r\x1b[K{line[: self._writer.fullwidth - 1]}", flush=True)

    def clear(self) -> None:
        """Make room for what pytest says."""
        if self._writer is not None:
            self._writer.write("\r\x1b[K")


def standing(plan: Plan, progress: Progress) -> str:
    """In flight, requests/s, reads/s (about tokens/s), time to the first byte so far, errors, time left."""
    seconds = max(progress.elapsed, 1e-9)
    parts = [f"{progress.done:,}" + (f"/{plan.number + plan.warm_up:,}" if plan.number else "")]
    parts.append(f"{progress.in_flight} in flight")
    parts.append(f"{rounded(progress.done / seconds)} requests/s")
    parts.append(f"{rounded(progress.reads / seconds)} tokens/s")
    if progress.first_byte is not None:
        parts.append(f"TTFT {time(progress.first_byte)}")
    parts.append(f"{progress.failed} error" + "s" * (progress.failed != 1))
    left = [plan.duration - progress.elapsed] if plan.duration else []
    if plan.number and progress.done:
        left.append((plan.number + plan.warm_up - progress.done) * seconds / progress.done)
    if left:
        parts.append(f"{max(0.0, min(left)):.0f} s left")
    return ", ".join(parts)
