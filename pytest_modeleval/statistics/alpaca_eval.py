"""AlpacaEval's length-controlled win rate, as its authors' script fits it (Dubois et al. 2024, arXiv:2404.04475)."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import stdev
from typing import NamedTuple

from pytest_modeleval.statistics.lasso import Rows, chance, fit_by_folds
from pytest_modeleval.statistics.means import Estimate, estimate

# What both baselines that were told to be verbose and to be concise weigh together (`regularize_to_baseline_lambda`).
_GAMED = 0.2


class Pair(NamedTuple):
    """A model's answer beside the baseline's: what the judge prefers (1: the model's), lengths, the instruction."""

    preference: float
    length: float
    baseline_length: float
    instruction: int


class Gamed(NamedTuple):
    """A row of the authors' ``df_gamed.csv``: the baseline itself, told to write more or less."""

    instruction: int
    difficulty: float
    difference: float
    preference: float


def length_controlled(pairs: Sequence[Pair], gamed: Sequence[Gamed]) -> Estimate | None:
    """The mean chance of a win where both answers are as long, by the instructions' difficulties.

    The regression is logit P = θ + φ·tanh(Δ/sd(Δ)) + ψ·γ, with Δ the baseline's length less the model's, fitted on the
    pairs and, to hold θ, on the gamed baselines, whose θ is 0; then Δ is 0 (`get_length_controlled_winrate` of
    tatsu-lab/alpaca_eval, `length_controlled_v1`). Its error is that of a mean over instructions. Pairs of instructions
    without a difficulty are left out; None without pairs.
    """
    return _fitted(tuple(pairs), tuple(gamed))


# A table asks for it several times, and it takes seconds.
@lru_cache(maxsize=8)
def _fitted(pairs: Sequence[Pair], gamed: Sequence[Gamed]) -> Estimate | None:
    difficulties: Mapping[int, float] = {row.instruction: row.difficulty for row in gamed}
    pairs = [pair for pair in pairs if pair.instruction in difficulties]
    if not pairs:
        return None
    own = [difficulties[pair.instruction] for pair in pairs]
    less = [pair.baseline_length - pair.length for pair in pairs]
    spread = (stdev(less) if len(less) > 1 else 0.0) or 1.0
    columns = [
        [math.tanh(each) for each in (*(row.difference for row in gamed), *(each / spread for each in less))],
        [*(row.difficulty for row in gamed), *own],
        [*[0.0] * len(gamed), *[1.0] * len(pairs)],
    ]
    outcomes = [*(row.preference for row in gamed), *(pair.preference for pair in pairs)]
    weights = [*[_GAMED / 2] * len(gamed), *[1.0] * len(pairs)]
    _, of_difficulty, advantage = fit_by_folds(Rows(columns, outcomes, weights))
    return estimate([chance(advantage + of_difficulty * difficulty) for difficulty in own])
