"""What people and programs see of load tests: tables, the live line, plots, changes."""

import math
import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import Observation, Plan
from pytest_modeleval.perf.figures.definitions import SPREADS
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.points import Point
from pytest_modeleval.perf.reports.files import file_name, write_all
from pytest_modeleval.perf.reports.live import standing
from pytest_modeleval.perf.reports.narrow import lines, speeds
from pytest_modeleval.perf.reports.plots import plots
from pytest_modeleval.perf.reports.section import Loads
from pytest_modeleval.perf.run.pytest_benchmark import Clock
from pytest_modeleval.perf.speed import Speed
from pytest_modeleval.perf.verdict.comparing import ratio_interval
from pytest_modeleval.perf.verdict.slo import parse
from pytest_modeleval.perf.wording import amount, rounded, short, time, with_error
from pytest_modeleval.reports.plots import lines as plot_lines
from tests.perf.made import failed, load, streamed

SVG = "{http://www.w3.org/2000/svg}"


def measured(
    parallel: int = 2, records: list[Observation] | None = None, *, slo: str = "", model: str = "m"
) -> Measured:
    plan = Plan(parallel=parallel)
    records = records if records is not None else [streamed(at / 10, ttft=0.05 * parallel) for at in range(40)]
    found = load(records, plan)
    return Measured(
        f"test_it.py::test_load[parallel={parallel}]",
        model,
        Point(f"parallel={parallel}", plan),
        [found],
        parse("", slo) if slo else parse("", "success>=1%"),
    )


@pytest.mark.parametrize(
    ("figure", "value", "expected"),
    [
        ("ttft", 0.0001234, "0.123 ms"),
        ("ttft", 0.01234, "12.34 ms"),
        ("ttft", 0.5, "500.0 ms"),
        ("ttft", 12.3456, "12.35 s"),
        ("ttft", 3456.0, "3,456 s"),
        ("ttft", math.inf, "∞"),
        ("ttft", math.nan, "-"),
        ("success", 0.98765, "98.77%"),
        ("output_rate", 12345.6, "12,346 tok/s"),
        ("goodput_rate", math.inf, "∞ req/s"),
    ],
)
def test_amounts_have_their_unit(figure: str, value: float, expected: str) -> None:
    assert amount(figure, value) == expected


def test_the_best_loads_of_long_names_fit_a_terminal() -> None:
    loads = [measured(2, model=f"owner/a-model-of-a-long-name-{name}-and-of-an-even-longer-one") for name in "ab"]

    said = list(lines(loads))

    assert all(len(line) <= 80 for line in said)
    (begin,) = (at for at, line in enumerate(said) if line.startswith("highest throughput: owner/a-model"))
    assert said[begin + 1].startswith("    ")


def test_negative_and_tiny_numbers_are_readable() -> None:
    assert (rounded(-math.inf), rounded(0.0), time(-0.002)) == ("-∞", "0.000", "-2.00 ms")


def test_the_tables_show_failures_steady_state_and_the_best_loads() -> None:
    first = measured(2, [*(streamed(at / 10, tokens=20) for at in range(20)), failed(0.3, "cut")])
    second = measured(4, [streamed(at / 20, ttft=0.4, tokens=20, counted_by="chunks") for at in range(40)])
    text = "\n".join(lines([first, second]))

    assert "failed: 1 cut" in text
    assert "parallel=2        21       1   9.13    183" in text
    assert "parallel=2       100       100      10.0      10.0          291          291" in text
    assert "tokens counted: 40 by chunks" in text
    assert "highest throughput: parallel=4" in text
    assert "shortest latency: parallel=2" in text
    assert "passed: success>=1%: 95.24% [" in text
    assert text.count("while all streams were busy") <= 2
    for name in ("ttft", "itl", "tpot", "latency", "speed"):
        assert f"\n{name} " in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("lag", [0.0, 0.004, 2.0])
@pytest.mark.parametrize(
    "model", ["m", "someones/a-model-with-a-very-long-name-of-seventy-billion-parameters-instruct-awq"]
)
def test_every_table_fits_a_terminal_of_80_columns(model: str, lag: float) -> None:
    slow: dict[str, Any] = {"ttft": 120.0, "gap": 1.5, "tokens": 20, "scheduled": -600.0, "late": lag}
    slow |= {"conversation": "a", "cached_tokens": 7}
    loads = [
        measured(load, [streamed(at, turn=at, **slow) for at in range(20)], slo=slo, model=of)
        for load in (1, 512)
        for slo, of in (("ttft<=1s, goodput>=1%", model), ("success>=1%", f"{model}-2"))
    ]
    found = [*lines(loads), *lines(loads, verbose=True)]

    tables = [line for line in found if not line.startswith(("highest", "shortest"))]
    assert [line for line in tables if len(line) > 80] == []
    assert {"p99.9", "p5", "min"} <= set(" ".join(found).split())
    assert any("±" in line for line in tables) == (lag > 1)


