"""The floor of a machine, and thresholds below it."""

import math
from dataclasses import replace

import pytest

from pytest_modeleval.perf.verdict.calibrate import Floor, calibrate
from pytest_modeleval.perf.verdict.validity import Verdict


def test_the_floor_is_measured_against_what_the_server_did() -> None:
    floor = calibrate(4, seconds=0.5)

    assert (floor.requests, floor.parallel) == (8, 4)
    # Of one clock: they are no times since the machine was started.
    assert 0 < floor.ttft < 1
    assert 0 < floor.itl < 1
    assert 0 < floor.tpot < 1
    assert 0 < floor.latency < 1


FLOOR = Floor(ttft=0.001, itl=0.0005, tpot=0.0001, latency=0.002, requests=8, parallel=4, verdict=Verdict())


@pytest.mark.parametrize(("figure", "threshold"), [("ttft", 0.0011), ("itl", 0.01), ("tpot", 1), ("latency", 0.0021)])
def test_a_threshold_above_the_floor_can_be_judged(figure: str, threshold: float) -> None:
    assert FLOOR.refuses(figure, threshold) == ""


@pytest.mark.parametrize("threshold", [0.0005, 0.001, 0])
def test_a_threshold_below_the_floor_is_refused(threshold: float) -> None:
    assert FLOOR.refuses("ttft", threshold) == (
        f"ttft<={threshold * 1000:g}ms is tighter than this machine can measure with 4 in parallel "
        "(1.00 ms, by --perf-calibrate): use a faster or less busy machine, or a wider one"
    )
    assert replace(FLOOR, ttft=math.inf).refuses("ttft", 1e9)
