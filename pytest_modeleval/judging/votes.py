"""People's votes on pairs of answers, out of the files that a voting page writes (`arena.voting`)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_modeleval.inputs import from_json, numbered_lines
from pytest_modeleval.judging.rubric import Preference

# What a key of the page stands for, as a judge would say it.
LABELS = {"A": "A>B", "B": "B>A", "T": "A=B"}
_FIELDS = ("sample", "first", "second", "vote")


class Ballot(NamedTuple):
    """One person's vote: on which sample, the hashes of the answers as they were shown, A, B or T, and by whom."""

    sample: str
    first: str
    second: str
    vote: str
    voter: str = ""
    # That of the draw by which the page had it.
    seed: int | None = None


class Cast(NamedTuple):
    """A vote on two answers as a judge's verdict: ``value`` is that of the one named first, shown in this ``order``."""

    voter: str
    order: str
    label: str
    value: float


@dataclass(frozen=True)
class Votes:
    """All votes of a file."""

    ballots: Sequence[Ballot]
    _by_pair: Mapping[tuple[str, frozenset[str]], list[Ballot]]

    @property
    def samples(self) -> set[str]:
        """The samples that were voted on."""
        return {ballot.sample for ballot in self.ballots}

    @property
    def seed(self) -> int | None:
        """The seed by which all pairs were drawn that were voted on; None where they were not, or by several."""
        seeds = {ballot.seed for ballot in self.ballots}
        return next(iter(seeds)) if len(seeds) == 1 else None

    def on(self, sample: str, one: str, two: str) -> list[Cast]:
        """The votes on two answers to a sample, whichever was shown first; the last of each person's."""
        first = answer_hash(one)
        found = {
            ballot.voter: ballot for ballot in self._by_pair.get((sample, frozenset({first, answer_hash(two)})), ())
        }
        cast = []
        for ballot in found.values():
            label, order = LABELS[ballot.vote], "AB" if ballot.first == first else "BA"
            value = Preference.VALUES[label][0]
            cast.append(Cast(ballot.voter, order, label, value if order == "AB" else 1 - value))
        return cast


def answer_hash(text: str) -> str:
    """What stands for an answer in a vote; blanks do not matter."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:32]


def pair_key(sample: str, one: str, two: str) -> str:
    """What stands for two answers to a sample, whichever is named first."""
    told = "\0".join([sample, *sorted([answer_hash(one), answer_hash(two)])])
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_votes(path: Path) -> Votes:
    """The votes in a file; `pytest.UsageError` where it has none, or a line that is no vote."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"cannot read the votes in {path}: {error}") from None


@lru_cache(maxsize=16)
def _read(path: Path, changed: int) -> Votes:  # noqa: ARG001 - a file that was written anew is another
    ballots = [_ballot(path, number, line) for number, line in numbered_lines(path)]
    if not ballots:
        raise pytest.UsageError(f"{path} has no vote: `modeleval votes RUN` makes the page that writes them")
    by_pair: dict[tuple[str, frozenset[str]], list[Ballot]] = {}
    for ballot in ballots:
        by_pair.setdefault((ballot.sample, frozenset({ballot.first, ballot.second})), []).append(ballot)
    return Votes(ballots, by_pair)


def _ballot(path: Path, number: int, line: str) -> Ballot:
    try:
        found = from_json(line)
    except ValueError as error:
        raise pytest.UsageError(f"{path}:{number} is no JSON: {error}") from None
    fields = found if isinstance(found, Mapping) else {}
    told = [fields.get(name) for name in _FIELDS]
    if not all(isinstance(each, str) for each in told) or fields["vote"] not in LABELS:
        raise pytest.UsageError(
            f"{path}:{number} is no vote, which has {', '.join(_FIELDS[:-1])} and a vote of A, B or T: {line[:80]!r}"
        )
    sample, first, second, vote = map(str, told)
    seed = fields.get("seed")
    return Ballot(sample, first, second, vote, str(fields.get("voter", "")), seed if type(seed) is int else None)