def test_an_error_stands_beside_a_figure_where_it_shows_in_its_digits() -> None:
    found = [short(123.4, 0.9), short(123.4, 1.2), short(123.4, 108.3), short(0.5, 0.0004), short(9.9, math.inf)]

    assert found == ["123", "123±2", "123±110", "0.500", "9.90±∞"]
    assert with_error("ttft", 0.1234, (0.1230, 0.1235)) == "123.4 ±0.4 ms"
    assert with_error("ttft", 0.1234, (0.12339, 0.1234)) == "123.4 ms"
    assert with_error("speed", 50.0, (50.0, 1e6)) == "50.00 ±∞ tok/s"


def test_the_shortest_latency_is_that_of_the_median() -> None:
    mostly_short = [streamed(at / 10, ttft=0.1 if at <= 50 else 9.0) for at in range(101)]
    never_long = [streamed(at / 10, ttft=0.5) for at in range(101)]

    text = "\n".join(lines([measured(2, never_long), measured(4, mostly_short)]))

    assert "shortest latency: parallel=4 (p50 1.37 s)" in text


def test_reasoning_has_a_line_of_its_own_only_where_there_is_some() -> None:
    thinking = measured(1, [streamed(at, first_answer=at + 0.6) for at in range(3)])

    assert "\nttfa " in "\n".join(lines([thinking]))
    assert "\nttfa " not in "\n".join(lines([measured(1)]))


def test_a_load_without_any_answer_is_shown() -> None:
    text = "\n".join(lines([measured(1, [failed(0), failed(0.1)])]))

    assert "parallel=1         2       2" in text


def test_several_models_and_tests_are_told_apart() -> None:
    text = "\n".join(lines([measured(1, model="a"), measured(1, model="b")]))

    assert "a parallel=1" in text
    assert "b parallel=1" in text


def test_the_figures_of_a_load_have_the_names_of_the_objectives() -> None:
    found = measured(2, slo="ttft<=1s, goodput>=1%")

    assert found["p50_ttft"] == pytest.approx(0.1)
    assert found["mean_ttft"] == pytest.approx(found["min_ttft"]) == pytest.approx(found["max_ttft"])
    assert (found["success"], found["goodput"], found["errors"], found["peak"]) == (1, 1, 0, 14)
    assert found["request_rate"] == pytest.approx(40 / found.figures.seconds)
    with pytest.raises(KeyError, match="'ttft' needs a statistic, such as p99_ttft"):
        found["ttft"]
    with pytest.raises(KeyError, match="no request of this load has the figure 'conversation'"):
        found["p50_conversation"]
    with pytest.raises(KeyError, match="nothing tells 'cached' of this load"):
        found["cached"]
    with pytest.raises(
        pytest.UsageError, match=r"unknown figure in a load's figures: 'p50_tttf'; did you mean 'p\d+_ttft'\?"
    ):
        found["p50_tttf"]


