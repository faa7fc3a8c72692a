"""What judges said of an answer, and what that comes to."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

# How two answers stood, in words: the letters of a label are places, and A is whichever was shown first.
SHOWN = {"AB": "as named", "BA": "swapped"}
MEAN, MEDIAN, MAJORITY = AGGREGATIONS = ("mean", "median", "majority")


@dataclass(frozen=True)
class Vote:
    """One verdict of one judge: ``value`` is what its ``label`` stands for, or the number; ``order`` how two stood.

    ``order`` is "" for one answer; of two, "AB" where the one that was named first was shown first, else "BA". The
    value is then that of the one named first, and ``strength`` 2 where the other was much worse, or much better.
    """

    judge: str
    label: str
    value: float
    reason: str = ""
    repeat: int = 0
    order: str = ""
    strength: int = 1


@dataclass(frozen=True)
class Verdict:
    """What the judges say together; ``label`` is the most frequent, "" for a number.

    ``votes`` are all valid ones, ``how`` they are joined is one of `AGGREGATIONS`.
    It is no yes or no: an `assert` of one is a `TypeError`.
    """

    value: float
    label: str
    votes: Sequence[Vote]
    how: str = MEAN

    @property
    def is_split(self) -> bool:
        """Whether not all votes are the same."""
        return len({(vote.label, vote.value) for vote in self.votes}) > 1

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is no yes or no: compare its value or label, or let judge.grade make a score of it")

    def __str__(self) -> str:
        """Each vote in a few words."""
        return "; ".join(f"{vote.judge}: {vote.label or f'{vote.value:g}'}" for vote in self.votes)


@dataclass(frozen=True)
class Battle:
    """What the judges say of two answers: ``value`` is 1 where the one named first wins, 0.5 for a tie, 0 for a loss.

    ``games`` are the valid votes in each order. Where the orders disagree that is a tie, and not ``is_consistent``.
    Of two ``equal`` answers none was asked. As a verdict, it is no yes or no.
    """

    value: float
    games: Sequence[Vote] = ()
    is_consistent: bool = True
    equal: bool = False

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a battle is no yes or no: compare its value, or make a score of it, `won(battle)` of "
            "pytest_modeleval.judging.battles"
        )

    def __str__(self) -> str:
        """Each game in a few words."""
        return "; ".join(f"{vote.judge} ({SHOWN[vote.order]}): {vote.label}" for vote in self.games) or "equal answers"


@dataclass(frozen=True)
class Judged:
    """One request for a verdict, as the store keeps it: what was said, or why nothing could be read (``error``).

    ``name`` is the metric or the criterion, ``key`` that of the judge's reply. ``again`` says that it was asked once
    more, ``probe`` that the answer held a verdict put in by us.
    """

    judge: str
    name: str
    order: str
    repeat: int
    again: bool
    label: str = ""
    value: float | None = None
    reason: str = ""
    error: str = ""
    key: str = ""
    probe: bool = False


@dataclass(frozen=True)
class Judgement:
    """What all judges came to on one question, as the store keeps it.

    ``name`` is the metric or the criterion, ``judged`` the hash of the one or two texts that they saw. ``pin`` stands
    for who judged by which rubric and settings, ``gives`` is what the verdict could be (`labels.kept_gives`).
    """

    name: str
    judged: str
    pin: str
    gives: str
    label: str
    value: float


def verdict_of(votes: Sequence[Vote], how: str) -> Verdict:
    """The verdict of some votes: of each judge's repeats first, then of the judges, who weigh the same.

    A tie of a majority goes to the label that was there first.
    """
    by_judge: dict[str, list[Vote]] = {}
    for vote in votes:
        by_judge.setdefault(vote.judge, []).append(vote)
    each = [_aggregated(own, how) for own in by_judge.values()]
    value, label = _joined(each, how)
    return Verdict(value, label, votes, how)


def battle_of(votes: Sequence[Vote], how: str) -> Battle:
    """The outcome of two answers: of each judge and repeat a win in all orders, or a tie; then as `verdict_of`."""
    pairs: dict[tuple[str, int], list[Vote]] = {}
    for vote in votes:
        pairs.setdefault((vote.judge, vote.repeat), []).append(vote)
    ended = [
        Vote(judge, "", games[0].value if agree(games) else 0.5, repeat=repeat)
        for (judge, repeat), games in pairs.items()
    ]
    value = verdict_of(ended, how).value
    return Battle(value, votes, all(map(agree, pairs.values())))


def agree(games: Iterable[Vote]) -> bool:
    """Whether the votes in both orders say the same of the one named first."""
    return len({vote.value for vote in games}) == 1


def _aggregated(votes: Sequence[Vote], how: str) -> tuple[float, str]:
    return _joined([(vote.value, vote.label) for vote in votes], how)


def _joined(each: Sequence[tuple[float, str]], how: str) -> tuple[float, str]:
    # Of equal counts the first, as a Counter keeps the order.
    (value, label), _ = Counter(each).most_common(1)[0]
    values = [value for value, _ in each]
    if how == MEAN:
        value = statistics.fmean(values)
    elif how == MEDIAN:
        value = statistics.median(values)
    return value, label
