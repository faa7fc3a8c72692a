"""The win rate that a model would have with answers as long as its opponent's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from pytest_modeleval.statistics.logistic import Block, fit, of_logit
from pytest_modeleval.statistics.means import Estimate

# With fewer pairs the length's coefficient is hardly known, and the win rate follows it.
LEAST_PAIRS = 100


@dataclass(frozen=True)
class LengthControlled:
    """A win rate at equal lengths, and on the logit the ``advantage`` it is of and what ``length`` adds.

    ``length`` is positive where the judge likes long answers. ``is_penalised`` says that every pair had one winner, so
    that the advantage was drawn to 0 as well.
    """

    win_rate: Estimate
    advantage: Estimate
    length: Estimate
    is_penalised: bool


def win_rate_lc(
    preferences: Sequence[float],
    lengths: Sequence[tuple[float, float]],
    *,
    ridge: float = 1.0,
    least: int = LEAST_PAIRS,
    confidence: float = 0.95,
) -> LengthControlled:
    """The length-controlled win rate over pairs of answers, one pair a prompt.

    A preference is 1 where the model won, 0 where its opponent did, and may lie between; lengths are characters of
    (the model's, the opponent's). It is AlpacaEval's regression, logit P = θ + φ·tanh(Δ/sd(Δ)) (Dubois et al. 2024,
    arXiv:2404.04475), without its instructions' difficulties, with the penalty ½·ridge·φ² in place of its L1, and with
    sandwich errors: not the published figure. Δ is not centred, so that 0 is equal length. ValueError for fewer pairs
    than ``least``.
    """
    if len(preferences) < least:
        raise ValueError(
            f"{len(preferences)} pairs are too few for a length-controlled win rate: it takes {least} to tell what the "
            "judge likes from what is long"
        )
    more = [own - other for own, other in lengths]
    spread = stdev(more)
    column = [math.tanh(length / spread) if spread else 0.0 for length in more]
    block = Block([(0, 1.0)], preferences, [1.0] * len(more), range(len(more)), [column])
    found = fit([block], 2, [0.0, ridge]) or fit([block], 2, [1.0, ridge], is_penalised=True)
    if found is None:
        raise ValueError(f"no win rate is found for {len(more)} pairs at equal length: give the length a ridge above 0")
    advantage, length = (found.estimate(one, "CR0", confidence) for one in ((1.0, 0.0), (0.0, 1.0)))
    return LengthControlled(of_logit(advantage), advantage, length, found.is_penalised)
