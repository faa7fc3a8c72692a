"""Load tests as items: what each measures, and which of a session's items they are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import id_part
from pytest_modeleval.perf.options.asked import PERF_FIXTURES, fixture_of
from pytest_modeleval.perf.options.options import PerfOptions
from pytest_modeleval.perf.points import Point, points
from pytest_modeleval.perf.verdict.search import Find, read_find


class Param(NamedTuple):
    """The parameter of an item: what is measured of which model."""

    model: ModelSpec
    options: PerfOptions
    # A load, a search, or the length of a prompt for a model in this process.
    what: Point | Find | int

    def __repr__(self) -> str:
        # As plugins write parameters down: an alias may hold secrets.
        return f"{self.model.name}: {getattr(self.what, 'name', self.what)}"


def params(fixture: str, models: Sequence[ModelSpec], options: PerfOptions, seed: int) -> dict[str, Param]:
    """The parameters of a test by their ids; `pytest.UsageError` for loads that cannot be."""
    whats = _whats(fixture, options, seed)
    several = len(models) > 1
    return {
        (f"{id_part(model.name)}-{name}" if several else name): Param(model, options, what)
        for model in models
        for name, what in whats.items()
    }


def is_load(item: pytest.Item) -> bool:
    """Whether an item is a load test, a search or a speed test."""
    return fixture_of(item) is not None


def param_of(item: pytest.Item) -> Param | None:
    """What an item measures; None for a skipped one and for one that is no load test."""
    found: Mapping[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    return next((each for name in PERF_FIXTURES if isinstance(each := found.get(name), Param)), None)


def _whats(fixture: str, options: PerfOptions, seed: int) -> Mapping[str, Point | Find | int]:
    if fixture == "load":
        return {point.name: point for point in points(options, seed)}
    if fixture == "perf_speed":
        return {f"prompt={length}": length for length in options.speed_lengths}
    if options.find is None:
        raise pytest.UsageError(
            'a search needs --perf-find "max parallel where p99_ttft<=500ms", or find= of its marker'
        )
    find = read_find("--perf-find", options.find)
    return {"knee" if find.slo is None else f"max-{find.load}": find}
