"""BFCL's groups, against what `generate_leaderboard_csv` of bfcl-eval 2025.6.16 (v3) and 2026.3.23 (v4) writes."""

import pytest

from pytest_modeleval.scorers.bfcl.figures import categories, figures

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
