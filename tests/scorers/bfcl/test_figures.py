"""BFCL's groups, against what `generate_leaderboard_csv` of bfcl-eval 2025.6.16 (v3) and 2026.3.23 (v4) writes."""

from statistics import NormalDist, stdev

import pytest

from pytest_modeleval.scorers.bfcl.figures import FIGURES, LIVE, categories, figures
from pytest_modeleval.statistics.aggregates import Aggregate, NoFigure

# Of qwen3-coder-plus, as EvalScope's documentation has them, with the whole data's counts.
CODER = {
    "live_simple": (0.8171, 258),
    "live_multiple": (0.8085, 1053),
    "live_parallel": (0.375, 16),
    "live_parallel_multiple": (0.4167, 24),
    "simple": (0.955, 400),
    "multiple": (0.945, 200),
    "parallel": (0.55, 200),
    "parallel_multiple": (0.56, 200),
    "java": (0.64, 100),
    "javascript": (0.82, 50),
    "multi_turn_base": (0.43, 200),
    "multi_turn_miss_func": (0.24, 200),
    "multi_turn_miss_param": (0.305, 200),
    "multi_turn_long_context": (0.385, 200),
    "irrelevance": (0.8458, 240),
    "live_relevance": (0.6471, 18),
    "live_irrelevance": (0.8343, 882),
}


def test_the_groups_of_v3() -> None:
    found = figures(CODER, "v3")
    live = (258 * 0.8171 + 1053 * 0.8085 + 16 * 0.375 + 24 * 0.4167 + 18 * 0.6471 + 882 * 0.8343) / 2251
    non_live = (0.805 + 0.945 + 0.55 + 0.56 + 0.8458) / 5

    assert found.missing == []
    assert found.groups == pytest.approx(
        {
            "simple_ast": 0.805,
            "ast_non_live": 0.715,
            "ast_live": (258 * 0.8171 + 1053 * 0.8085 + 16 * 0.375 + 24 * 0.4167) / 1351,
            "non_live": non_live,
            "live": live,
            "multi_turn": 0.34,
            "overall": (live + non_live + 0.34) / 3,
        }
    )


def v4() -> dict[str, tuple[float, int]]:
    scores = {"simple_python": CODER["simple"], "simple_java": CODER["java"], "simple_javascript": CODER["javascript"]}
    shared = {name: score for name, score in CODER.items() if name not in ("simple", "java", "javascript")}
    agentic = {
        "memory_kv": 0.2,
        "memory_vector": 0.3,
        "memory_rec_sum": 0.4,
        "web_search_base": 0.5,
        "web_search_no_snippet": 0.1,
    }
    return scores | shared | {name: (score, 100) for name, score in agentic.items()}


def test_the_groups_of_v4() -> None:
    found = figures(v4(), "v4")
    live = (258 * 0.8171 + 1053 * 0.8085 + 16 * 0.375 + 24 * 0.4167) / 1351

    assert found.missing == []
    assert found.groups["hallucination"] == pytest.approx((0.8458 + 0.8343) / 2)
    assert found.groups["agentic"] == pytest.approx(0.3)
    assert found.groups["overall"] == pytest.approx(
        0.1 * 0.715 + 0.1 * live + 0.1 * (0.8458 + 0.8343) / 2 + 0.3 * 0.34 + 0.4 * 0.3
    )


@pytest.mark.parametrize("lacking", ["memory_vector", "irrelevance", "live_parallel"])
def test_without_a_category_there_is_no_overall_and_it_is_said(lacking: str) -> None:
    found = figures({name: score for name, score in v4().items() if name != lacking}, "v4")

    assert "overall" not in found.groups
    assert found.missing == [lacking]
    assert found.groups["multi_turn"] == pytest.approx(0.34)


def test_a_category_of_no_samples_is_missing() -> None:
    assert figures(CODER | {"java": (0.0, 0)}, "v3").missing == ["java"]


def test_relevance_counts_in_v3_alone() -> None:
    without = {name: score for name, score in v4().items() if name != "live_relevance"}

    assert figures(without, "v4").groups == figures(v4(), "v4").groups
    assert "live_relevance" in figures({}, "v3").missing
    assert (len(categories("v3")), len(categories("v4"))) == (17, 22)


def rows_of(scores: dict[str, tuple[float, int]]) -> list[list[float | str]]:
    return [
        [float(place < round(share * count)), name] for name, (share, count) in scores.items() for place in range(count)
    ]


@pytest.mark.parametrize(("version", "scores"), [("v3", CODER), ("v4", v4())])
def test_figures_of_samples_are_those_of_their_categories(version: str, scores: dict[str, tuple[float, int]]) -> None:
    rows = rows_of(scores)
    exact = {name: (round(share * count) / count, count) for name, (share, count) in scores.items()}
    groups = figures(exact, version).groups

    for name, aggregate in FIGURES[version].items():
        found = aggregate.figure(rows)
        assert found is not None
        assert found.mean == pytest.approx(groups[name])
        assert found.low < found.mean < found.high
        # Another process finds the function by its name.
        assert Aggregate.of_kept(aggregate.kept).figure(rows) == found


def test_the_error_of_live_is_that_of_its_strata() -> None:
    rows = rows_of({name: CODER[name] for name in LIVE})
    found = FIGURES["v4"]["live"].figure(rows)
    of = {name: [float(score) for score, category in rows if category == name] for name in LIVE}
    total = len(rows)
    variance = sum((len(its) / total) ** 2 * stdev(its) ** 2 / len(its) for its in of.values())

    assert found is not None
    assert found.standard_error == pytest.approx(variance**0.5)
    assert found.high - found.low == pytest.approx(2 * NormalDist().inv_cdf(0.975) * variance**0.5, rel=0.05)


def test_an_overall_that_lacks_categories_says_which() -> None:
    scores = v4()
    del scores["memory_vector"], scores["web_search_base"]
    rows = rows_of(scores)

    with pytest.raises(NoFigure, match=r"^without memory_vector, web_search_base$"):
        FIGURES["v4"]["overall"].figure(rows)
    with pytest.raises(NoFigure, match=r"^$"):
        FIGURES["v4"]["agentic"].figure(rows)
    with pytest.raises(NoFigure, match=r"^without simple_java, .* and 14 other categories$"):
        FIGURES["v4"]["overall"].figure(
            rows_of({name: CODER[name] for name in ("live_simple",)} | {"simple_python": (1.0, 4)})
        )
