"""BFCL's groups of categories and its overall score, as the leaderboards of v3 and v4 compute them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_modeleval.statistics.aggregates import SUBSET, Aggregate, NoFigure, Rows
from pytest_modeleval.statistics.means import Estimate, estimate

SIMPLE = {"v3": ("simple", "java", "javascript"), "v4": ("simple_python", "simple_java", "simple_javascript")}
SEVERAL = ("multiple", "parallel", "parallel_multiple")
LIVE = ("live_simple", "live_multiple", "live_parallel", "live_parallel_multiple")
RELEVANCE = ("irrelevance", "live_irrelevance", "live_relevance")
MULTI_TURN = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")
MEMORY = ("memory_kv", "memory_vector", "memory_rec_sum")
WEB_SEARCH = ("web_search_base", "web_search_no_snippet")

# So many categories that an overall score lacks are named: more than those that nobody can score here.
_TOLD = 5

# Of each category the share of right answers, and how many there are.
Scores = Mapping[str, tuple[float, int]]


@dataclass(frozen=True)
class Figures:
    """The groups that have all their categories, ``overall`` among them, and what was ``missing`` for the others."""

    groups: Mapping[str, float]
    missing: Sequence[str]


@dataclass(frozen=True)
class _Group:
    parts: Sequence[str]
    mean: Callable[[Sequence[tuple[float, int]]], float]


def _plain(parts: Sequence[tuple[float, int]]) -> float:
    return sum(value for value, _ in parts) / len(parts)


def _by_samples(parts: Sequence[tuple[float, int]]) -> float:
    return sum(value * count for value, count in parts) / sum(count for _, count in parts)


def _by_weights(*weights: float) -> Callable[[Sequence[tuple[float, int]]], float]:
    return lambda parts: sum(weight * value for weight, (value, _) in zip(weights, parts, strict=True))


# bfcl-eval 2025.6.16 and 2026.3.23, ``generate_leaderboard_csv`` in ``eval_checker/eval_runner_helper.py``.
_GROUPS: Mapping[str, Mapping[str, _Group]] = {
    "v3": {
        "simple_ast": _Group(SIMPLE["v3"], _plain),
        "ast_non_live": _Group(("simple_ast", *SEVERAL), _plain),
        "ast_live": _Group(LIVE, _by_samples),
        "non_live": _Group(("simple_ast", *SEVERAL, "irrelevance"), _plain),
        "live": _Group((*LIVE, "live_irrelevance", "live_relevance"), _by_samples),
        "multi_turn": _Group(MULTI_TURN, _plain),
        "overall": _Group(("live", "non_live", "multi_turn"), _plain),
    },
    "v4": {
        "simple_ast": _Group(SIMPLE["v4"], _plain),
        "non_live": _Group(("simple_ast", *SEVERAL), _plain),
        "live": _Group(LIVE, _by_samples),
        "hallucination": _Group(("irrelevance", "live_irrelevance"), _plain),
        "multi_turn": _Group(MULTI_TURN, _plain),
        "web_search": _Group(WEB_SEARCH, _plain),
        "memory": _Group(MEMORY, _plain),
        "agentic": _Group(("web_search", "memory"), _plain),
        "overall": _Group(
            ("non_live", "live", "hallucination", "multi_turn", "agentic"), _by_weights(0.1, 0.1, 0.1, 0.3, 0.4)
        ),
    },
}


def categories(version: str) -> list[str]:
    """The categories that the overall score of ``v3`` or ``v4`` is made of, and the relevance of v4, which is not."""
    relevance = RELEVANCE if version == "v3" else (*RELEVANCE, *MEMORY, *WEB_SEARCH)
    return [*SIMPLE[version], *SEVERAL, *LIVE, *MULTI_TURN, *relevance]


def figures(scores: Scores, version: str) -> Figures:
    """The groups of ``v3`` or ``v4`` whose categories are all there; a missing one never counts as 0."""
    known = {name: score for name, score in scores.items() if score[1]}
    groups: dict[str, float] = {}
    for name, group in _GROUPS[version].items():
        if all(part in known for part in group.parts):
            parts = [known[part] for part in group.parts]
            groups[name] = group.mean(parts)
            known[name] = groups[name], sum(count for _, count in parts)
    needed = [each for each in categories(version) if version == "v3" or each != "live_relevance"]
    return Figures(groups, [each for each in needed if each not in known])


def _estimate(rows: Rows, version: str, name: str) -> Estimate:
    """A group of rows of (score, category), with its error and interval.

    A group is a weighted mean of its categories, so its error is √Σ(we)² of theirs, and its interval is put together
    from theirs in the same way (MOVER, Zou and Donner 2008). `NoFigure` where a category is missing.
    """
    values: dict[str, list[float]] = {}
    for score, category in rows:
        if score is not None:
            values.setdefault(str(category), []).append(score)
    found = {category: mean for category, its in values.items() if (mean := estimate(its))}
    counts = {category: len(its) for category, its in values.items()}
    known = figures({category: (each.mean, counts[category]) for category, each in found.items()}, version)
    if name not in known.groups:
        raise NoFigure(_without(known.missing) if name == "overall" else "")
    # What each category adds: a group is linear in them.
    alone = {
        of: figures({each: (float(each == of), count) for each, count in counts.items()}, version).groups[name]
        for of in found
    }
    errors = [alone[of] * (each.standard_error or 0.0) for of, each in found.items()]
    low = math.hypot(*(alone[of] * (each.mean - each.low) for of, each in found.items()))
    high = math.hypot(*(alone[of] * (each.high - each.mean) for of, each in found.items()))
    has_error = all(each.standard_error is not None for of, each in found.items() if alone[of])
    middle = known.groups[name]
    return Estimate(middle, math.hypot(*errors) if has_error else None, max(0.0, middle - low), min(1.0, middle + high))


def _without(missing: Sequence[str]) -> str:
    more = f" and {len(missing) - _TOLD} other categories" if len(missing) > _TOLD else ""
    return f"without {', '.join(missing[:_TOLD])}{more}"


class V3:
    """The groups of v3, each by its name, of rows of (score, category)."""


class V4:
    """The groups of v4."""


def _aggregates(groups: type) -> Mapping[str, Aggregate]:
    """A benchmark's figures by the names of groups, whose functions any process finds in a class of this module."""
    version = groups.__name__.lower()
    return {
        name: Aggregate(_group(groups, version, name), ("main", SUBSET), subsets=[*_categories(version, name)])
        for name in _GROUPS[version]
    }


def _categories(version: str, name: str) -> Iterator[str]:
    """The categories of a group, and of the groups in it; of a category itself."""
    if name not in _GROUPS[version]:
        yield name
        return
    for part in _GROUPS[version][name].parts:
        yield from _categories(version, part)


def _group(groups: type, version: str, name: str) -> Callable[[Rows], Estimate]:
    def group(rows: Rows) -> Estimate:
        return _estimate(rows, version, name)

    group.__qualname__ = f"{groups.__name__}.{name}"
    setattr(groups, name, staticmethod(group))
    return group


FIGURES = {"v3": _aggregates(V3), "v4": _aggregates(V4)}
