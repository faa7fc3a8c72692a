"""Where models stand after their battles: what is counted of each pair, and the ratings that all of it makes."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from pytest_modeleval.names import versus
from pytest_modeleval.record import ERROR, UNSCORED, Fought, JudgeUse, Record, RoleUse
from pytest_modeleval.statistics.agreement import kappa
from pytest_modeleval.statistics.bradley_terry import Comparison, Ratings, bradley_terry
from pytest_modeleval.statistics.means import Estimate, estimate
from pytest_modeleval.statistics.style import Style, with_style

# The column of single games that says which answer stood first.
SHOWN_FIRST = "shown first"
# Battles that style is told from: of few, it and the models are nearly the same.
LEAST_OF_STYLE = 100
# How judges are called that are people's votes.
VOTES = "judge=votes:"


@dataclass(frozen=True)
class Played:
    """A battle that has a verdict: on what, and what came of it."""

    benchmark: str
    subset: str
    row: int
    fought: Fought

    @property
    def prompt(self) -> Hashable:
        """What battles have in common that are not independent."""
        return self.benchmark, self.subset, self.row

    @property
    def is_split(self) -> bool:
        """Whether some judge said something else where the answers stood in the other order."""
        orders: dict[tuple[str, int], set[float]] = {}
        for game in self.fought.games:
            orders.setdefault((game.judge, game.repeat), set()).add(game.value)
        return any(len(values) > 1 for values in orders.values())


class Missed(NamedTuple):
    """What battles without a verdict have in common: an error each, or unscored."""

    benchmark: str
    subset: str
    pair: str
    outcome: str


@dataclass(frozen=True)
class Met:
    """What came of two models' battles: of ``one`` those it won, tied and lost, and its share with its 95% interval.

    Ties count half. ``split`` are those whose orders disagreed, which are ties; of ``equal`` ones the answers were the
    same. ``errors`` have no verdict, ``unscored`` were not judged: both are left out.
    """

    one: str
    two: str
    won: int
    tied: int
    lost: int
    split: int
    equal: int
    errors: int
    unscored: int
    share: Estimate | None

    @property
    def battles(self) -> int:
        """Those with a verdict."""
        return self.won + self.tied + self.lost

    @property
    def turned(self) -> "Met":
        """The same of the other one."""
        share = self.share and Estimate(
            1 - self.share.mean, self.share.standard_error, 1 - self.share.high, 1 - self.share.low
        )
        return replace(self, one=self.two, two=self.one, won=self.lost, lost=self.won, share=share)


@dataclass(frozen=True)
class Agreed:
    """How two judges' outcomes of the same battles agree: won, tied or lost; kappa is None where one said one thing."""

    judges: tuple[str, str]
    battles: int
    share: Estimate
    kappa: Estimate | None


