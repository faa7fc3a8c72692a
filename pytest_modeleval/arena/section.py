"""An arena's leaderboard as every report reads it: the section of its `FinishedRun`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from pytest_modeleval.arena.people import by_votes, table
from pytest_modeleval.arena.standings import Agreed, Met, Standings
from pytest_modeleval.foreign import one_line
from pytest_modeleval.reports.heat import heat_map
from pytest_modeleval.reports.plots import Interval, intervals
from pytest_modeleval.results.finished import GateLine
from pytest_modeleval.statistics.bradley_terry import Ratings
from pytest_modeleval.statistics.means import Estimate, finite

Cells = Sequence[Sequence[str]]
# Subsets that stand beside each other in a table.
_MOST_PARTS = 12


@dataclass(frozen=True)
class Arena:
    """What battles found."""

    standings: Standings

    @property
    def title(self) -> str:
        """What the run is called."""
        return f"Arena of {', '.join(self.standings.models)}"

    def document(self) -> Mapping[str, object]:
        """The leaderboard, each pair's battles, styles and judges, under the key ``arena``."""
        found = self.standings
        told: dict[str, object] = {**_figures(found), "baseline": found.baseline}
        told["parts"] = {name: _figures(part) for name, part in found.parts.items()}
        told["agreements"] = [
            {
                "judges": list(each.judges),
                "battles": each.battles,
                "share": _told(each.share),
                "kappa": _told(each.kappa),
            }
            for each in found.agreements
        ]
        told["by_votes"] = [{**vars(each), "share": _told(each.share)} for each in by_votes(found)]
        told["judges"] = {name: use._asdict() for name, use in found.judges.items()}
        told["shown_first"] = _told(found.order)
        return {"arena": told}

    def tables(self) -> Mapping[str, Cells]:
        """The leaderboard, the matrix of win rates, and what there is of styles, parts and judges."""
        found = self.standings
        tables: dict[str, Cells] = {"Leaderboard": _leaderboard(found)}
        if found.baseline is not None:
            tables[f"Win rates against {found.baseline}"] = _against_baseline(found, found.baseline)
        else:
            tables["Win rates of the row's model against the column's"] = _matrix(found)
        if found.at_equal_style is not None:
            tables["Ratings at equal style"] = _at_equal_style(found, found.at_equal_style)
        if 1 < len(parts := found.parts) <= _MOST_PARTS:
            tables["Ratings by part"] = _by_part(found.models, parts)
        if found.agreements:
            tables["Judges that judged the same battles"] = _agreements(found.agreements)
        if corrected := by_votes(found):
            tables["Win rates as people see them"] = table(corrected)
        return tables

    def gate(self) -> Iterator[GateLine]:
        """Nothing passes or fails."""
        return iter(())

    def figures(self) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Every model's rating, and its share of its battles."""
        for model in self._ranked:
            rating = _rating(self.standings.ratings, model)
            met = self.standings.of_model(model)
            battles = sum(each.battles for each in met)
            share = {"arena/win_rate": _share(met)} if battles else {}
            if rating is not None:
                ends = {"arena/low": rating.low, "arena/high": rating.high}
                yield model, {"arena/rating": rating.mean, **ends, **share}

    def notes(self) -> Iterator[str]:
        """What was counted, what ratings rest on, and what a judge is swayed by."""
        found = self.standings
        yield from _counted(found)
        if found.ratings is not None:
            yield from _rests_on(found.ratings)
        if found.order is not None:
            yield f"log-odds of an answer that is shown first: {_signed(found.order)}"
        if found.at_equal_style is not None:
            told = (f"{name} {_signed(each)}" for name, each in found.at_equal_style.coefficients.items())
            yield f"log-odds of a usual difference in style: {', '.join(told)}"

    def plots(self) -> Mapping[str, str]:
        """The leaderboard with its intervals, and the matrix as a heat map."""
        found, ratings = self.standings, self.standings.ratings
        if ratings is None:
            return {}
        shown = [(model, _rating(ratings, model)) for model in self._ranked]
        rows = [Interval(model, each.mean, *_ends(each)) for model, each in shown if each is not None]
        plots = {"Leaderboard": intervals("Ratings (95% interval)", rows, axis="rating")}
        shares = [[_share_of(found.met(one, two)) for two in self._ranked] for one in self._ranked]
        plots["Win rates"] = heat_map("Share of its battles that the row's model won", self._ranked, shares)
        return plots

    @cached_property
    def _ranked(self) -> list[str]:
        return ranked(self.standings)


