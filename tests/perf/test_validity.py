"""The verdict on the measurement: what makes figures invalid, with what to change."""

from dataclasses import replace

import pytest

from pytest_modeleval.perf.client.record import Client, Load, Observation, Plan
from pytest_modeleval.perf.client.records import Records
from pytest_modeleval.perf.verdict.validity import Bounds, decide

GOOD = Client(
    stamps="kernel",
    lag=0.001,
    clumped=0.0,
    coalesced=0.5,
    cpu=0.3,
    schedule_lag=0.0001,
    parallel=7.9,
    parallel_asked=8,
    rate=20.0,
    rate_asked=None,
)


def load(client: Client, *, cached: int | None = None, latency: float = 0.1, **lag: float) -> Load:
    records = Records()
    for index in range(4):
        record = Observation(index, index, index + latency, input_tokens=100, cached_tokens=cached, **lag)  # type: ignore[arg-type]
        records.append(record)
        # The warm-up may well find a cache, and be slow.
        records.append(replace(record, warm_up=True, cached_tokens=100, ended=index + 100))
    return Load(records, (0, 4), client, Plan(parallel=8))


def test_a_good_measurement_is_valid() -> None:
    verdict = decide(load(GOOD, cached=1), cold=True)

    assert (verdict.is_valid, str(verdict)) == (True, "valid")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parallel": 7.5}, "7.5 requests were on their way on average where 8 were asked for: send more requests"),
        ({"on_schedule": 0.9}, "90.0% of the rate asked for was sent: use a faster"),
        (
            {"on_schedule": 0.9, "queue": 3},
            "90.0% of the rate asked for was sent, as 3 requests waited for a connection: raise",
        ),
        ({"on_schedule": 1.06}, "106.0% of the rate asked for was sent"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_what_the_client_did_wrong_makes_it_invalid(change: dict[str, float], reason: str) -> None:
    verdict = decide(load(replace(GOOD, **change)))  # type: ignore[arg-type]

    assert not verdict.is_valid
    assert len(verdict.reasons) == 1
    assert str(verdict).startswith(f"INVALID: {reason}")


def test_several_reasons_are_all_told() -> None:
    assert len(decide(load(replace(GOOD, parallel=1.0, on_schedule=0.5))).reasons) == 2


@pytest.mark.parametrize(
    "change",
    [{"lag": 9.0}, {"lag": 9.0, "stamps": "user"}, {"clumped": 1.0}, {"cpu": 1.0}, {"schedule_lag": 9.0}],
    ids=str,
)
def test_what_each_figure_carries_the_error_of_makes_none_invalid(change: dict[str, float]) -> None:
    assert decide(load(replace(GOOD, **change))).is_valid  # type: ignore[arg-type]


@pytest.mark.parametrize(("late", "end_lag", "valid"), [(0.04, 0, True), (0.06, 0, False), (0.03, 0.03, False)])
def test_a_client_that_made_most_of_the_latency_itself_measured_nothing(
    late: float, end_lag: float, valid: bool
) -> None:
    said = str(decide(load(GOOD, late=late, end_lag=end_lag)))

    why = "INVALID: the client itself can have made 60.0 ms of the median latency of 100.0 ms, by what it sent or read"
    assert said.startswith("valid" if valid else why)


@pytest.mark.parametrize(("cached", "valid"), [(None, True), (0, True), (1, True), (2, False)])
def test_a_cache_that_should_be_cold(cached: int | None, valid: bool) -> None:
    seen = load(GOOD, cached=cached)

    assert decide(seen, cold=True).is_valid is valid
    assert decide(seen).is_valid
    if not valid:
        assert str(decide(seen, cold=True)).startswith(
            "INVALID: 2.0% of the input tokens came from a cache: send prompts"
        )


def test_bounds_can_be_set() -> None:
    assert decide(load(replace(GOOD, parallel=4)), bounds=Bounds(parallel=0.5)).is_valid


def test_nothing_measured_is_no_exception() -> None:
    empty = Load(Records(), (0, 0), replace(GOOD, lag=None), Plan(parallel=8))

    assert decide(empty, cold=True).is_valid
