"""Evidence about two runs that holds however often it is looked at, fed pair by pair in an order fixed beforehand."""

import math
from dataclasses import dataclass

from pytest_modeleval.statistics.paired import binomial_tail


@dataclass(slots=True)
class Worse:
    """The e-process of the one-sided sequential McNemar test: is the second run worse?

    Under "no worse" each differing pair is a regression with chance at most ½, so the mixture of the likelihood ratios
    over every chance above it, 2^(m+1)·B(b+1, c+1)·P(Bin(m+1, ½) ≤ b), stays below 1/α for ever with chance 1−α
    (Robbins 1970, Ville's inequality). Exact on a fixed benchmark: no variance is estimated, samples may be of any
    difficulty.
    """

    regressions: int = 0
    fixes: int = 0
    most: float = 1.0

    def add(self, difference: float) -> None:
        """One pair: the second run's score less the first's; of equal scores nothing is learnt."""
        if difference:
            self.regressions += difference < 0
            self.fixes += difference > 0
            self.most = max(self.most, self.evidence)

    @property
    def evidence(self) -> float:
        """The e-value now: the factor by which the pairs speak for a regression; 1 before any."""
        b, c = self.regressions, self.fixes
        # P(Bin(m+1, ½) ≤ b), counted from the other side.
        below = binomial_tail(b + c + 1, c + 1)
        if not below:
            return 0.0
        beta = math.lgamma(b + 1) + math.lgamma(c + 1) - math.lgamma(b + c + 2)
        return math.exp(min(700.0, (b + c + 1) * math.log(2) + beta + math.log(below)))

    @property
    def p_value(self) -> float:
        """The p-value that holds at any time: one over the most evidence there has been."""
        return 1 / self.most


@dataclass(slots=True)
class Within:
    """The betting test that the finished run's change would stay above −margin: is the second run good enough?

    Samples are drawn without replacement from the benchmark's ``total``: with x = (difference+1)/2 the mean still to
    come under the hypothesis "the full run's change is −margin" moves with what was seen, and the wealth of a bet
    against it reaches 1/α with chance at most α (Waudby-Smith and Ramdas 2020, arXiv:2006.04347; 2024,
    arXiv:2010.09686). It is a claim about this benchmark's samples, not about all that might have been asked.
    """

    total: int
    margin: float
    seen: int = 0
    most: float = 1.0
    _log_wealth: float = 0.0
    _sum: float = 0.0
    _squares: float = 0.0

    def add(self, difference: float) -> None:
        """One pair: the second run's score less the first's, in -1..1."""
        x = (difference + 1) / 2
        mean = (self.total * (1 - self.margin) / 2 - self._sum) / (self.total - self.seen)
        if mean < 0 or (mean == 0 and x > 0):
            # Even if every pair to come were a regression, the change would stay within the margin.
            self._log_wealth = math.inf
        elif 0 < mean < 1:
            self._log_wealth += math.log1p(self._bet(mean) * (x - mean))
        self.seen += 1
        self._sum += x
        self._squares += (x - 0.5) ** 2
        self.most = max(self.most, math.exp(min(700.0, self._log_wealth)))

    def _bet(self, mean: float) -> float:
        """The share of wealth at stake, by what was seen before: 20 pseudo-pairs of which 5 % differ, no drop."""
        n = self.seen + _PSEUDO
        centre = (self._sum + _PSEUDO * 0.5) / n
        variance = (self._squares + _PSEUDO * _DISCORDANCE / 4) / n - (centre - 0.5) ** 2
        edge = centre - mean
        return max(0.0, min(edge / (variance + edge * edge), 0.9 / mean)) if edge > 0 else 0.0

    @property
    def p_value(self) -> float:
        """The p-value that holds at any time."""
        return 1 / self.most


# What the bets start from before they have seen anything (as simulated in bench/gate.py).
_PSEUDO, _DISCORDANCE = 20, 0.05
