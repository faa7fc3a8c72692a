"""The live line of a load test while it runs."""

import os
import time as clock
from contextlib import nullcontext
from typing import Any

import pytest

from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Plan
from pytest_modeleval.perf.wording import rounded, time

# Seconds between two lines where none can be redrawn.
EVERY = 30.0


class LiveLine:
    """One line, redrawn in place while a load runs; in a log, which keeps every line, one now and then."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._said = 0.0
        self._is_drawn = False

    @property
    def _terminal(self) -> Any:
        # It comes after this plugin, or, with `-p no:terminal`, never.
        return self._config.pluginmanager.get_plugin("terminalreporter")

    @property
    def _redraws(self) -> bool:
        return bool(self._terminal.isatty) and os.environ.get("TERM") != "dumb"

    def draw(self, name: str, plan: Plan, progress: Progress) -> None:
        """Say how a load stands."""
        if self._terminal is None:
            return
        line = f"{name.rpartition('::')[2]}: {standing(plan, progress)}"
        if self._redraws:
            self._write(f"\r\x1b[K{line[: self._config.get_terminal_writer().fullwidth - 1]}")
            self._is_drawn = True
        elif clock.monotonic() - max(self._said, clock.monotonic() - progress.elapsed) >= EVERY:
            self._write(f"{line}\n")
            self._said = clock.monotonic()

    def _write(self, text: str) -> None:
        # A load runs in a fixture, whose output pytest keeps for itself.
        capture: Any = self._config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            # What pytest has said of the test stays.
            self._terminal.ensure_newline()
            self._config.get_terminal_writer().write(text, flush=True)

    def clear(self) -> None:
        """Make room for what pytest says."""
        if self._is_drawn:
            self._write("\r\x1b[K")
            self._is_drawn = False


def standing(plan: Plan, progress: Progress) -> str:
    """Requests done and their rate, errors, time left; then the mean time to the first byte, tokens/s, in flight.

    As many as reads are the tokens, about.
    """
    seconds = max(progress.elapsed, 1e-9)
    parts = [f"{progress.done:,}" + (f"/{plan.number + plan.warm_up:,}" if plan.number else "")]
    parts.append(f"{rounded(progress.done / seconds)} req/s")
    parts.append(f"{progress.failed} error" + "s" * (progress.failed != 1))
    left = [plan.duration - progress.elapsed] if plan.duration else []
    if plan.number and progress.done:
        left.append((plan.number + plan.warm_up - progress.done) * seconds / progress.done)
    if left:
        parts.append(f"{max(0.0, min(left)):.0f} s left")
    if progress.first_byte is not None:
        parts.append(f"TTFT {time(progress.first_byte)}")
    parts.append(f"{rounded(progress.reads / seconds)} tok/s")
    parts.append(f"{progress.in_flight} in flight")
    return ", ".join(parts)
