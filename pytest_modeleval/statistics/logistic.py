"""Logistic regression of outcomes between 0 and 1, with errors that heed clusters; without an intercept of its own."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import mul
from statistics import NormalDist
from typing import Literal, NamedTuple

from pytest_modeleval.statistics.means import Estimate

Matrix = list[list[float]]
# CR0 is the sandwich H⁻¹SH⁻¹ over clusters, which is HC0 where each row is one; CR1 that times G/(G−1) for G clusters;
# `model` is H⁻¹.
Errors = Literal["CR0", "CR1", "model"]
# Steps of Newton's way; five to eight do, and where coefficients run off to infinity none do.
_MOST_STEPS = 30


class Block(NamedTuple):
    """Rows with the same few coefficients, ``shared``: index and value; what differs is in ``columns``.

    The columns' coefficients are the last ones, one value a row in each. A row's outcome lies between 0 and 1.
    """

    shared: Sequence[tuple[int, float]]
    outcomes: Sequence[float]
    weights: Sequence[float]
    clusters: Sequence[Hashable]
    columns: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class Fit:
    """Coefficients with what their errors are made of.

    ``inverse`` is that of the information H with the ridge in it, ``scores`` the sum S of the clusters' squared scores.
    ``is_penalised`` says that no finite coefficients are the likeliest, and all were drawn to 0.
    """

    coefficients: list[float]
    inverse: Matrix
    scores: Matrix
    clusters: int

    is_penalised: bool

    def estimate(self, contrast: Sequence[float], errors: Errors, confidence: float) -> Estimate:
        """Σ contrast·coefficient with its normal interval; one cluster tells no error, and leaves no ends.

        Where the sandwich finds no spread, as all outcomes are what they are expected to be, such as ties of equals, or
        where the coefficients are penalised, the error is the model's if that is larger.
        """
        mean, variance = dot(contrast, self.coefficients), self._variance(contrast, errors)
        if variance is None:
            return Estimate(mean, None, -math.inf, math.inf)
        error = math.sqrt(variance)
        half = NormalDist().inv_cdf((1 + confidence) / 2) * error
        return Estimate(mean, error, mean - half, mean + half)

    def _variance(self, contrast: Sequence[float], errors: Errors) -> float | None:
        spread = product(self.inverse, contrast)
        of_model = dot(contrast, spread)
        if errors == "model":
            return of_model
        if self.clusters < 2:
            return None
        found = dot(spread, product(self.scores, spread))
        if errors == "CR1":
            found *= self.clusters / (self.clusters - 1)
        return max(found, of_model) if self.is_penalised or found <= 1e-12 * of_model else found


def of_logit(found: Estimate) -> Estimate:
    """The chance that a logit is of, its error by the delta method and its ends the logit's."""
    mean = chance(found.mean)
    error = None if found.standard_error is None else mean * (1 - mean) * found.standard_error
    return Estimate(mean, error, chance(found.low), chance(found.high))


def fit(blocks: Sequence[Block], size: int, ridge: Sequence[float], *, is_penalised: bool = False) -> Fit | None:
    """The coefficients with the largest likelihood less ½Σ ridge·coefficient²; None where no finite ones are.

    By Newton's way, its steps halved where they overshoot, until both the gradient and the step are nothing: a gradient
    alone vanishes also where coefficients run off to infinity, as they do where outcomes are separated.
    """
    at = [0.0] * size
    total = math.fsum(weight for block in blocks for weight in block.weights)
    value = _objective(blocks, at, ridge)
    for _ in range(_MOST_STEPS):
        gradient, information = _derivatives(blocks, at, ridge)
        root = cholesky(information)
        if root is None:
            return None
        step = solve(root, gradient)
        if max(map(abs, gradient)) <= 1e-9 * total and max(map(abs, step)) <= 1e-7:
            return Fit(at, inverse(root), *_scores(blocks, at), is_penalised)
        for _ in range(_MOST_STEPS):
            following = [one + change for one, change in zip(at, step, strict=True)]
            reached = _objective(blocks, following, ridge)
            if reached >= value - 1e-12 * abs(value):
                break
            step = [change / 2 for change in step]
        at, value = following, reached
    return None


def _linear(block: Block, at: Sequence[float]) -> list[float]:
    """The rows' linear predictors."""
    base = sum(value * at[index] for index, value in block.shared)
    found = [base] * len(block.outcomes)
    for coefficient, column in zip(at[len(at) - len(block.columns) :], block.columns, strict=True):
        found = [linear + coefficient * value for linear, value in zip(found, column, strict=True)]
    return found


