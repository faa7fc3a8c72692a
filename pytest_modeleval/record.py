"""What became of one sample, as it travels from the process that scored it to the one that counts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import add
from typing import Any, NamedTuple

from pytest_modeleval.names import SampleName
from pytest_modeleval.statistics.scale import Scale

# The one user property under which a record travels on a report.
PROPERTY = "modeleval"
# What travels only where there is some.
_LEFT_OUT = (
    "line",
    "id",
    "labels",
    "tags",
    "scales",
    "axes",
    "roles",
    "judges",
    "split",
    "paid",
    "aggregates",
    "fought",
    "why",
)

RIGHT, WRONG, MEASURED, ERROR, UNSCORED = "right", "wrong", "measured", "error", "unscored"
# How a run ended: every selected item was reported, or not.
COMPLETE, INTERRUPTED = "complete", "interrupted"


class Labels(NamedTuple):
    """What a collection says of a sample; ``categories`` are the groups around it, from the collection down."""

    task_type: str
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    weight: float


class RoleUse(NamedTuple):
    """What models in a role gave: how many answers, those of them that were stored, their tokens and seconds.

    The ``paid`` tokens are those of the answers that were not stored before the run.
    """

    answers: int = 0
    stored: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    paid_prompt_tokens: int = 0
    paid_completion_tokens: int = 0

    def plus(self, other: "RoleUse") -> "RoleUse":
        """Both together."""
        return RoleUse(*map(add, self, other))


class JudgeUse(NamedTuple):
    """What a judge's verdicts were: how many were valid, had none, were asked for again.

    Of two answers: the pairs that it saw in both orders, those of them with the same outcome, and in how many games it
    chose the one shown first, of how many that had a winner. Of ``probed`` answers, in how many a verdict put into it
    became its own (``swayed``). ``own`` are verdicts by a rubric of our own words in an official one's place.
    """

    verdicts: int = 0
    errors: int = 0
    again: int = 0
    pairs: int = 0
    consistent: int = 0
    won: int = 0
    first: int = 0
    probed: int = 0
    swayed: int = 0
    own: int = 0

    def plus(self, other: "JudgeUse") -> "JudgeUse":
        """Both together."""
        return JudgeUse(*map(add, self, other))


class Game(NamedTuple):
    """One judge's verdict on two answers in one order, AB or BA: ``value`` is what the one named first got."""

    judge: str
    order: str
    repeat: int
    value: float


class Fought(NamedTuple):
    """A battle of two models' answers to one sample: ``value`` is 1 where ``one`` won, 0.5 for a tie, 0 where ``two``.

    Of ``equal`` answers no judge was asked, so that there are no ``games``. ``about`` stands for the sample and both
    answers (`judging.votes.pair_key`). ``styles`` are what of either answer's
    style counts: its length, headers, list items and bold passages (`statistics.style.Style`).
    """

    one: str
    two: str
    value: float
    equal: bool
    games: tuple[Game, ...]
    styles: tuple[tuple[int, ...], tuple[int, ...]]
    about: str = ""

    @classmethod
    def of(cls, kept: Sequence[Any]) -> "Fought":
        """The battle out of what JSON keeps of one."""
        one, two, value, equal, games, styles, about = kept
        first, second = (tuple(style) for style in styles)
        return cls(one, two, value, equal, tuple(Game(*game) for game in games), (first, second), about)


@dataclass(frozen=True, slots=True)
class Record:
    """One item's outcome, small enough to cross from a worker to the controller.

    ``scores`` holds (metric, value, weight), ``scales`` what the values of those metrics are that are not 0 to 1 with a
    pass mark, ``axes`` the sample's; ``harmonic`` the metrics that are the harmonic mean of two others,
    ``aggregates`` those made of samples in another way, as `Aggregate.kept`.
    ``sample`` is the hash of what is asked and expected; ``pins`` and ``tags`` stand on a benchmark's first record in a
    process.
    ``answer`` is what repeats vote by. ``asked`` and ``answered`` are clock times, 0 for a stored answer.
    ``new``, ``stored`` and ``oldest`` are those of its answers (`results/reuse.py`), ``paid`` the tokens of the new
    ones where some were stored.
    ``why`` it is unscored stands there where that may be shown.
    ``mistake`` is what went wrong (`results/failures.py`). ``labels`` are a collection's, None in a run without one;
    ``line`` says that the index is that of a published one's line, ``id`` what the sample is called in place of it.
    ``roles`` is what models in roles gave, by their names (``judge=gpt5``); no other field counts it. ``judges`` is
    what judges' verdicts were, and ``split`` how many verdicts their votes were not at one about. ``fought`` is the
    battle that the item is, whose two models are the ``model``, ``a-vs-b``.
    """

    model: str
    benchmark: str
    subset: str
    group: str
    index: int
    repeat: int
    outcome: str
    scores: Sequence[tuple[str, float, float]] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)
    axes: Mapping[str, str | int | float] = field(default_factory=dict)
    harmonic: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aggregates: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    answer: str = ""
    sample: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency: float = 0.0
    first_token: float | None = None
    asked: float = 0.0
    answered: float = 0.0
    new: int = 0
    stored: int = 0
    oldest: float | None = None
    paid: Sequence[int] = ()
    mistake: str | None = None
    labels: Labels | None = None
    line: bool = False
    id: str = ""
    roles: Mapping[str, RoleUse] = field(default_factory=dict)
    judges: Mapping[str, JudgeUse] = field(default_factory=dict)
    split: int = 0
    fought: Fought | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """What the sample is called within its benchmark."""
        return str(SampleName(self.subset, self.index, self.line, self.id))

    @property
    def paid_tokens(self) -> Sequence[int]:
        """The tokens of the prompts and of the answers that were not stored before the run."""
        return self.paid or ((self.prompt_tokens, self.completion_tokens) if self.new else (0, 0))

    def to_property(self) -> tuple[str, str]:
        """The record as a report's user property."""
        # `asdict` copies deeply, at 0.1 ms a record.
        fields = {name: getattr(self, name) for name in self.__slots__}
        for name in _LEFT_OUT:
            if not fields[name]:
                del fields[name]
        if self.scales:
            fields["scales"] = {name: scale.kept for name, scale in self.scales.items()}
        return PROPERTY, json.dumps(fields, separators=(",", ":"))

    @staticmethod
    def of(properties: Iterable[tuple[str, Any]]) -> "Record | None":
        """The record among a report's user properties, if any."""
        for name, value in properties:
            if name == PROPERTY:
                return _read(value)
        return None


# A report is looked at by who counts, who shows it live, and who sums up.
@lru_cache(maxsize=4)
def _read(text: str) -> Record:
    fields = json.loads(text)
    if "labels" in fields:
        task_type, tags, categories, weight = fields["labels"]
        fields["labels"] = Labels(task_type, tuple(tags), tuple(categories), weight)
    if "scales" in fields:
        fields["scales"] = {name: Scale.of(kept) for name, kept in fields["scales"].items()}
    if "roles" in fields:
        fields["roles"] = {name: RoleUse(*kept) for name, kept in fields["roles"].items()}
    if "judges" in fields:
        fields["judges"] = {name: JudgeUse(*kept) for name, kept in fields["judges"].items()}
    if "fought" in fields:
        fields["fought"] = Fought.of(fields["fought"])
    return Record(**fields)
