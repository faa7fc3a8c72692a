"""Win rates as people see them: models' verdicts on all battles, corrected by people's votes on a random part."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean

from pytest_modeleval.arena.standings import VOTES, Played, Standings
from pytest_modeleval.judging.labels import is_random_part
from pytest_modeleval.record import Game
from pytest_modeleval.statistics.corrected import prediction_powered
from pytest_modeleval.statistics.means import Estimate

# Below so many votes on a pair's battles an interval promises too much (`prediction_powered`).
LEAST_VOTES = 20


@dataclass(frozen=True)
class ByVotes:
    """The share of its battles with ``two`` that ``one`` wins, ``judged`` by models, and as people would have it.

    ``votes`` are the battles that people voted on, of so many ``battles``; ``power`` is how far verdicts count.
    """

    one: str
    two: str
    battles: int
    votes: int
    judged: float
    share: Estimate
    power: float


def by_votes(found: Standings) -> list[ByVotes]:
    """What people's votes make of each pair's battles; nothing of pairs of which they are no random part.

    That is PPI++ over prompts, on each of which a pair meets once, so that its battles are independent. Where both
    answers were equal nobody voted, and both sides have half.
    """
    drawn = {name: seed for name, seed in found.seeds.items() if seed is not None}
    if len(found.seeds) != 1 or not drawn:
        return []
    ((people, seed),) = drawn.items()
    made = (_of_pair(*pair, found.played, people, seed) for pair in found.pairs)
    return [each for each in made if each is not None]


def table(corrected: Sequence[ByVotes]) -> list[list[str]]:
    """The same in a line each, below its head."""
    cells = [["model", "against", "judged", "by votes", "95% interval", "votes", "battles", "verdicts count"]]
    for each in corrected:
        shares = [f"{each.judged:.3f}", f"{each.share.mean:.3f}", f"[{each.share.low:.3f}, {each.share.high:.3f}]"]
        cells.append([each.one, each.two, *shares, f"{each.votes:,}", f"{each.battles:,}", f"{each.power:.2f}"])
    return cells


def _of_pair(one: str, two: str, played: Sequence[Played], people: str, seed: int) -> ByVotes | None:
    own = [each for each in played if (each.fought.one, each.fought.two) == (one, two)]
    if len({each.prompt for each in own}) < len(own):
        # Asked several times.
        return None
    equal = sum(each.fought.equal for each in own)
    judged = _values(own, lambda game: not game.judge.startswith(VOTES))
    voted = {
        about: value for about, value in _values(own, lambda game: game.judge == people).items() if about in judged
    }
    if len(voted) < LEAST_VOTES or not is_random_part(voted, judged, seed):
        return None
    labelled = [(value, judged[about]) for about, value in voted.items()]
    made = prediction_powered(labelled, [value for about, value in judged.items() if about not in voted])
    judges = math.fsum([*judged.values(), equal / 2]) / (len(judged) + equal)
    share = _with_equal(made.mean, len(judged), equal)
    return ByVotes(one, two, len(judged) + equal, len(voted), judges, share, made.power)


def _values(played: Sequence[Played], counts: Callable[[Game], bool]) -> dict[str, float]:
    """What some of the judges say of each battle together, each once; a repeat whose orders differ is a tie."""
    found = {}
    for each in played:
        repeats: dict[str, dict[int, set[float]]] = {}
        for game in filter(counts, each.fought.games):
            repeats.setdefault(game.judge, {}).setdefault(game.repeat, set()).add(game.value)
        ended = [[min(v) if len(v) == 1 else 0.5 for v in own.values()] for own in repeats.values()]
        if ended:
            found[each.fought.about] = fmean(map(fmean, ended))
    return found


def _with_equal(found: Estimate, unequal: int, equal: int) -> Estimate:
    """A share of battles of unequal answers together with those of equal ones, of which each side has half."""
    total = unequal + equal
    part = unequal / total
    mean = part * found.mean + (1 - part) / 2
    # How many answers are equal is a draw too.
    spread = math.sqrt(part * (1 - part) / total) * abs(found.mean - 0.5)
    half = NormalDist().inv_cdf(0.975) * spread
    error = None if found.standard_error is None else math.hypot(part * found.standard_error, spread)
    low = mean - math.hypot(part * (found.mean - found.low), half)
    return Estimate(mean, error, max(0.0, low), min(1.0, mean + math.hypot(part * (found.high - found.mean), half)))
