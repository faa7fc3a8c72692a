"""How far a judge agrees with people, and with itself when it is shown two answers in the other order."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from pytest_modeleval.statistics.means import Estimate, estimate, wilson
from pytest_modeleval.statistics.paired import Change, bonett_price


@dataclass(frozen=True)
class Agreement:
    """A judge's right-or-wrong verdicts beside people's, over the same answers.

    ``agreement`` is the share of equal verdicts, ``kappa`` Cohen's, ``ac1`` Gwet's. ``true_positive_rate`` is the share
    that the judge calls right of what people call right, ``true_negative_rate`` what it calls wrong of what they call
    wrong; None where people called none so. ``difference`` is the judge's share of right answers less people's.
    """

    n: int
    agreement: Estimate
    kappa: Estimate | None
    ac1: float
    true_positive_rate: Estimate | None
    true_negative_rate: Estimate | None
    difference: Change


def agreement(pairs: Sequence[tuple[int, int]], *, confidence: float = 0.95) -> Agreement:
    """What (people's, the judge's) verdicts, 1 right and 0 wrong, tell of the judge; ValueError without any.

    Rates have Wilson's intervals, the difference Bonett and Price's, as both judge the same answers.
    """
    counts = Counter((bool(people), bool(judge)) for people, judge in pairs)
    if not counts:
        raise ValueError("no answer has a verdict of people and of the judge: nothing to compare")
    missed, invented = counts[True, False], counts[False, True]
    both_right, both_wrong = counts[True, True], counts[False, False]
    n = len(pairs)
    return Agreement(
        n,
        _share(both_right + both_wrong, n, confidence),
        kappa(pairs, confidence=confidence),
        ac1(pairs),
        _share(both_right, both_right + missed, confidence) if both_right + missed else None,
        _share(both_wrong, both_wrong + invented, confidence) if both_wrong + invented else None,
        bonett_price(missed, invented, n, confidence=confidence),
    )


def kappa(pairs: Sequence[tuple[Hashable, Hashable]], *, confidence: float = 0.95) -> Estimate | None:
    """Cohen's kappa of two raters' labels, of any number of kinds; None where one of them gave one label only.

    It would be 0 there whatever they agree on, or 0/0. Its standard error is that of large samples (Fleiss, Cohen and
    Everitt 1969). Where all labels agree it is 0 and says nothing: the lower end is then that of Wilson's interval for
    the agreement, put into kappa's place.
    """
    n = len(pairs)
    one, two = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    if min(len(one), len(two)) < 2:
        return None
    same = sum(first == second for first, second in pairs)
    observed, chance = same / n, sum(one[label] * two[label] for label in one) / n**2
    found = (observed - chance) / (1 - chance)
    if same == n:
        return Estimate(found, 0.0, (wilson(n, n, confidence=confidence)[0] - chance) / (1 - chance), 1.0)
    squares = math.fsum(
        count / n * (((first == second) - (two[first] + one[second]) / n * (1 - found)) ** 2)
        for (first, second), count in Counter(pairs).items()
    )
    error = math.sqrt(max(0.0, squares - (found - chance * (1 - found)) ** 2) / n) / (1 - chance)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return Estimate(found, error, max(-1.0, found - half), min(1.0, found + half))


def ac1(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Gwet's AC1 of two raters' labels (2008), which prevalence moves less than kappa; ValueError without pairs."""
    if not pairs:
        raise ValueError("no pair of labels: nothing to compare")
    n = len(pairs)
    shares = [count / (2 * n) for count in Counter(label for pair in pairs for label in pair).values()]
    chance = sum(share * (1 - share) for share in shares) / max(1, len(shares) - 1)
    return (sum(first == second for first, second in pairs) / n - chance) / (1 - chance)


@dataclass(frozen=True)
class OrderEffect:
    """What the order in which a judge sees two answers does to its verdict.

    ``consistent`` is the share of pairs with one winner in both orders, ties being the same too. ``first_shown`` is
    the share of verdicts other than ties for the answer that was shown first, ½ of a judge that heeds no order; None
    where all are ties.
    """

    pairs: int
    consistent: Estimate
    first_shown: Estimate | None


def order_effect(verdicts: Sequence[tuple[float, float]], *, confidence: float = 0.95) -> OrderEffect:
    """The effect of the order on verdicts for one of two answers: (where it was shown first, where it was second).

    A verdict is 1 for the one, 0 for the other, ½ for a tie. The interval of the first shown is over pairs, as two
    verdicts on one pair are not independent: of a consistent judge's, exactly one is for what was shown first.
    ValueError without verdicts.
    """
    if not verdicts:
        raise ValueError("no pair of answers was judged in both orders: nothing to compare")
    firsts = [[v for v in (first, 1 - second) if v != 0.5] for first, second in verdicts]
    decided = [(sum(v > 0.5 for v in values) / len(values), len(values)) for values in firsts if values]
    consistent = sum(first == second for first, second in verdicts)
    return OrderEffect(
        len(verdicts),
        _share(consistent, len(verdicts), confidence),
        estimate([share for share, _ in decided], [number for _, number in decided], confidence=confidence),
    )


def _share(successes: int, n: int, confidence: float) -> Estimate:
    found = estimate([1.0] * successes + [0.0] * (n - successes), confidence=confidence)
    assert found is not None
    return found
