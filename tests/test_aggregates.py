"""Figures over samples that are no means of theirs."""

import random
from collections.abc import Sequence
from statistics import fmean

import pytest

from pytest_modeleval import Aggregate
from pytest_modeleval.results.results import Results
from pytest_modeleval.statistics.aggregates import Rows, bootstrapped, clipped_mean
from pytest_modeleval.statistics.means import Estimate
from tests.conftest import FaultyServer, answer, run
from tests.test_results import record


def mean_of(rows: Rows) -> float | None:
    values = [row[0] for row in rows if row[0] is not None]
    return fmean(values) if values else None


SEEN: list[Rows] = []


def spied(rows: Rows) -> Estimate | None:
    SEEN.append(rows)
    return None


def largest(rows: Rows) -> Estimate | None:
    return bootstrapped(lambda rows: max((row[0] or 0.0) for row in rows), rows)


@pytest.mark.parametrize(("values", "mean"), [((-0.2, 0.4, 1.0), 0.4), ((-0.5, 0.1), 0.0), ((0.3,), 0.3), ((7, 2), 1)])
def test_a_mean_is_clipped_after_it_was_taken(values: Sequence[float], mean: float) -> None:
    """The first two are the check values of HealthBench's aggregate: clipping each sample would give .466667, .05."""
    found = clipped_mean([[value] for value in values])

    assert found
    assert found.mean == pytest.approx(mean)
    assert 0 <= found.low <= found.mean <= found.high <= 1


def test_nothing_has_no_clipped_mean() -> None:
    assert clipped_mean([[None]]) is None


def test_the_bootstrap_s_error_of_a_mean_is_the_mean_s() -> None:
    rows = [[float(place < 120)] for place in range(400)]

    found = bootstrapped(mean_of, rows, rounds=2000)

    assert found
    assert found.mean == 0.3
    # √(.3·.7/400)
    assert found.standard_error == pytest.approx(0.022913, rel=0.05)
    assert (found.low, found.high) == pytest.approx((0.3 - 1.96 * 0.022913, 0.3 + 1.96 * 0.022913), abs=0.003)


def test_the_bootstrap_says_the_same_in_whatever_order_samples_come() -> None:
    rows = [[place % 7 / 7, None if place % 3 else 0.5] for place in range(50)]
    shuffled = random.Random(1).sample(rows, len(rows))

    assert bootstrapped(mean_of, rows) == bootstrapped(mean_of, shuffled)


@pytest.mark.parametrize("values", [(1.0,), (1.0, 1.0, 1.0)])
def test_what_draws_cannot_tell_has_no_error_and_no_interval(values: Sequence[float]) -> None:
    assert bootstrapped(mean_of, [[value] for value in values]) == Estimate(1.0, None, 0.0, 1.0)


def test_no_figure_has_no_interval() -> None:
    assert bootstrapped(mean_of, [[None], [None]]) is None


def added(aggregates: dict[str, Aggregate], *samples: tuple[tuple[str, float, float], ...]) -> Results:
    results = Results()
    kept = {name: each.kept for name, each in aggregates.items()}
    for index, scores in enumerate(samples):
        results.add(record(index=index, scores=scores, aggregates=kept))
    return results


def test_an_aggregate_stands_behind_the_main_score_with_what_its_values_are() -> None:
    aggregates = {"top": Aggregate(largest, ("length",), (0.0, 9.0), "lower")}
    samples = [(("main", 1.0, 1.0), ("aside", 0.5, 1.0), ("length", value, 1.0)) for value in (3.0, 5.0)]

    rows = added(aggregates, *samples).rows()

    assert [row.metric for row in rows] == ["main", "top", "aside", "length"]
    top = rows[1]
    assert (top.score, top.samples, top.range, top.label) == (5.0, 2, (0.0, 9.0), "top ↓")


def test_an_aggregate_by_a_score_s_name_stands_in_place_of_its_mean() -> None:
    samples = [(("main", value, 1.0),) for value in (-0.5, 0.1)]

    (row,) = added({"main": Aggregate(clipped_mean)}, *samples).rows()

    assert (row.metric, row.score, row.samples) == ("main", 0.0, 2)


