"""Figures over all samples of a benchmark that are no means of theirs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from random import Random
from statistics import NormalDist, stdev
from typing import Any

from pytest_modeleval.statistics import published
from pytest_modeleval.statistics.means import Estimate, estimate
from pytest_modeleval.statistics.scale import BETTER, Scale

# A row a sample: what it has of some scores, None where it has not recorded one.
Rows = Sequence[Sequence[Any]]
# The names of what stand among scores for the sample's row number, and for its subset.
ROW, SUBSET = "row", "subset"
# For a standard error 200 draws are enough (Efron and Tibshirani 1993, §6.4).
ROUNDS = 200

_known: dict[str, Callable[..., Estimate | None]] = {}


class NoFigure(Exception):
    """An aggregate has no figure of its rows; what it lacks is told, unless that goes without saying."""


@dataclass(frozen=True)
class Aggregate:
    """A benchmark's figure that is made of its samples' scores in another way than by their mean.

    ``by`` is a function of a module: of a row a sample, the scores named ``of`` (the mean over a sample's repeats, None
    where it has none of that name), it makes the figure with its error and interval, or None where there is none.
    `bootstrapped` gives it those. ``row`` among ``of`` is the sample's row number, ``subset`` the name of its subset,
    and an axis' name its value on that, None where it has none.
    Where ``by`` raises `NoFigure`, a note under the table says why there is none. Its values lie in the ``range``, and
    of two the ``better`` is the ``higher`` or the ``lower``. With a ``file``, which is to lie beside the rows' own,
    ``by`` is given its path too, first without rows, so that it can refuse it (ValueError); without that file there is
    no such figure. With ``subsets`` it is made of their samples alone. Raises `TypeError` for what is no such function,
    which other processes could not find.
    """

    by: Callable[..., Estimate | None]
    of: Sequence[str] = ("main",)
    range: tuple[float, float] = (0.0, 1.0)
    better: str = "higher"
    file: str = ""
    subsets: Sequence[str] = ()

    def __post_init__(self) -> None:
        if "<" in getattr(self.by, "__qualname__", "<"):
            raise TypeError(
                f"an aggregate is made by a function of a module, def NAME(rows): …, and not by {self.by!r}"
            )
        if isinstance(self.of, str) or not self.of:
            raise TypeError(f'an aggregate is made of scores by their names, such as ("main",), not of {self.of!r}')
        if self.better not in BETTER or not self.range[0] < self.range[1]:
            raise TypeError(
                f"an aggregate has a range and is better 'higher' or 'lower', not {self.range}, {self.better!r}"
            )
        _known[self._name] = self.by

    @property
    def _name(self) -> str:
        return f"{self.by.__module__}:{self.by.__qualname__}"

    @property
    def scale(self) -> Scale:
        """What its values are."""
        return Scale(float(self.range[0]), float(self.range[1]), self.better)

    @property
    def kept(self) -> list[Any]:
        """All of it for JSON, the function by its name."""
        return [self._name, list(self.of), self.scale.kept, self.file, list(self.subsets)]

    def beside(self, folder: Path | None) -> "Aggregate | None":
        """The same with its file in the folder of the rows; None where that is not there."""
        if not self.file:
            return self
        path = folder and folder / self.file
        return replace(self, file=str(path)) if path and path.is_file() else None

    def figure(self, rows: Rows) -> Estimate | None:
        """What its function makes of the rows; `NoFigure` where that says why there is none."""
        return self.by(rows, Path(self.file)) if self.file else self.by(rows)

    @classmethod
    def of_kept(cls, kept: Sequence[Any]) -> "Aggregate":
        """The aggregate that another process has; ImportError where its function is not to be found in this one."""
        name, of, scale, file, subsets = kept
        if name not in _known:
            module, _, function = name.partition(":")
            try:
                _known[name] = attrgetter(function)(import_module(module))
            except (ImportError, AttributeError):
                raise ImportError(
                    f"{name} is not to be found in the process that counts: put the function into a module that Python "
                    "imports by this name, or run without -n"
                ) from None
        found = Scale.of(scale)
        return cls(_known[name], tuple(of), found.ends, found.better, file, tuple(subsets))


def bootstrapped(
    figure: Callable[[Rows], float | None], rows: Rows, *, ends: tuple[float, float] = (0.0, 1.0), rounds: int = ROUNDS
) -> Estimate | None:
    """The figure of the rows, with the standard deviation of that of rows drawn anew as its standard error.

    Rows are drawn with replacement, as many as there are (Efron 1979), from a seed of their own: the same rows have the
    same error. The interval is the figure ± 1.96 of it, cut at the ``ends``, and not the percentiles of what was drawn:
    a figure such as a calibration error is larger of rows drawn twice, so that those need not hold it. Where all draws
    agree they tell no error, and the interval is everything. None where the rows have no figure.
    """
    rows = sorted(rows, key=_with_gaps)
    found = figure(rows)
    if found is None:
        return None
    random, places = Random(0), range(len(rows))
    drawn = (figure([rows[at] for at in sorted(random.choices(places, k=len(rows)))]) for _ in range(rounds))
    values = [value for value in drawn if value is not None]
    error = stdev(values) if len(rows) > 1 and len(values) > 1 else 0.0
    if not error:
        return Estimate(found, None, *ends)
    half = NormalDist().inv_cdf(0.975) * error
    return Estimate(found, error, max(ends[0], found - half), min(ends[1], found + half))


def _with_gaps(row: Sequence[float | None]) -> list[tuple[bool, float]]:
    return [(value is None, value or 0.0) for value in row]


def clipped_mean(rows: Rows) -> Estimate | None:
    """`published.clipped_mean` of the first score: HealthBench's mean of values that may be below 0."""
    return published.clipped_mean([row[0] for row in rows if row[0] is not None])


def stated_error(rows: Rows) -> Estimate | None:
    """`published.calibration_error` of (right, confidence): answers that state no confidence are left out."""
    return bootstrapped(_stated_error, rows)


def hle_official_error(rows: Rows) -> Estimate | None:
    """The same as Humanity's Last Exam's script has it: no confidence counts as 1; None below 100 answers."""
    return bootstrapped(_official_error, rows)


def _stated_error(rows: Rows) -> float | None:
    stated = [(sure, right) for right, sure in rows if right is not None and sure is not None]
    found = published.calibration_error(stated)
    return None if found is None else found.every


def _official_error(rows: Rows) -> float | None:
    stated = [(1.0 if sure is None else sure, right) for right, sure in rows if right is not None]
    found = published.calibration_error(stated)
    return None if found is None else found.official


def mean_of_means(rows: Rows) -> Estimate | None:
    """The mean of the scores' own means, each of which counts once, however many samples have it.

    One that is nobody's is left out. Its error is √Σe²/K of theirs, its interval is put together from theirs in the
    same way (MOVER, Zou and Donner 2008).
    """
    columns = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    means = [found for column in columns if (found := estimate(column))]
    if not means:
        return None
    mean = math.fsum(each.mean for each in means) / len(means)
    errors = [each.standard_error for each in means if each.standard_error is not None]
    error = math.hypot(*errors) / len(means) if len(errors) == len(means) else None
    low = math.hypot(*(each.mean - each.low for each in means)) / len(means)
    high = math.hypot(*(each.high - each.mean for each in means)) / len(means)
    return Estimate(mean, error, max(0.0, mean - low), min(1.0, mean + high))
