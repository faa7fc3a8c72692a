"""What the client's own lag can have made of a figure: the truth lies within it, however the client is held up."""

import time
from array import array
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pytest_modeleval.perf.client import wire
from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Load, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.figures.distribution import Distribution
from pytest_modeleval.perf.figures.figures import Figures, figures
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.verdict import comparing
from pytest_modeleval.perf.verdict.calibrate import requests
from pytest_modeleval.perf.verdict.slo import Slo, parse
from pytest_modeleval.perf.verdict.verdicts import overall, verdicts_of
from tests.perf.made import CLIENT, load, streamed

# The loop is held up twice a second for so long: longer than several tokens take.
HELD = 0.12
SERVED = Behaviour(ttft=0.1, gap=0.01, tokens=32)
PLANS = {"closed": Plan(parallel=8, number=64), "open": Plan(rate=40, number=80, arrivals="constant")}
# Seconds that the way through this machine takes, both ways, and the server's own stamps are off.
WAY = 0.003


def hold_up(_: Progress) -> None:
    time.sleep(HELD)


def measure(bench: BenchServer, plan: Plan, tick: Any = None) -> Load:
    bench.behave(SERVED)
    return run_load(reach(f"{bench.url}/v1/chat/completions"), requests(plan.number or 0, 32), plan, tick=tick)


def once_within(bench: BenchServer, plan: Plan, tick: Any = None) -> tuple[Figures, dict[str, list[Distribution]]]:
    """Figures and truth, of the first load in which the server's own stamps were right.

    They are not where another process takes its core between a stamp and what it stamps: up to 8 ms beside two others.
    """
    for _ in range(6):
        seen = measure(bench, plan, tick)
        found, truth = figures([seen]), true_figures(bench, seen)
        if not outside(found, truth):
            break
    return found, truth


def true_figures(bench: BenchServer, seen: Load) -> dict[str, list[Distribution]]:
    """What a client without any lag sees, each in all the ways that it can."""
    served = {one["user"]: one for one in bench.truth()["served"]}
    found: dict[str, list[list[float]]] = {"ttft": [[]], "latency": [[]], "tpot": [[]], "itl": [[], []]}
    for record in seen.records:
        one = served[record.conversation]
        sends = one["sends"]
        found["ttft"][0].append((sends[0] - one["received"]) / 1e9)
        found["latency"][0].append((sends[-1] - one["received"]) / 1e9)
        found["tpot"][0].append((sends[-1] - sends[0]) / 1e9 / (len(sends) - 1))
        for gaps, together in zip(found["itl"], (0, 1_000_000), strict=True):
            gaps += true_gaps(sends, together)
    return {name: [Distribution(values) for values in ways] for name, ways in found.items()}


def true_gaps(sends: Sequence[int], together: int) -> list[float]:
    """The gaps between tokens, those that were sent within a time read together: they share the gap before."""
    reads: list[list[int]] = []
    for send in sends:
        if reads and send - reads[-1][-1] < together:
            reads[-1].append(send)
        else:
            reads.append([send])
    return [(now[-1] - was[-1]) / 1e9 / len(now) for was, now in pairwise(reads) for _ in now]


def outside(found: Figures, truth: dict[str, list[Distribution]]) -> list[str]:
    """The statistics that do not lie within their bounds."""
    wrong = []
    for name, ways in truth.items():
        for statistic in ("mean", "min", "p50", "p90", "p99", "max"):
            least, most = found.spreads[name].bounds(statistic)
            true = [way.statistic(statistic) for way in ways]
            if max(true) < least - WAY or min(true) > most + WAY:
                wrong.append(f"{statistic}_{name}: {true} is not in [{least}, {most}]")
    return wrong


@pytest.mark.parametrize("stamps", ["kernel", "user"])
@pytest.mark.parametrize("loop", list(PLANS))
def test_the_truth_lies_within_the_error_of_a_client_that_is_held_up(
    bench: BenchServer, monkeypatch: pytest.MonkeyPatch, loop: str, stamps: str
) -> None:
    if stamps == "user":
        monkeypatch.setattr(wire, "stamp_arrivals", lambda _: False)

    found, truth = once_within(bench, PLANS[loop], hold_up)

    assert outside(found, truth) == []
    off = [abs(found.spreads[name].max - true.max) for name, (true, *_) in truth.items()]
    assert max(off) > HELD / 2, "the figures alone are wrong by what the client was held up"


