"""The loads that follow from what the user asked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.perf.client.record import Plan
from pytest_modeleval.perf.options.options import PerfOptions

# An open loop without a number or a duration.
_OPEN_SECONDS = 60.0
_LEAST_NUMBER = 100


@dataclass(frozen=True)
class Point:
    """One load: its name as the item's id has it, and its plan."""

    name: str
    plan: Plan


def points(options: PerfOptions, seed: int) -> list[Point]:
    """The loads asked for; `pytest.UsageError` for lists of different lengths."""
    if options.trace:
        return [Point("trace", _plan(options, seed, None, arrivals="trace", rate=1.0))]
    if options.rate:
        numbers = _numbers(options, len(options.rate), "--perf-rate")
        return [
            Point(f"rate={rate:g}", _plan(options, seed + place, number, rate=rate, arrivals=options.arrivals))
            for place, (rate, number) in enumerate(zip(options.rate, numbers, strict=True))
        ]
    loads = options.parallel or (1,)
    numbers = _numbers(options, len(loads), "--perf-parallel")
    return [
        Point(f"parallel={parallel}", _plan(options, seed + place, number, parallel=parallel))
        for place, (parallel, number) in enumerate(zip(loads, numbers, strict=True))
    ]


def point(options: PerfOptions, seed: int, kind: str, load: float) -> Point:
    """One load of a search."""
    number = options.number[0] if options.number else None
    if kind == "rate":
        return Point(f"rate={load:g}", _plan(options, seed, number, rate=load, arrivals=options.arrivals))
    return Point(f"parallel={load:g}", _plan(options, seed, number, parallel=int(load)))


def _numbers(options: PerfOptions, loads: int, flag: str) -> Sequence[int | None]:
    if options.number is None:
        return [None] * loads
    if len(options.number) not in (1, loads):
        raise pytest.UsageError(
            f"--perf-number has {len(options.number)} values and {flag} has {loads}: give one for each load, or one "
            "for all"
        )
    return options.number if len(options.number) == loads else options.number * loads


def _plan(options: PerfOptions, seed: int, number: int | None, **load: Any) -> Plan:
    duration = options.duration
    if number is None and duration is None and load.get("arrivals") != "trace":
        if parallel := load.get("parallel"):
            number = max(_LEAST_NUMBER, 10 * parallel)
        else:
            number = max(1, math.ceil(load["rate"] * _OPEN_SECONDS))
    return Plan(
        number=number,
        duration=duration,
        burstiness=options.burstiness,
        warm_up=_warm_up(options.warm_up, number),
        ramp_up=options.ramp_up,
        stall=options.stall,
        timeout=options.timeout,
        limit=options.limit,
        max_parallel=options.max_parallel,
        seed=seed,
        **load,
    )


def _warm_up(warm_up: int | float, number: int | None) -> int:
    if isinstance(warm_up, int):
        return warm_up
    if number is None:
        raise pytest.UsageError(
            f"--perf-warm-up {warm_up * 100:g}% is a share of no number: give how many requests, or --perf-number too"
        )
    return math.ceil(warm_up * number)
