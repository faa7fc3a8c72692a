"""Ratings of models from verdicts on pairs of their answers (Bradley and Terry 1952)."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pytest_modeleval.statistics.logistic import Block, Errors, Fit, fit, of_logit
from pytest_modeleval.statistics.means import Estimate

# A rating is 1000 and 400 points for odds of ten to one, as Elo's.
MIDDLE, POINTS = 1000.0, 400 / math.log(10)
# The penalty ½λΣθ² where outcomes are separated: ten wins and no loss make 370 points.
RIDGE = 1.0


class Comparison(NamedTuple):
    """One verdict on two models' answers: 1 where ``one`` won, 0 where ``two`` did, ½ for a tie.

    ``cluster`` is what verdicts that are not independent have in common, such as the prompt. ``columns`` are properties
    of the two answers as the one's less the two's, or 1 and -1 for which of them was shown first.
    """

    one: str
    two: str
    outcome: float
    cluster: Hashable
    weight: float = 1.0
    columns: tuple[float, ...] = ()


def bradley_terry(
    comparisons: Sequence[Comparison],
    columns: Sequence[str] = (),
    *,
    errors: Errors = "CR1",
    confidence: float = 0.95,
) -> "Ratings":
    """The models' ratings, and the coefficients of the named ``columns``, of which each comparison has as many values.

    A tie is half a win. Where the outcomes are separated, such as by a model that never lost, no finite ratings are the
    likeliest: then all coefficients are drawn to 0 by the penalty ½Σθ², and ``is_penalised`` says so. ValueError for
    no comparison, one of a model with itself, and values that are none.
    """
    _refuse_others(comparisons, columns)
    groups = _groups(comparisons)
    # Without a penalty the first of each group is at 0, as differences alone are known.
    free = [model for group in groups for model in group[1:]]
    for places, penalty in ((free, 0.0), ([model for group in groups for model in group], RIDGE)):
        index = {model: place for place, model in enumerate(places)}
        size = len(places) + len(columns)
        found = fit(_blocks(comparisons, index), size, [penalty] * size, is_penalised=bool(penalty))
        if found is not None:
            return Ratings(groups, tuple(columns), index, found, errors, confidence)
    raise ValueError(f"no ratings are found of {len(comparisons)} comparisons: a column's values are too large")


def _refuse_others(comparisons: Sequence[Comparison], columns: Sequence[str]) -> None:
    if not comparisons:
        raise ValueError("no comparison has a verdict: nothing to rate")
    for one in comparisons:
        if one.one == one.two:
            raise ValueError(f"{one.one!r} is compared with itself: give the models two names")
        if not 0 <= one.outcome <= 1 or not 0 < one.weight < math.inf:
            raise ValueError(f"an outcome lies between 0 and 1 and its weight above 0, not {one.outcome}, {one.weight}")
        if len(one.columns) != len(columns) or not all(map(math.isfinite, one.columns)):
            raise ValueError(f"a comparison has {len(columns)} numbers in its columns, not {one.columns}")


def _groups(comparisons: Sequence[Comparison]) -> tuple[tuple[str, ...], ...]:
    """The models by who is connected with whom over comparisons, each in the order of first mention."""
    leads: dict[str, str] = {}

    def lead(model: str) -> str:
        while leads.setdefault(model, model) != model:
            leads[model] = model = leads[leads[model]]
        return model

    for one, two in dict.fromkeys((each.one, each.two) for each in comparisons):
        leads[lead(two)] = lead(one)
    groups: dict[str, list[str]] = {}
    for model in list(leads):
        groups.setdefault(lead(model), []).append(model)
    return tuple(map(tuple, groups.values()))


def _blocks(comparisons: Sequence[Comparison], index: dict[str, int]) -> list[Block]:
    pairs: dict[tuple[str, str], list[Comparison]] = {}
    for each in comparisons:
        pairs.setdefault((each.one, each.two), []).append(each)
    return [
        Block(
            [(index[model], sign) for model, sign in zip(pair, (1.0, -1.0), strict=True) if model in index],
            [each.outcome for each in rows],
            [each.weight for each in rows],
            [each.cluster for each in rows],
            list(zip(*(each.columns for each in rows), strict=True)),
        )
        for pair, rows in pairs.items()
    ]


@dataclass(frozen=True)
class Ratings:
    """What comparisons tell of models: how they stand to each other within a group, and nothing across ``groups``.

    A group is the models that are connected by comparisons; with more than one there is no common ranking. Intervals
    are normal ones on the natural scale θ, on which a difference of 1 is odds of e, with the errors named ``errors``
    (`Fit.estimate`).
    """

    groups: tuple[tuple[str, ...], ...]
    columns: tuple[str, ...]
    _index: dict[str, int]
    _fit: Fit
    errors: Errors
    confidence: float

    @cached_property
    def _group_of(self) -> dict[str, tuple[str, ...]]:
        return {model: group for group in self.groups for model in group}

    @property
    def is_penalised(self) -> bool:
        """Whether outcomes are separated, or columns cannot be told from ratings, so that all is drawn to 0."""
        return self._fit.is_penalised

    @property
    def clusters(self) -> int:
        """How many independent clusters the errors are from."""
        return self._fit.clusters

    def rating(self, model: str, anchor: str | None = None) -> Estimate | None:
        """The model's rating in points, with its group's mean, or the ``anchor``, at 1000; None in another group."""
        group = self._group_of[model]
        if anchor is not None:
            found = self.difference(model, anchor)
        else:
            found = self._estimate({one: (one == model) - 1 / len(group) for one in group})
        if found is None:
            return None
        error = None if found.standard_error is None else POINTS * found.standard_error
        mean, low, high = (MIDDLE + POINTS * one for one in (found.mean, found.low, found.high))
        return Estimate(mean, error, low, high)

    def difference(self, one: str, two: str) -> Estimate | None:
        """θ of the one less that of the two, the logarithm of the odds; None where nothing connects them."""
        if two not in self._group_of[one]:
            return None
        return self._estimate({one: 1.0, two: -1.0}) if one != two else Estimate(0.0, 0.0, 0.0, 0.0)

    def win_rate(self, one: str, two: str) -> Estimate | None:
        """The chance that the one wins against the two, its interval by the delta method on the logit."""
        found = self.difference(one, two)
        return None if found is None else of_logit(found)

    def ranking(self) -> list[list[str]]:
        """Each group's models, the best first."""
        return [sorted(group, key=self._theta, reverse=True) for group in self.groups]

    def _theta(self, model: str) -> float:
        return self._fit.coefficients[self._index[model]] if model in self._index else 0.0

    @property
    def coefficients(self) -> dict[str, Estimate]:
        """The columns' coefficients on the natural scale: positive where more of it in an answer wins."""
        return {name: self._estimate({}, name) for name in self.columns}

    def _estimate(self, contrast: dict[str, float], column: str = "") -> Estimate:
        vector = [contrast.get(model, 0.0) for model in self._index]
        vector += [float(name == column) for name in self.columns]
        return self._fit.estimate(vector, self.errors, self.confidence)
