"""The load tests of a run that has come to its end, as every report reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.search import Find, Found, Knee


@dataclass(frozen=True)
class FinishedLoads:
    """All that a run of load tests measured, made once at its end.

    ``searched`` has what was searched and found by item, ``changes`` each compared load's name, its document and the
    earlier run's. ``sent`` is what a user should know of what was sent.
    """

    id: str
    root: Path
    models: Sequence[str]
    measured: Sequence[Measured]
    searched: Sequence[tuple[str, Find, Found | Knee]]
    speeds: Sequence[Speed]
    changes: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]
    sent: Sequence[str]
    exit_status: int
