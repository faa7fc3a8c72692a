"""The search for the highest load, and for the knee."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.verdict.search import RESOLUTION, Kept, highest, knee, read_find


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max parallel where p99_ttft<=500ms", ("parallel", 1, 4096, 1)),
        ("max  rate from 0.5 to 64 where p99_ttft<=500ms, success>=99%", ("rate", 0.5, 64, 2)),
        ("knee of parallel", ("parallel", 1, 4096, 0)),
        ("knee of rate from 2 to 8", ("rate", 2, 8, 0)),
    ],
)
def test_what_is_to_be_found_is_read(text: str, expected: tuple[str, float, float, int]) -> None:
    find = read_find("--perf-find", text)

    assert (find.load, find.low, find.high, len(find.slo.conditions) if find.slo else 0) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r'--perf-find takes "max parallel where p99_ttft<=500ms"'),
        ("max parallel", r'--perf-find takes "max parallel where'),
        ("knee of parallel where p99_ttft<=1s", r'--perf-find takes "max parallel where'),
        ("max users where p99_ttft<=1s", r'--perf-find takes "max parallel where'),
        ("max parallel where p99_ttft<=1", r"--perf-find: 'p99_ttft<=1' has no unit"),
        ("max parallel from 8 to 4 where p99_ttft<=1s", r"from 8 to 4 is no range of loads"),
        ("max rate from 0 where p99_ttft<=1s", r"from 0 to 65536 is no range of loads"),
        ("max parallel from 1.5 where p99_ttft<=1s", r"parallel is a whole number"),
    ],
)
def test_what_cannot_be_found_is_said(text: str, message: str) -> None:
    with pytest.raises(pytest.UsageError, match=message):
        read_find("--perf-find", text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--perf-find"):
        read_find("--perf-find", text + " ¿")


@given(st.integers(1, 4096))
def test_the_highest_parallel_is_found_within_the_resolution(truth: int) -> None:
    find = read_find("", "max parallel where p99_ttft<=1s")
    found = highest(find, lambda load: Kept.YES if load <= truth else Kept.NO)

    assert found.kept is not None
    assert found.kept <= truth
    assert truth == 4096 or (
        found.broken is not None and truth < found.broken <= max(found.kept + 1, found.kept * (1 + RESOLUTION))
    )
    assert len(found.tried) <= 2 + math.log2(4096) + 4
    assert len({load for load, _ in found.tried}) == len(found.tried)


@given(st.floats(1, 60_000))
def test_the_highest_rate_is_found_within_the_resolution(truth: float) -> None:
    find = read_find("", "max rate where p99_ttft<=1s")
    found = highest(find, lambda load: Kept.YES if load <= truth else Kept.NO)

    assert found.kept is not None
    assert found.broken is not None
    assert found.kept <= truth < found.broken <= found.kept * (1 + RESOLUTION)


@pytest.mark.parametrize(
    ("said", "kept", "broken", "why"),
    [
        (lambda load: Kept.NO, None, 1, "not even 1 keeps it"),
        (lambda load: Kept.YES, 16, None, "not one load up to 16 broke it"),
        (lambda load: Kept.YES if load < 8 else Kept.INVALID, 7, 8, "at 8 the measurement itself is invalid"),
        (lambda load: Kept.YES if load < 8 else Kept.UNDECIDED, 7, 8, "at 8 it stays undecided"),
        (lambda load: Kept.INVALID, None, 1, "at 1 the measurement itself is invalid"),
    ],
    ids=["never", "always", "the client is the limit", "undecided", "invalid at once"],
)
def test_what_is_not_known_is_said(said: object, kept: float | None, broken: float | None, why: str) -> None:
    found = highest(read_find("", "max parallel to 16 where p99_ttft<=1s"), said)  # type: ignore[arg-type]

    assert (found.kept, found.broken) == (kept, broken)
    assert why in found.why


def queueing(capacity: float) -> object:
    """A server with so many slots: throughput grows to the slots, and the wait beyond."""
    return lambda load: (min(load, capacity) * 2.0, 0.5 * max(1.0, load / capacity))


@pytest.mark.parametrize("capacity", [1, 7, 32, 100])
def test_the_knee_is_where_all_slots_are_busy(capacity: float) -> None:
    found = knee(read_find("", "knee of parallel"), queueing(capacity))  # type: ignore[arg-type]

    assert found.load is not None
    assert capacity / (1 + RESOLUTION) / 1.2 <= found.load <= capacity * 1.35
    assert found.why == ""


def test_a_throughput_that_never_stops_growing_has_no_knee_yet() -> None:
    found = knee(read_find("", "knee of parallel to 8"), lambda load: (load, 1.0))

    assert (found.saturated, found.why) == (8, "the throughput still grows at 8: search further (… to N)")


def test_an_invalid_load_ends_the_sweep() -> None:
    found = knee(read_find("", "knee of parallel"), lambda load: (load, 1.0) if load < 8 else None)
    none = knee(read_find("", "knee of parallel"), lambda load: None)

    assert "at 8 the measurement itself is invalid" in found.why
    assert none.load is None
