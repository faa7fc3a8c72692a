"""A load's requests as the rounds of a pytest-benchmark: for its table, JSON, storage, histogram and comparison."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from pytest_modeleval.perf.document import flat
from pytest_modeleval.perf.measured import Measured


class Clock:
    """A timer that lives through given durations, one after another: it is asked at each one's start and end."""

    def __init__(self) -> None:
        self.durations: Iterator[float] = iter(())
        self._now = 0.0
        self._is_running = False

    def __call__(self) -> float:
        """The time now; every second call a duration later."""
        if self._is_running:
            self._now += next(self.durations, 0.0)
        self._is_running = not self._is_running
        return self._now


@contextmanager
def announced(config: pytest.Config, items: Sequence[pytest.Item]) -> Iterator[None]:
    """While items are selected, pytest-benchmark takes these for benchmarks; each gets a clock."""
    if not config.pluginmanager.has_plugin("benchmark"):
        yield
        return
    # The items of one test share the list of its fixtures.
    lists = {id(names): names for names in (item.fixturenames for item in items)}  # type: ignore[attr-defined]
    for names in lists.values():
        names.append("benchmark")
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=Clock()))
    yield
    for names in lists.values():
        names.remove("benchmark")


def record(request: pytest.FixtureRequest, measured: Measured) -> None:
    """Make the latencies of the requests that succeeded the rounds of a benchmark, the other figures its extra."""
    # Without a single one there is nothing that the fixture could be used for, and it complains of not being used.
    if not (request.config.pluginmanager.has_plugin("benchmark") and measured.figures.succeeded):
        return
    benchmark = request.getfixturevalue("benchmark")
    latencies = [
        one.ended - one.scheduled for load in measured.loads for one in load.records if not (one.error or one.warm_up)
    ]
    benchmark.extra_info.update(flat(measured.figures))
    clock: Clock = benchmark._timer
    clock.durations = iter(latencies)
    benchmark.pedantic(lambda: None, rounds=len(latencies), iterations=1)
    # What cannot be trusted is shown, and saved nowhere.
    benchmark.has_error = bool(measured.invalid or measured.figures.failed)