def chance(linear: float) -> float:
    """1/(1+e^−x), also where e^−x is no number."""
    return 1 / (1 + math.exp(-linear)) if linear > -700 else 0.0


def _objective(blocks: Sequence[Block], at: Sequence[float], ridge: Sequence[float]) -> float:
    """The logarithm of the likelihood, Σ w(y·x − ln(1+eˣ)), less the penalty."""
    found = -sum(penalty * one * one for penalty, one in zip(ridge, at, strict=True)) / 2
    for block in blocks:
        found += sum(
            weight * (outcome * x - (max(x, 0.0) + math.log1p(math.exp(-abs(x)))))
            for outcome, weight, x in zip(block.outcomes, block.weights, _linear(block, at), strict=True)
        )
    return found


def _derivatives(blocks: Sequence[Block], at: Sequence[float], ridge: Sequence[float]) -> tuple[list[float], Matrix]:
    """The gradient and the information at a place."""
    size = len(at)
    gradient = [-penalty * one for penalty, one in zip(ridge, at, strict=True)]
    information = [[ridge[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
    for block in blocks:
        chances = list(map(chance, _linear(block, at)))
        rests = _rests(block, chances)
        widths = [weight * p * (1 - p) for weight, p in zip(block.weights, chances, strict=True)]
        last = list(enumerate(block.columns, size - len(block.columns)))
        weighted = [(index, column, list(map(mul, widths, column))) for index, column in last]
        slope, width = sum(rests), sum(widths)
        sums = [(index, sum(column)) for index, _, column in weighted]
        for i, one in block.shared:
            gradient[i] += one * slope
            for j, two in block.shared:
                information[i][j] += one * two * width
            for j, part in sums:
                information[i][j] += one * part
                information[j][i] += one * part
        for i, column, of_column in weighted:
            gradient[i] += sum(map(mul, rests, column))
            for j, other in last:
                information[i][j] += sum(map(mul, of_column, other))
    return gradient, information


def _rests(block: Block, chances: Sequence[float]) -> list[float]:
    return [weight * (y - p) for weight, y, p in zip(block.weights, block.outcomes, chances, strict=True)]


def _scores(blocks: Sequence[Block], at: Sequence[float]) -> tuple[Matrix, int]:
    """Σ over clusters of the squared sum of their rows' scores w(y−p)x, and the number of clusters."""
    places: dict[Hashable, int] = {}
    for block in blocks:
        for cluster in block.clusters:
            places.setdefault(cluster, len(places))
    sums = [[0.0] * len(places) for _ in at]
    for block in blocks:
        rests = _rests(block, list(map(chance, _linear(block, at))))
        rows = [places[cluster] for cluster in block.clusters]
        for index, value in block.shared:
            of_index = sums[index]
            for row, rest in zip(rows, rests, strict=True):
                of_index[row] += value * rest
        for index, column in enumerate(block.columns, len(at) - len(block.columns)):
            of_index = sums[index]
            for row, rest, value in zip(rows, rests, column, strict=True):
                of_index[row] += value * rest
    found = [[0.0] * len(at) for _ in at]
    for i, one in enumerate(sums):
        for j in range(i + 1):
            found[i][j] = found[j][i] = sum(map(mul, one, sums[j]))
    return found, len(places)


def cholesky(matrix: Matrix) -> Matrix | None:
    """The lower root L of a symmetric matrix, LLᵀ; None where it is not positive definite to rounding."""
    root: Matrix = []
    for i, row in enumerate(matrix):
        found: list[float] = []
        for j in range(i):
            found.append((row[j] - dot(found, root[j][:j])) / root[j][j])
        left = row[i] - dot(found, found)
        if left <= 1e-12 * row[i] or row[i] <= 0:
            return None
        root.append([*found, math.sqrt(left)])
    return root


def solve(root: Matrix, right: Sequence[float]) -> list[float]:
    """The x with LLᵀx = right."""
    found: list[float] = []
    for row, value in zip(root, right, strict=True):
        found.append((value - dot(found, row[:-1])) / row[-1])
    for i in reversed(range(len(root))):
        found[i] = (found[i] - sum(root[k][i] * found[k] for k in range(i + 1, len(root)))) / root[i][i]
    return found


def inverse(root: Matrix) -> Matrix:
    """The inverse of LLᵀ."""
    return [solve(root, [float(i == j) for j in range(len(root))]) for i in range(len(root))]


def product(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    """Matrix times vector."""
    return [dot(row, vector) for row in matrix]


def dot(one: Sequence[float], two: Sequence[float]) -> float:
    """Σ of the products."""
    return float(sum(map(mul, one, two)))
