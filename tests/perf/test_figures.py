"""Figures against truths made by hand."""

import random
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.client.record import Observation, Plan
from pytest_modeleval.perf.figures.definitions import RATES, SPREADS
from pytest_modeleval.perf.figures.figures import figures
from pytest_modeleval.perf.figures.flow import Flow, InFlight
from pytest_modeleval.perf.figures.timing import token_gaps, values_of
from tests.perf.made import failed, load, streamed


# The truth is 10 ms a token, however the server puts tokens into chunks and chunks into packets (perf.md 4.4).
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param({}, id="a token a chunk"),
        pytest.param({"a_chunk": 4}, id="four tokens a chunk"),
        pytest.param({"a_chunk": 4, "sizes": True}, id="four tokens a chunk, and the server says so"),
        pytest.param({"a_read": 4}, id="four chunks a packet"),
        pytest.param({"a_chunk": 2, "a_read": 2}, id="both"),
    ],
)
def test_tpot_and_itl_are_times_per_token(shape: dict[str, int]) -> None:
    found = figures([load([streamed(0, **shape)])])  # type: ignore[arg-type]

    assert found.spreads["tpot"].mean == pytest.approx(0.01)
    assert found.spreads["itl"].mean == pytest.approx(0.01)
    assert found.spreads["itl"].percentile(99) == pytest.approx(0.01, rel=1e-3)
    together = shape.get("a_chunk", 1) * shape.get("a_read", 1)
    assert len(found.spreads["itl"]) == 128 - together
    assert found.tokens_per_chunk == pytest.approx(shape.get("a_chunk", 1))


def test_a_token_that_no_chunk_shows_does_not_stretch_the_gaps() -> None:
    # The usage counts an end-of-text token that the stream does not show.
    record = streamed(0, tokens=10, output_tokens=11)

    assert token_gaps(record) == pytest.approx([0.01] * 9)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(
            streamed(5.0, scheduled=4.0, ttft=0.2, gap=0.02, tokens=11),
            {"ttft": 1.2, "queue": 1.0, "service": 0.401, "latency": 1.401, "tpot": 0.02, "speed": 50, "stall": 0.02}
            | {"answer_rate": 11 / 1.401},
            id="from the scheduled send",
        ),
        pytest.param(
            streamed(0, ttft=0.1, tokens=5, first_answer=0.5), {"ttft": 0.1, "ttfa": 0.5}, id="reasoning first"
        ),
        pytest.param(streamed(0, tokens=1), {"ttft": 0.1, "tpot": None, "speed": None}, id="one token has no tpot"),
        pytest.param(
            Observation(scheduled=0, sent=0, ended=2, output_tokens=7, status=200),
            {"latency": 2, "ttft": None, "tpot": None, "stall": None, "output_tokens": 7},
            id="not streamed",
        ),
        pytest.param(
            streamed(0, tokens=8, output_tokens=None), {"tpot": None, "ttft": 0.1}, id="nothing counts tokens"
        ),
        pytest.param(
            streamed(0, conversation="a", turn=1), {"later_turn_ttft": 0.1, "first_turn_ttft": None}, id="a later turn"
        ),
    ],
)
def test_a_requests_own_figures(record: Observation, expected: dict[str, float | None]) -> None:
    values = values_of(record)

    for name, value in expected.items():
        assert values.get(name) == (None if value is None else pytest.approx(value)), name
    assert values.keys() <= SPREADS.keys()


def test_the_longest_gap_is_seen_where_tpot_is_blind() -> None:
    record = streamed(0, tokens=100)
    late = array("d", [time + (0.5 if place >= 50 else 0) for place, time in enumerate(record.chunks)])
    record.chunks, record.last, record.ended = late, late[-1], late[-1]

    found = figures([load([record])])

    assert found.spreads["stall"].max == pytest.approx(0.51)
    assert found.spreads["itl"].max == pytest.approx(0.51)
    assert found.spreads["tpot"].max == pytest.approx(0.01 + 0.5 / 99)


def test_failed_requests_stay_in_the_denominator_and_out_of_the_times() -> None:
    records = [streamed(place / 10) for place in range(18)] + [failed(0.5), failed(0.6, "timeout", after=30)]
    found = figures([load(records)])

    assert (found.sent, found.succeeded, found.failed) == (20, 18, 2)
    assert (found.share("success"), found.share("errors")) == (0.9, 0.1)
    assert found.errors == {"http 500": 1, "timeout": 1}
    assert found.spreads["latency"].max < 2
    assert found.rate("request_rate") == pytest.approx(18 / 30.6)


def test_warm_up_is_outside_the_figures() -> None:
    records = [streamed(0, ttft=9, tokens=2, warm_up=True), failed(0, warm_up=True), *(streamed(10) for _ in range(3))]
    found = figures([load(records)])

    assert found.sent == 3
    assert found.spreads["ttft"].max == pytest.approx(0.1)
    assert found.seconds == pytest.approx(0.1 + 127 * 0.01 + 0.001)


def test_rates_are_amounts_over_the_window() -> None:
    # One after another without a pause: 10 requests of 1.371 s with 100 tokens in and 128 out.
    records = [streamed(place * 1.371) for place in range(10)]
    found = figures([load(records, Plan(parallel=1))])

    expected = {"request_rate": 10, "input_rate": 1000, "output_rate": 1280, "total_rate": 2280}
    for name, amount in expected.items():
        assert found.rate(name) == pytest.approx(amount / 13.71, rel=1e-6), name
        low, high = found.rate_interval(name)
        assert low <= found.rate(name) <= high
    assert found.concurrency == pytest.approx(1)
    assert found.peak <= 2, "one may begin in the very moment that another ends"
    assert (found.good, found.share("goodput")) == (None, None)