def test_an_aggregate_of_some_subsets_counts_their_samples() -> None:
    results = Results()
    kept = {
        name: Aggregate(clipped_mean, subsets=subsets).kept for name, subsets in (("some", ("b", "c")), ("all", ()))
    }
    for subset, outcome in [("a", "right"), ("a", "error"), ("b", "right"), ("b", "wrong"), ("c", "error")]:
        scores = () if outcome == "error" else (("main", float(outcome == "right"), 1.0),)
        results.add(record(subset=subset, index=len(results.rows()), outcome=outcome, scores=scores, aggregates=kept))

    rows = {row.metric: row for row in results.rows() if not row.part}

    assert rows["all"].score == pytest.approx(2 / 3)
    assert (rows["all"].samples, rows["all"].errors) == (3, 2)
    assert (rows["some"].score, rows["some"].samples, rows["some"].errors) == (0.5, 2, 1)


def test_a_sample_without_a_score_is_a_gap_in_its_row_and_repeats_are_averaged() -> None:
    SEEN.clear()
    results = Results()
    kept = {"made": Aggregate(spied, ("main", "sure")).kept}
    results.add(record(scores=(("main", 1.0, 1.0), ("sure", 0.5, 1.0)), aggregates=kept))
    results.add(record(repeat=1, scores=(("main", 0.0, 1.0),), aggregates=kept))
    results.add(record(index=1, scores=(("main", 1.0, 1.0),), aggregates=kept))

    rows = {row.metric: row for row in results.rows()}

    assert SEEN == [[[0.5, 0.5], [1.0, None]]]
    assert (rows["made"].score, rows["made"].samples) == (None, 3)


def test_repeats_count_by_their_weights() -> None:
    """F of SimpleQA over two repeats, 2c/(1+c+i): right once, then not attempted; 2·1/(2+1)."""
    results = Results()
    results.add(record(scores=(("f1", 1.0, 2.0),)))
    results.add(record(repeat=1, scores=(("f1", 0.0, 1.0),)))

    (row,) = results.rows()

    assert row.samples == 2
    assert row.score == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"by": lambda rows: None}, "a function of a module"),
        ({"by": 7}, "a function of a module"),
        ({"by": largest, "of": "main"}, "scores by their names"),
        ({"by": largest, "of": ()}, "scores by their names"),
        ({"by": largest, "range": (1.0, 0.0)}, "has a range"),
        ({"by": largest, "better": "more"}, "has a range"),
    ],
)
def test_what_is_no_aggregate_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        Aggregate(**arguments)  # type: ignore[arg-type]


OWN = """
from pytest_modeleval import Aggregate, Completion, Sample, Score, benchmark, generated
from {module} import widest

ROWS = generated(lambda subset, index: {{"n": index}}, {{"main": 4}})

@benchmark(ROWS, lambda row: Sample(f"say {{row['n']}}", "42"), aggregates={{"widest": Aggregate(widest, ("size",))}})
def test_own(sample: Sample, completion: Completion) -> None:
    Score(0.25 * (int(sample.prompt[-1]) + 1), True, name="size")
"""
WIDEST = """
from pytest_modeleval.statistics.aggregates import bootstrapped

def widest(rows):
    return bootstrapped(lambda rows: max(row[0] for row in rows) - min(row[0] for row in rows), rows)
"""


@pytest.mark.parametrize("flags", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_a_benchmark_of_one_s_own_has_its_own_aggregate(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    faulty.fault = answer("42")
    project.makepyfile(test_own=OWN.format(module="figures"), figures=WIDEST)
    project.syspathinsert()

    result = run(project, "--model", "faulty", "test_own.py", *flags)

    result.assert_outcomes(passed=4)
    result.stdout.re_match_lines([r".*own +main +4 +0 +1\.000", r".* widest +4 +0 +0\.750", r".* size +4 +0 +0\.625"])


def test_an_aggregate_that_the_counting_process_has_not_ends_the_run_with_a_line(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = answer("42")
    own = OWN.format(module="os").replace("from os import widest", WIDEST)
    project.makepyfile(test_elsewhere=own)

    result = run(project, "--model", "faulty", "test_elsewhere.py", "-n", "2", "--import-mode", "importlib")

    assert result.ret != 0
    result.stderr.fnmatch_lines(["*own: widest: test_elsewhere:widest is not to be found in the process that counts*"])
