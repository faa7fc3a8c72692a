"""Logistic regression with an L1 penalty, whose strength is found by cross-validation; without an intercept."""

import math
from collections.abc import Sequence
from operator import add, mul
from typing import NamedTuple

# What scikit-learn's `LogisticRegressionCV` tries: ten from 1e-4 to 1e4, evenly on a logarithmic scale.
STRENGTHS = tuple(10 ** (8 * step / 9 - 4) for step in range(10))
FOLDS = 5
# Steps of Newton's way and rounds over the coefficients in each; the change of a loss, and of a coefficient, that is
# none any more.
_STEPS, _ROUNDS, _SAME, _NOTHING = 100, 1000, 1e-10, 1e-12


class Rows(NamedTuple):
    """Features in columns, a share of outcomes that are 1 for each row, and what a row weighs."""

    columns: Sequence[Sequence[float]]
    outcomes: Sequence[float]
    weights: Sequence[float]

    def some(self, places: Sequence[int]) -> "Rows":
        """The rows at these places."""
        columns = [[column[place] for place in places] for column in self.columns]
        return Rows(columns, [self.outcomes[place] for place in places], [self.weights[place] for place in places])

    def logits(self, coefficients: Sequence[float]) -> list[float]:
        """The logit of each row's chance of a 1."""
        total, *others = (
            [feature * each for feature in column] for column, each in zip(self.columns, coefficients, strict=True)
        )
        for column in others:
            total = list(map(add, total, column))
        return total

    def loss(self, coefficients: Sequence[float]) -> float:
        """The weighted log loss: of a logit z and an outcome y it is ln(1 + e^z) - y·z."""
        told = zip(self.logits(coefficients), self.outcomes, self.weights, strict=True)
        return math.fsum(w * (max(z, 0.0) + math.log1p(math.exp(-abs(z))) - y * z) for z, y, w in told)


def fit_by_folds(rows: Rows) -> list[float]:
    """The coefficients at the strength that leaves the least log loss on rows which were left out.

    Every fifth row is left out in turn, and the loss is the mean over the five of a left-out row's. Of equally good
    strengths the smallest is taken, which penalises most.
    """
    losses = [0.0] * len(STRENGTHS)
    places = range(len(rows.outcomes))
    for fold in range(FOLDS):
        left_out = rows.some(places[fold::FOLDS])
        kept = rows.some([place for place in places if place % FOLDS != fold])
        found: list[float] | None = None
        for number, strength in enumerate(STRENGTHS):
            found = fit(kept, strength, start=found)
            losses[number] += left_out.loss(found) / len(left_out.outcomes)
    return fit(rows, STRENGTHS[losses.index(min(losses))])


def fit(rows: Rows, strength: float, *, start: Sequence[float] | None = None) -> list[float]:
    """The coefficients w that make Σ|w| + strength · (the log loss over the rows) the least, by proximal Newton."""
    found = list(start) if start else [0.0] * len(rows.columns)
    value = _objective(rows, found, strength)
    for _ in range(_STEPS):
        best, size, before = _best_near(rows, found, strength), 1.0, value
        while size > _SAME:
            tried = [old + size * (new - old) for old, new in zip(found, best, strict=True)]
            if (there := _objective(rows, tried, strength)) < value:
                found, value = tried, there
                break
            size /= 2
        if before - value <= _SAME * abs(value):
            break
    return found


def chance(logit: float) -> float:
    """The chance of a 1."""
    return 0.5 + 0.5 * math.tanh(logit / 2)


def _objective(rows: Rows, found: Sequence[float], strength: float) -> float:
    return sum(map(abs, found)) + strength * rows.loss(found)


def _best_near(rows: Rows, found: Sequence[float], strength: float) -> list[float]:
    """Where the penalised loss is the least if it bends as it does here, one coefficient after the other."""
    expected = list(map(chance, rows.logits(found)))
    told = list(zip(expected, rows.outcomes, rows.weights, strict=True))
    off, spread = [w * (p - y) for p, y, w in told], [w * p * (1 - p) for p, _, w in told]
    slope = [strength * sum(map(mul, off, column)) for column in rows.columns]
    bend = [
        [strength * sum(map(mul, map(mul, spread, column), other)) for other in rows.columns] for column in rows.columns
    ]
    best, size = list(found), range(len(found))
    for _ in range(_ROUNDS):
        moved = 0.0
        for i in size:
            curve = bend[i][i] + _NOTHING
            pull = slope[i] + sum(bend[i][j] * (best[j] - found[j]) for j in size if j != i)
            wanted = found[i] - pull / curve
            new = math.copysign(max(abs(wanted) - 1 / curve, 0.0), wanted)
            moved, best[i] = max(moved, abs(new - best[i])), new
        if moved <= _NOTHING:
            break
    return best