def test_plots_are_xml_with_a_point_for_each_load(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Mapping[str, Sequence[tuple[float, float]]]] = {}

    def lines(title: str, below: str, beside: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
        drawn[title] = series
        return plot_lines(title, below, beside, series)

    monkeypatch.setattr("pytest_modeleval.perf.reports.plots.lines", lines)
    found = plots([measured(8), measured(1), measured(2)])

    assert set(found) == {"throughput", "requests", "ttft", "tpot", "latency"}
    points = drawn["Time to the first token"]["p50"]
    assert [load for load, _ in points] == [1, 2, 8]
    assert [value for _, value in points] == pytest.approx([50, 100, 400])
    assert {name: len(points) for series in drawn.values() for name, points in series.items()} == {
        "": 3, "p50": 3, "p90": 3, "p99": 3,
    }  # fmt: skip
    for svg in found.values():
        texts = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
        assert "requests in flight" in texts


def test_a_load_without_figures_is_named_above_what_is_said_of_it() -> None:
    found = list(lines([measured(1, [failed(0.0)]), measured(2, [failed(0.0)])]))

    assert [found[found.index(said) - 1] for said in ("parallel=1", "parallel=2")] == ["", ""]
    assert sum(line.startswith("failed: 1 http 500") for line in found) == 2


def test_each_model_and_test_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[tuple[str, str], Mapping[str, Sequence[tuple[float, float]]]] = {}

    def lines(title: str, below: str, beside: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
        drawn[title, below] = series
        return ""

    monkeypatch.setattr("pytest_modeleval.perf.reports.plots.lines", lines)
    of_a = [measured(1), measured(2)]
    of_b = [replace(each, model="b") for each in of_a]
    alone = replace(measured(4), name="test_load.py::test_alone[parallel=4]")
    rates = [
        replace(each, point=Point(f"rate={rate}", Plan(rate=rate, arrivals="poisson")))
        for rate, each in zip((3.0, 5.0), of_a, strict=True)
    ]
    both = plots([*of_a, *rates])
    found = plots([*of_a, *of_b, alone])

    assert list(found) == ["throughput", "requests", "ttft", "tpot", "latency"]
    assert [*both][:6] == [*(f"{name}-parallel" for name in found), "throughput-rate"]
    assert [load for load, _ in drawn["Throughput", "requests/s offered"][""]] == [3, 5]
    assert {
        name: [load for load, _ in points] for name, points in drawn["Throughput", "requests in flight"].items()
    } == {
        "m": [1, 2],
        "b": [1, 2],
    }
    assert list(drawn["Latency", "requests in flight"]) == ["m p50", "m p90", "m p99", "b p50", "b p90", "b p99"]


def test_loads_are_written_with_their_plots(tmp_path: Path) -> None:
    write_all(tmp_path / "out", "jsonl", "0" * 32, [measured(1), measured(2)])

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"perf.json", "m-test_load-parallel=1.jsonl", "throughput.svg", "tpot.svg"} <= names


def test_one_load_has_plots_of_its_own() -> None:
    found = plots([measured(2)])

    assert list(found) == ["throughput", "ttft", "tpot", "latency"]
    texts = {text.text for svg in found.values() for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert {"seconds", "percent of the requests"} <= texts
    assert plots([]) == plots([measured(1, [failed(0)])]) == {}


@pytest.mark.parametrize(
    ("plan", "progress", "expected"),
    [
        (
            Plan(parallel=8, number=100, warm_up=10),
            Progress(5.0, 60, 55, 1, 5, 5500, 0.12),
            "55/110, 11.00 req/s, 1 error, 5 s left, TTFT 120.0 ms, 1,100 tok/s, 5 in flight",
        ),
        (
            Plan(rate=5, duration=60),
            Progress(20.0, 100, 0, 0, 100, 0, None),
            "0, 0.000 req/s, 0 errors, 40 s left, 0.000 tok/s, 100 in flight",
        ),
        (Plan(parallel=1), Progress(0.0, 0, 0, 0, 0, 0, None), "0, 0.000 req/s, 0 errors, 0.000 tok/s, 0 in flight"),
    ],
    ids=["number", "duration", "nothing yet"],
)  # fmt: skip
def test_the_live_line(plan: Plan, progress: Progress, expected: str) -> None:
    assert standing(plan, progress) == expected


def test_the_interval_of_a_ratio_covers_as_often_as_it_says() -> None:
    draw = random.Random(4)
    rounds, hits = 400, 0
    for _ in range(rounds):
        both = []
        for truth in (12.0, 10.0):
            values = [draw.gauss(truth, 2) for _ in range(60)]
            mean, half = statistics.fmean(values), 1.96 * statistics.stdev(values) / math.sqrt(60)
            both.append((mean, mean - half, mean + half))
        _, low, high = ratio_interval(both[0], both[1])
        hits += low <= 1.2 <= high

    assert 0.92 <= hits / rounds <= 0.98


def test_the_same_figure_has_not_changed() -> None:
    ratio, low, high = ratio_interval((10.0, 9.0, 11.0), (10.0, 9.0, 11.0))

    assert ratio == 1
    assert low < 1 < high


def test_a_tracker_is_told_each_load_s_figures() -> None:
    loads = Loads(["m"], [measured(1), measured(2)], [], [], [], [])

    (one, first), (two, second) = loads.figures()
    assert (one, two) == ("m", "m")
    assert (first["parallel"], second["parallel"]) == (1, 2)
    assert second["p50_ttft"] == pytest.approx(0.1)


def test_a_files_name_has_nothing_strange() -> None:
    found = measured(2, model="owner/na me")

    assert file_name(found) == "owner-na-me-test_load-parallel=2"


def test_a_clock_lives_through_the_given_durations() -> None:
    clock = Clock()
    clock.durations = iter([0.5, 2.0])
    times = [clock() for _ in range(6)]

    assert [end - start for start, end in zip(times[::2], times[1::2], strict=True)] == [0.5, 2.0, 0.0]


def test_speeds_are_a_line_each() -> None:
    found = speeds([Speed("m", 6144, 128, prefill=12345.6, decode=78.9, first=0.49, memory=3 << 30, device="cuda:0")])

    assert found[1].split() == ["m", "6,144", "12,346", "78.90", "490.0", "ms", "3.00", "GiB", "cuda:0"]


def test_every_spread_can_be_worded() -> None:
    assert all(amount(name, 1.0) for name in SPREADS)
