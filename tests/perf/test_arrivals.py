"""Schedules: the asked rate, the right spread, always the same for a seed."""

import statistics
from itertools import islice, pairwise

import pytest

from pytest_modeleval.perf.client.arrivals import schedule, streams
from pytest_modeleval.perf.client.record import Arrivals, Plan


def times(plan: Plan) -> list[float]:
    return [at for at, _ in schedule(plan)]


def variation(at: list[float]) -> float:
    gaps = [after - before for before, after in pairwise(at)]
    return statistics.pstdev(gaps) / statistics.mean(gaps)


@pytest.mark.parametrize(
    ("arrivals", "burstiness", "low", "high"),
    [
        ("constant", 1.0, 0.0, 1e-9),
        ("poisson", 1.0, 0.95, 1.05),
        ("gamma", 1.0, 0.95, 1.05),
        # The coefficient of variation of gamma gaps is 1 / √shape.
        ("gamma", 4.0, 0.47, 0.53),
        ("gamma", 0.25, 1.85, 2.15),
    ],
)
def test_gaps_vary_as_their_distribution_does(arrivals: Arrivals, burstiness: float, low: float, high: float) -> None:
    plan = Plan(rate=30, arrivals=arrivals, burstiness=burstiness, number=5000)
    at = times(plan)

    assert low <= variation(at) <= high
    assert at == sorted(at)
    assert at == times(plan)


@pytest.mark.parametrize("seed", range(5))
def test_the_rate_offered_is_the_rate_asked_for(seed: int) -> None:
    at = times(Plan(rate=30, number=240, seed=seed))

    assert len(at) == 240
    assert 0 < at[0] < at[-1] < 8
    assert at[-1] - at[0] > 240 / 30 * 0.95
    assert at != times(Plan(rate=30, number=240, seed=seed + 1))


def test_poisson_counts_of_a_second_vary_as_much_as_their_mean() -> None:
    at = times(Plan(rate=10, number=20_000))
    counts = [0] * 2000
    for time in at:
        counts[int(time)] += 1

    assert statistics.mean(counts) == 10
    assert 9 < statistics.variance(counts) < 11


@pytest.mark.parametrize(
    ("plan", "count"),
    [
        (Plan(rate=10, duration=3), 30),
        (Plan(rate=10, duration=3, number=7), 7),
        (Plan(rate=10, duration=3, number=70), 30),
        (Plan(rate=0.1, duration=3), 1),
    ],
)
def test_number_and_duration_whichever_is_first(plan: Plan, count: int) -> None:
    assert len(times(plan)) == count


def test_neither_number_nor_duration_goes_on_for_ever() -> None:
    at = [time for time, _ in islice(schedule(Plan(rate=100)), 2500)]

    assert 24 < at[-1] < 26


def test_warm_up_and_ramp_come_first_and_are_marked() -> None:
    marked = list(schedule(Plan(rate=10, arrivals="constant", number=20, warm_up=5, ramp_up=4)))

    # The ramp's arrivals: 10/s · 4 s / 2.
    assert [warm for _, warm in marked] == [True] * (20 + 5) + [False] * 20
    ramp = [at for at, _ in marked[:20]]
    # Half of the rate's growth brings a quarter of its arrivals.
    assert sum(at < 2 for at in ramp) == 5
    assert [round(at, 9) for at, _ in marked[20:26]] == [4.0, 4.1, 4.2, 4.3, 4.4, 4.5]


def test_streams_begin_at_once_or_over_the_ramp() -> None:
    assert list(streams(Plan(parallel=4))) == [0, 0, 0, 0]
    assert list(streams(Plan(parallel=4, ramp_up=2))) == [0, 0.5, 1, 1.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate": 0}, "a load's rate is 0: it must be more than 0"),
        ({"parallel": 0}, "a load's parallel is 0: it must be more than 0"),
        ({"parallel": 1, "number": -1}, "a load's number is -1: it must be more than 0"),
        ({"parallel": 1, "duration": float("nan")}, "a load's duration is nan: it must be more than 0"),
        ({"rate": 1, "max_parallel": 0}, "a load's max parallel is 0: it must be more than 0"),
        ({"parallel": 1, "warm_up": -1}, "a load's warm-up is -1: it cannot be negative"),
        ({}, r"a load is parallel \(a closed loop\) or has a rate or a trace \(an open one\)"),
        ({"parallel": 1, "rate": 1}, r"a load is parallel \(a closed loop\) or has a rate or a trace"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        Plan(**options)  # type: ignore[arg-type]
