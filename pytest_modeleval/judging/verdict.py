"""What judges said of an answer, and what that comes to."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

MEAN, MEDIAN, MAJORITY = AGGREGATIONS = ("mean", "median", "majority")
# What verdicts on thoughts are called among a sample's others, which are on its answer.
FIRST_RIGHT, SOLUTIONS = OF_THOUGHTS = ("first right paragraph", "solutions")
# Between the labels of a tie.
_OR = " / "


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


class Said:
    """What judges said, which knows whether anybody has looked at it."""

    _is_seen = False

    # Not for type checkers, to which any name would be one then.
    if not TYPE_CHECKING:

        def __getattribute__(self, name: str) -> Any:
            """Its fields, and what is made of them."""
            if not name.startswith("_"):
                vars(self)["_is_seen"] = True
            return super().__getattribute__(name)


@dataclass(frozen=True)
class Verdict(Said):
    """What the judges say together; ``label`` is the most frequent, "" for a number, and all of a tie, ``A / B``.

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

    @property
    def is_right(self) -> bool:
        """Whether it passes, of labels: `passes`."""
        return passes(self.value, self.votes)

    def __bool__(self) -> NoReturn:
        raise TypeError("a verdict is no yes or no: compare its value or label, or let judge.grade make a score of it")

    def __str__(self) -> str:
        """Each vote in a few words."""
        return "; ".join(f"{vote.judge}: {vote.label or f'{vote.value:g}'}" for vote in self.votes)


@dataclass(frozen=True)
class Battle(Said):
    """What the judges say of two answers: ``value`` is 1 where the one named first wins, 0.5 for a tie, 0 for a loss.

    ``games`` are the valid votes in each order. Where the orders disagree that is a tie, and not ``is_consistent``.
    Of two ``equal`` answers none was asked. As a verdict, it is no yes or no.
    """

    value: float
    games: Sequence[Vote] = ()
    is_consistent: bool = True
    equal: bool = False

    def __bool__(self) -> NoReturn:
        raise TypeError("a battle is no yes or no: compare its value, or let judging.battles.won make a score of it")

    def __str__(self) -> str:
        """Each game in a few words."""
        return "; ".join(f"{vote.judge} ({vote.order}): {vote.label}" for vote in self.games) or "equal answers"


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


def was_seen(said: Said) -> bool:
    """Whether anybody has looked at it since it was made."""
    return said._is_seen


def verdict_of(votes: Sequence[Vote], how: str) -> Verdict:
    """The verdict of some votes: of each judge's repeats first, then of the judges, who weigh the same.

    A majority that several share is the mean of what they stand for, whoever was asked first.
    """
    by_judge: dict[str, list[Vote]] = {}
    for vote in votes:
        by_judge.setdefault(vote.judge, []).append(vote)
    each = [_aggregated(own, how) for own in by_judge.values()]
    value, label = _joined(each, how)
    return Verdict(value, label, votes, how)


def weighed(verdict: Verdict, weights: Mapping[str, float]) -> tuple[float, float]:
    """The value of a verdict whose labels do not all count the same, and what it counts for.

    Of verdicts that are averaged, the mean by weights of the judges' votes and their mean weight.
    """
    if not weights:
        return verdict.value, 1.0
    if verdict.how != MEAN and any(
        (vote.value, vote.label) == (verdict.value, verdict.label) for vote in verdict.votes
    ):
        return verdict.value, weights.get(verdict.label, 1.0)
    total = weight = 0.0
    for judge in sorted({vote.judge for vote in verdict.votes}):
        own = [(vote.value, weights.get(vote.label, 1.0)) for vote in verdict.votes if vote.judge == judge]
        total += statistics.fmean(value * counts for value, counts in own)
        weight += statistics.fmean(counts for _, counts in own)
    return total / weight, weight / len({vote.judge for vote in verdict.votes})


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


def passes(value: float, votes: Iterable[Vote]) -> bool:
    """Whether votes that come to a value say right: from 0.5 on, and there more than half of them, as a tie is no yes.

    Each judge counts once.
    """
    by_judge: dict[str, list[bool]] = {}
    for vote in votes:
        by_judge.setdefault(vote.judge, []).append(vote.value >= 0.5)
    return value > 0.5 or (value == 0.5 and statistics.fmean(map(statistics.fmean, by_judge.values())) > 0.5)


def agree(games: Iterable[Vote]) -> bool:
    """Whether the votes in both orders say the same of the one named first."""
    return len({vote.value for vote in games}) == 1


def _aggregated(votes: Sequence[Vote], how: str) -> tuple[float, str]:
    return _joined([(vote.value, vote.label) for vote in votes], how)


def _joined(each: Sequence[tuple[float, str]], how: str) -> tuple[float, str]:
    counts = Counter(each)
    first = [one for one, count in counts.items() if count == max(counts.values())]
    # Each once, of a tie of ties too.
    label = _OR.join(dict.fromkeys(part for _, label in first for part in label.split(_OR)))
    values = [value for value, _ in (first if how == MAJORITY else each)]
    return (statistics.median if how == MEDIAN else statistics.fmean)(values), label