def test_the_error_of_an_undisturbed_client_is_small(bench: BenchServer) -> None:
    found, truth = once_within(bench, PLANS["closed"])

    assert outside(found, truth) == []
    for name in ("ttft", "tpot", "itl", "latency"):
        least, most = found.spreads[name].bounds("p50")
        assert most - least < 0.001


def test_an_objective_is_not_decided_by_what_the_client_can_have_made_of_it() -> None:
    records = [streamed(at / 10, ttft=0.5, late=0.3) for at in range(400)]
    found = figures([load(records)], Slo(parse("", "ttft<=400ms, goodput>=90%").conditions).is_good)

    words = {
        text: overall(verdicts_of(parse("", text), found)).value
        for text in ("p90_ttft<=600ms", "p90_ttft<=400ms", "p90_ttft<=100ms", "mean_ttft<=400ms", "max_ttft<=400ms")
    }
    assert words == {
        "p90_ttft<=600ms": "passed",
        "p90_ttft<=400ms": "inconclusive",
        "p90_ttft<=100ms": "failed",
        "mean_ttft<=400ms": "inconclusive",
        "max_ttft<=400ms": "inconclusive",
    }
    assert (found.good, found.good_bounds) == (0, (0, 400))
    assert overall(verdicts_of(parse("", "ttft<=400ms, goodput>=90%"), found)).value == "inconclusive"


def test_streams_that_waited_for_the_client_may_have_brought_more() -> None:
    idle = replace(CLIENT, parallel=7.8)
    found = figures([load([streamed(at / 10) for at in range(400)], client=idle)])

    rate, (least, most) = found.rate("output_rate"), found.rate_bounds("output_rate")
    assert (least, most) == pytest.approx((rate, rate / 0.975))
    assert found.rate_interval("output_rate")[1] > rate / 0.975


def test_chunks_that_waited_for_the_client_may_have_come_one_by_one() -> None:
    record = streamed(0, tokens=12, a_read=3, lags=array("f", [0.1, 0, 0.03, 0]), first_tokens=3)
    found = figures([load([record])])

    bounds = {name: found.spreads[name].bounds("max") for name in ("ttft", "tpot", "itl", "stall")}
    assert bounds["ttft"] == pytest.approx((0, 0.1), abs=1e-4)
    assert bounds["tpot"] == pytest.approx((0.09 / 11, 0.19 / 9), abs=1e-4)
    assert bounds["itl"] == pytest.approx((0.01, 0.13 / 3), abs=1e-4)
    assert bounds["stall"] == pytest.approx((0.03, 0.13), abs=1e-4)


def test_what_changed_is_judged_with_the_errors_of_both_runs() -> None:
    def run(value: float, below: float, above: float) -> dict[str, Any]:
        around = (value - below - 0.001, value + above + 0.001)
        return {"figures": {"p50_ttft": value}, "intervals": {"p50_ttft": around}, "invalid": []} | (
            {"client_error": {"p50_ttft": [below, above]}} if below or above else {}
        )

    limits = comparing.parse("", "p50_ttft:10%")
    sure, late, before = run(0.13, 0, 0), run(0.13, 0.05, 0), run(0.1, 0, 0)

    assert [change.result.value for now in (sure, late) for change in comparing.changes(limits, now, before)] == [
        "failed",
        "inconclusive",
    ]
    assert comparing.ratio_of("p50_ttft", late, run(0.1, 0.02, 0)) == pytest.approx((1.3, 0.786, 1.641), abs=0.01)
    assert comparing.ratio_of("p50_ttft", run(0.13, 0.13, 0), before) is None
    assert comparing.checked(sure | {"client_error": {"p50_ttft": [0, "a lot"]}})["invalid"]