def test_goodput_counts_what_succeeded_within_the_limits() -> None:
    records = [*(streamed(place, ttft=0.1) for place in range(6)), *(streamed(place, ttft=0.9) for place in range(3))]
    found = figures([load([*records, failed(1)])], lambda values: values["ttft"] <= 0.5)

    assert (found.good, found.share("goodput")) == (6, 0.6)
    assert found.rate("goodput_rate") == pytest.approx(6 / found.seconds)


def test_two_parts_make_one_point() -> None:
    first, second = load([streamed(0), failed(0)]), load([streamed(0, ttft=0.3), streamed(1.571, ttft=0.3)])
    found = figures([first, second])

    assert (found.sent, found.succeeded, len(found.spreads["ttft"])) == (4, 3, 3)
    seconds = [part.window[1] - part.window[0] for part in (first, second)]
    assert found.seconds == pytest.approx(sum(seconds))
    assert found.concurrency == pytest.approx((seconds[0] + 0.02 + seconds[1]) / sum(seconds))


def test_the_cached_share_is_of_tokens_and_of_those_who_tell() -> None:
    records = [streamed(0, cached_tokens=50), streamed(0, cached_tokens=0, input_tokens=300), streamed(0)]

    assert figures([load(records)]).cached == 50 / 400
    assert figures([load([streamed(0)])]).cached is None


def test_conversations_last_from_their_first_request_to_their_last_answer() -> None:
    turns = [streamed(at, conversation="a", turn=turn) for turn, at in enumerate((0.0, 2.0, 5.0))]
    found = figures([load(turns)])

    assert found.spreads["conversation"].mean == pytest.approx(5 + 1.371)
    assert found.spreads["final_ttft"].mean == pytest.approx(5 + 0.1)
    assert (len(found.spreads["first_turn_ttft"]), len(found.spreads["later_turn_ttft"])) == (1, 2)


def test_the_steady_part_has_neither_ramp_nor_tail() -> None:
    # Two streams; the second begins a second late, and ends a second late alone.
    records = [*(streamed(place * 1.371) for place in range(10)), *(streamed(1 + place * 1.371) for place in range(10))]
    found = figures([load(records, Plan(parallel=2))])

    assert found.steady is not None
    seconds, requests, tokens = found.steady
    assert seconds == pytest.approx(13.71 - 1, abs=0.01)
    assert requests == pytest.approx(2 / 1.371, rel=0.01)
    assert tokens == pytest.approx(2 * 128 / 1.371, rel=0.02)
    assert found.rate("output_rate") < tokens


def test_an_open_loop_has_no_steady_part_and_nothing_at_all_has_no_figures() -> None:
    assert figures([load([streamed(0)], Plan(rate=2))]).steady is None
    nothing = figures([load([])])
    assert (nothing.sent, nothing.spreads, nothing.rate("request_rate"), nothing.share("success")) == (0, {}, 0.0, None)


def test_every_figure_of_a_random_load_is_within_its_interval() -> None:
    draw = random.Random(2)
    records = [streamed(place / 20, ttft=draw.expovariate(5), gap=0.001 + draw.random() / 100) for place in range(500)]
    found = figures([load(records)], lambda values: values["ttft"] < 0.2)

    times = [record.first - record.scheduled for record in records if record.first is not None]
    for p in (50, 90, 95, 99):
        assert found.spreads["ttft"].percentile(p) == pytest.approx(float(np.percentile(times, p)))
    for name in RATES:
        low, high = found.rate_interval(name)
        assert low <= found.rate(name) <= high, name
        assert high - low < found.rate(name), name


def test_a_flow_keeps_every_amount() -> None:
    draw = random.Random(4)
    flow = Flow()
    parts = [(draw.uniform(0, 9), draw.uniform(0, 1) * (place % 5 > 0), draw.random()) for place in range(500)]
    for start, length, amount in parts:
        flow.add(start, start + length, amount)

    edges = [place / 7 for place in range(-7, 80)]
    expected = np.zeros(len(edges) - 1)
    for start, length, amount in parts:
        reached = np.clip((np.array(edges) - start) / length, 0, 1) if length else np.array(edges) >= start
        expected += amount * np.diff(reached.astype(float))

    assert flow.between(edges) == pytest.approx(expected.tolist(), abs=1e-9)
    assert sum(flow.between(edges)) == pytest.approx(sum(amount for *_, amount in parts))


def test_in_flight_counts_exact_moments() -> None:
    flight = InFlight()
    for start, end in ((0, 2), (1, 3), (2, 4)):
        flight.add(start, end)

    # The third begins as the first ends.
    assert flight.peak() == 2
    assert flight.mean(0, 4) == pytest.approx(6 / 4)
    assert flight.steady(2) == (1, 3)
    assert flight.steady(3) is None


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6)), min_size=1, max_size=20), st.integers(1, 4))
def test_in_flight_is_what_counting_every_moment_says(spans: list[tuple[int, int]], asked: int) -> None:
    flight = InFlight()
    for start, length in spans:
        flight.add(start, start + length)
    # Between whole numbers nothing changes.
    counts = [sum(start < at + 0.5 < start + length for start, length in spans) for at in range(20)]
    full = [at for at, count in enumerate(counts) if count >= 0.95 * asked]
    steady = flight.steady(asked)

    if all(length for _, length in spans):
        assert flight.peak() == max(counts)
        assert steady == ((full[0], full[-1] + 1) if full else None)
    assert flight.mean(0, 20) == pytest.approx(sum(counts) / 20)