def ranked(found: Standings) -> list[str]:
    """The models, the best first, of each group that battles connect; those without a battle last."""
    there = [model for group in found.ratings.ranking() for model in group] if found.ratings else []
    return [*there, *(model for model in found.models if model not in there)]


def _leaderboard(found: Standings) -> Cells:
    grouped = found.ratings is not None and len(found.ratings.groups) > 1
    cells = [["model", "rating", "95% interval", "won", "tied", "lost", "left out"]]
    cells[0][1:1] = ["group"] if grouped else []
    for model in ranked(found):
        met = found.of_model(model)
        rating = _rating(found.ratings, model)
        counts = [sum(getattr(each, name) for each in met) for name in ("won", "tied", "lost")]
        counts.append(sum(each.errors + each.unscored for each in met))
        group = [_group(found.ratings, model)] if grouped and found.ratings else []
        cells.append([model, *group, _points(rating), _interval(rating), *(f"{count:,}" for count in counts)])
    return cells


def _against_baseline(found: Standings, baseline: str) -> Cells:
    cells = [["model", "win rate", "95% interval", "battles"]]
    for model in ranked(found):
        met = found.met(model, baseline)
        if met is not None and met.share is not None:
            cells.append([model, f"{met.share.mean:.3f}", _ends_of(met.share), f"{met.battles:,}"])
    return cells


def _matrix(found: Standings) -> Cells:
    models = ranked(found)
    cells = [["model", *(str(number) for number, _ in enumerate(models, 1))]]
    for number, one in enumerate(models, 1):
        shares = (_share_of(found.met(one, two)) for two in models)
        cells.append([f"{number} {one}", *("" if share is None else f"{share:.2f}" for share in shares)])
    return cells


def _at_equal_style(found: Standings, ratings: Ratings) -> Cells:
    cells = [["model", "rating", "95% interval", "without"]]
    order = [model for group in ratings.ranking() for model in group]
    for model in order:
        rating = _rating(ratings, model)
        cells.append([model, _points(rating), _interval(rating), _points(_rating(found.ratings, model))])
    return cells


def _by_part(models: Sequence[str], parts: Mapping[str, Standings]) -> Cells:
    """A line for each part, with every model's rating there."""
    cells = [["part", *(f"{number} {model}" for number, model in enumerate(models, 1))]]
    for name, part in parts.items():
        ratings = [_rating(part.ratings, model) for model in models]
        cells.append([name, *(_points(each) for each in ratings)])
    return cells


def _agreements(agreed: Sequence[Agreed]) -> Cells:
    cells = [["judges", "battles", "the same", "95% interval", "kappa", "95% interval"]]
    for each in agreed:
        names = " and ".join(one_line(name.removeprefix("judge="), 40) for name in each.judges)
        told = ["-", "-"] if each.kappa is None else [f"{each.kappa.mean:.2f}", _ends_of(each.kappa, 2)]
        cells.append([names, f"{each.battles:,}", f"{each.share.mean:.2f}", _ends_of(each.share, 2), *told])
    return cells


def _counted(found: Standings) -> Iterator[str]:
    total = {name: sum(getattr(met, name) for met in found.meetings) for name in _COUNTS}
    if total["split"]:
        yield f"ties because a judge said otherwise in the other order: {total['split']:,} of {total['battles']:,}"
    if total["equal"]:
        yield f"ties of equal answers, which nobody was asked about: {total['equal']:,} of {total['battles']:,}"
    for met in found.meetings:
        for number, why in ((met.errors, "have no verdict"), (met.unscored, "were not judged")):
            if number:
                yield f"{met.one} and {met.two}, battles that {why} and are left out of this pair alone: {number:,}"
    told = [
        f"{model} {use.answers:,} ({use.stored:,} stored)" for model in found.models if (use := found.uses.get(model))
    ]
    if told:
        yield f"answers: {', '.join(told)}"