@dataclass
class Battles:
    """All battles of a run, as their records come in.

    ``pairs`` are the models that meet, the one that ids name first before the other; ``baseline`` is the one that all
    others meet, where there is one.
    """

    pairs: Sequence[tuple[str, str]] = ()
    baseline: str | None = None
    played: list[Played] = field(default_factory=list)
    missed: Counter[Missed] = field(default_factory=Counter)
    uses: dict[str, RoleUse] = field(default_factory=dict)
    judges: dict[str, JudgeUse] = field(default_factory=dict)
    # The seeds by which pairs were drawn that people voted on, by what their votes are called as a judge.
    seeds: Mapping[str, int | None] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take a battle; of any other item nothing."""
        if not self.pairs:
            return
        benchmark = record.benchmark.partition(" (")[0]
        if record.fought is not None:
            self.played.append(Played(benchmark, record.subset, record.index, record.fought))
        else:
            self.missed[Missed(benchmark, record.subset, record.model, record.outcome)] += 1
        for name, use in record.roles.items():
            self.uses[name] = self.uses.get(name, RoleUse()).plus(use)
        for name, verdicts in record.judges.items():
            self.judges[name] = self.judges.get(name, JudgeUse()).plus(verdicts)

    @property
    def has_some(self) -> bool:
        """Whether a battle has come to its end."""
        return bool(self.played or self.missed)

    @property
    def models(self) -> list[str]:
        """The models, in the order that pairs name them."""
        return list(dict.fromkeys(name for pair in self.pairs for name in pair))

    def standings(self) -> "Standings":
        """Where the models stand, whichever battle was judged first."""
        played = sorted(self.played, key=lambda each: (each.benchmark, each.subset, each.row, each.fought))
        return Standings(
            self.models, self.pairs, self.baseline, played, self.missed, self.uses, self.judges, self.seeds
        )


@dataclass(frozen=True)
class Standings:
    """The figures of an arena; None for what no battle tells."""

    models: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    baseline: str | None
    played: Sequence[Played]
    missed: Counter[Missed]
    # What each model gave, and what judges' verdicts were, in the whole run.
    uses: Mapping[str, RoleUse]
    judges: Mapping[str, JudgeUse]
    seeds: Mapping[str, int | None] = field(default_factory=dict)

    @cached_property
    def ratings(self) -> Ratings | None:
        """Bradley and Terry's, errors clustered by prompt; a tie is half a win."""
        return _rated(self.played)

    @cached_property
    def at_equal_style(self) -> Ratings | None:
        """The same where the answers' length, headers, list items and bold passages are held equal.

        None of fewer than a hundred battles, from which nobody can tell style from the models.
        """
        if len(self.played) < LEAST_OF_STYLE:
            return None
        styles = [tuple(Style(*each) for each in one.fought.styles) for one in self.played]
        comparisons, columns = with_style(_comparisons(self.played), [(one, two) for one, two in styles])
        try:
            return bradley_terry(comparisons, columns) if columns else None
        except ValueError:
            # Lengths beyond all others: no rating at equal style is found, and none is shown.
            return None

    @cached_property
    def order(self) -> Estimate | None:
        """How much better an answer fares for being shown first, in odds by their logarithm, over single games."""
        games = [
            Comparison(
                each.fought.one,
                each.fought.two,
                game.value,
                each.prompt,
                columns=(1.0 if game.order == "AB" else -1.0,),
            )
            for each in self.played
            for game in each.fought.games
        ]
        if len({game.columns for game in games}) < 2:
            return None
        return bradley_terry(games, (SHOWN_FIRST,)).coefficients[SHOWN_FIRST]

    @cached_property
    def agreements(self) -> list[Agreed]:
        """Each two judges that have judged the same battles; people come first."""
        judges = dict.fromkeys(game.judge for each in self.played for game in each.fought.games)
        ordered = sorted(judges, key=lambda name: not name.startswith(VOTES))
        found = []
        for two in combinations(ordered, 2):
            outcomes = [tuple(_outcome(each, judge) for judge in two) for each in self.played]
            both = [(one, other) for one, other in outcomes if one is not None and other is not None]
            share = estimate([float(one == other) for one, other in both])
            if share is not None:
                found.append(Agreed(two, len(both), share, kappa(both)))
        return found

    @cached_property
    def parts(self) -> dict[str, "Standings"]:
        """The same of each benchmark where there are several, else of each subset; none of one alone."""
        for name in ("benchmark", "subset"):
            values = list(dict.fromkeys(getattr(each, name) for each in self.played))
            if len(values) > 1:
                return {value: self._part(name, value) for value in values}
        return {}

    def _part(self, name: str, value: str) -> "Standings":
        played = [each for each in self.played if getattr(each, name) == value]
        missed = Counter({each: times for each, times in self.missed.items() if getattr(each, name) == value})
        return replace(self, played=played, missed=missed, uses={}, judges={})

    @cached_property
    def meetings(self) -> list[Met]:
        """What came of each pair's battles."""
        by_pair: dict[tuple[str, str], list[Played]] = {pair: [] for pair in self.pairs}
        for each in self.played:
            by_pair.setdefault((each.fought.one, each.fought.two), []).append(each)
        return [self._met(pair, played) for pair, played in by_pair.items()]

    def met(self, one: str, two: str) -> Met | None:
        """What came of the one's battles with the other; None where they do not meet."""
        for each in self.meetings:
            if (each.one, each.two) == (one, two):
                return each
            if (each.two, each.one) == (one, two):
                return each.turned
        return None

    def of_model(self, model: str) -> list[Met]:
        """What came of a model's battles with each that it meets."""
        return [met for other in self.models if other != model and (met := self.met(model, other))]

    def _met(self, pair: tuple[str, str], played: Sequence[Played]) -> Met:
        values = [each.fought.value for each in played]
        by_prompt: dict[Hashable, list[float]] = {}
        for each in played:
            by_prompt.setdefault(each.prompt, []).append(each.fought.value)
        name = versus(*pair)
        return Met(
            *pair,
            won=sum(value > 0.5 for value in values),
            tied=values.count(0.5),
            lost=sum(value < 0.5 for value in values),
            split=sum(each.is_split for each in played),
            equal=sum(each.fought.equal for each in played),
            errors=self._missing(name, ERROR),
            unscored=self._missing(name, UNSCORED),
            share=estimate([sum(own) / len(own) for own in by_prompt.values()]),
        )

    def _missing(self, pair: str, outcome: str) -> int:
        return sum(times for each, times in self.missed.items() if (each.pair, each.outcome) == (pair, outcome))


def _outcome(played: Played, judge: str) -> float | None:
    """What a judge, or most people of a file, say of a battle: 1, ½ or 0; None where it said nothing.

    What differs between the orders is a tie.
    """
    by_repeat: dict[int, set[float]] = {}
    for game in played.fought.games:
        if game.judge == judge:
            by_repeat.setdefault(game.repeat, set()).add(game.value)
    ended = [next(iter(values)) if len(values) == 1 else 0.5 for values in by_repeat.values()]
    mean = sum(ended) / len(ended) if ended else None
    return None if mean is None else 0.5 if mean == 0.5 else float(mean > 0.5)


def _rated(played: Sequence[Played]) -> Ratings | None:
    return bradley_terry(_comparisons(played)) if played else None


def _comparisons(played: Iterable[Played]) -> list[Comparison]:
    return [Comparison(each.fought.one, each.fought.two, each.fought.value, each.prompt) for each in played]
