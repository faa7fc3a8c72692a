"""Scores of a model's answers beside a baseline's, and the win rate that it would have with answers as long."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from pytest_modeleval.inputs import read_text
from pytest_modeleval.judging.verdict import Battle
from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.statistics.alpaca_eval import Gamed, Pair, length_controlled
from pytest_modeleval.statistics.length_control import LEAST_PAIRS
from pytest_modeleval.statistics.length_control import win_rate_lc as controlled
from pytest_modeleval.statistics.means import Estimate, estimate

_BEST = "at least a tie"
# The columns of AlpacaEval's `df_gamed.csv`, in the order of `Gamed`.
_GAMED = ("index", "instruction_difficulty", "std_delta_len", "preference")


def won(battle: Battle, *, name: str = "main") -> Score:
    """1 for a win, 0.5 for a tie, also where both orders disagree, 0 for a loss; a tie passes."""
    return Score(battle.value, battle.value >= 0.5, _said(battle.value), _BEST, str(battle), name)


def pooled(battle: Battle, *, strong: int = 1, name: str = "main") -> Score:
    """The share of its games that the model has won, ties as half; one that is much better or worse counts ``strong``.

    The score weighs as much as its games, so that its mean over samples is the mean over all games (Arena-Hard's, with
    3: Li et al. 2024, arXiv:2406.11939, `load_judgments` of lmarena/arena-hard-auto). Equal answers are two ties.
    """
    games = [(vote.value, strong if vote.strength > 1 else 1) for vote in battle.games] or [(0.5, 1)] * 2
    weight = sum(counts for _, counts in games)
    value = sum(value * counts for value, counts in games) / weight
    return Score(value, value >= 0.5, _said(value), _BEST, str(battle), name, weight=weight)


def lengths(answer: Completion | str, baseline: str) -> tuple[Score, Score]:
    """How long both answers are, in characters: the scores ``length`` and ``baseline_length``."""
    one, other = (
        Score(len(text), True, name=name, range=(0, math.inf), measured=True)
        for name, text in (("length", str(answer)), ("baseline_length", baseline))
    )
    return one, other


def win_rate_lc(rows: Sequence[Sequence[float | None]]) -> Estimate | None:
    """Our own length-controlled win rate, of the scores ``main``, ``length`` and ``baseline_length``.

    None below 100 pairs, where a length's part in a win is hardly known. It is no AlpacaEval's, see `length_control`.
    """
    pairs = _whole(rows)
    if len(pairs) < LEAST_PAIRS:
        return None
    return controlled([value for value, *_ in pairs], [(own, other) for _, own, other in pairs]).win_rate


def alpaca_eval_lc(rows: Sequence[Sequence[float | None]], path: Path) -> Estimate | None:
    """AlpacaEval's length-controlled win rate, of the same three scores and the row's number, with its `df_gamed.csv`.

    Below 100 pairs the win rate itself, None without any. Raises ValueError for a file of another kind.
    """
    gamed, whole = _gamed(path), _whole(rows)
    if len(whole) < LEAST_PAIRS:
        return estimate([value for value, *_ in whole])
    return length_controlled([Pair(value, own, other, int(row)) for value, own, other, row in whole], gamed)


def _whole(rows: Sequence[Sequence[float | None]]) -> list[list[float]]:
    """The rows that have all of their scores."""
    return [[each for each in row if each is not None] for row in rows if None not in row]


def _gamed(path: Path) -> list[Gamed]:
    reader = csv.DictReader(io.StringIO(read_text(path)))
    if missing := [name for name in _GAMED if name not in (reader.fieldnames or ())]:
        raise ValueError(f"{path} is not AlpacaEval's df_gamed.csv: it has no column {missing[0]!r}")
    found = []
    for row in reader:
        try:
            instruction, *others = (float(row[name]) for name in _GAMED)
            if not all(map(math.isfinite, (instruction, *others))) or not 0 <= others[2] <= 1:
                raise ValueError
        except (TypeError, ValueError):
            said = ", ".join(f"{name} {row[name]!r}" for name in _GAMED)
            raise ValueError(f"{path}: line {reader.line_num} is no four numbers: {said:.200}") from None
        found.append(Gamed(int(instruction), *others))
    return found


def _said(value: float) -> str:
    return "a tie" if value == 0.5 else "the better answer" if value > 0.5 else "the worse answer"