_COUNTS = ("battles", "split", "equal")


def _rests_on(ratings: Ratings) -> Iterator[str]:
    yield (
        "ratings: Bradley and Terry's, 400 points for odds of ten to one, a tie half a win; errors clustered by "
        f"{ratings.clusters:,} prompts"
    )
    if ratings.is_penalised:
        yield "somebody never lost, or never won: ratings are drawn to each other, by the penalty ½Σθ²"
    for one, two in pairwise(ratings.groups):
        yield f"no battle connects {', '.join(one)} with {', '.join(two)}: their ratings cannot be compared"


def _figures(found: Standings) -> dict[str, object]:
    styled, ratings = found.at_equal_style, found.ratings
    return {
        "leaderboard": [_standing(found, model) for model in ranked(found)],
        "pairs": [_pair(found, met) for met in found.meetings],
        "groups": [list(group) for group in ratings.groups] if ratings else [],
        "penalised": bool(ratings and ratings.is_penalised),
        "clusters": ratings.clusters if ratings else 0,
        "style": {name: _told(each) for name, each in styled.coefficients.items()} if styled else {},
    }


def _standing(found: Standings, model: str) -> dict[str, object]:
    met = found.of_model(model)
    use = found.uses.get(model)
    return {
        "model": model,
        "rating": _told(_rating(found.ratings, model)),
        "at_equal_style": _told(_rating(found.at_equal_style, model)),
        **{name: sum(getattr(each, name) for each in met) for name in _OF_MODEL},
        "answers": use._asdict() if use else None,
    }


_OF_MODEL = ("battles", "won", "tied", "lost", "split", "equal", "errors", "unscored")


def _pair(found: Standings, met: Met) -> dict[str, object]:
    rated = found.ratings
    modelled = rated.win_rate(met.one, met.two) if rated and met.battles else None
    return {
        "one": met.one,
        "two": met.two,
        **{name: getattr(met, name) for name in _OF_MODEL},
        "share": _told(met.share),
        "win_rate": _told(modelled),
    }


def _told(found: Estimate | None) -> dict[str, float | None] | None:
    if found is None:
        return None
    error = None if found.standard_error is None else finite(found.standard_error)
    return {"mean": found.mean, "standard_error": error, "low": finite(found.low), "high": finite(found.high)}


def _rating(ratings: Ratings | None, model: str) -> Estimate | None:
    """A model's rating; None where it has no battle."""
    if ratings is None or not any(model in group for group in ratings.groups):
        return None
    return ratings.rating(model)


def _group(ratings: Ratings, model: str) -> str:
    return next((str(number) for number, group in enumerate(ratings.groups, 1) if model in group), "-")


def _share(met: Sequence[Met]) -> float:
    """A model's share of all its battles."""
    return sum(each.won + each.tied / 2 for each in met) / sum(each.battles for each in met)


def _share_of(met: Met | None) -> float | None:
    return met.share.mean if met and met.share else None


def _ends(found: Estimate) -> tuple[float | None, float | None]:
    return finite(found.low), finite(found.high)


def _points(found: Estimate | None) -> str:
    return "-" if found is None else f"{found.mean:.0f}"


def _interval(found: Estimate | None) -> str:
    return "-" if found is None or None in _ends(found) else f"[{found.low:.0f}, {found.high:.0f}]"


def _ends_of(found: Estimate, places: int = 3) -> str:
    return f"[{found.low:.{places}f}, {found.high:.{places}f}]"


def _signed(found: Estimate) -> str:
    ends = "" if None in _ends(found) else f" [{found.low:+.2f}, {found.high:+.2f}]"
    return f"{found.mean:+.2f}{ends}"
