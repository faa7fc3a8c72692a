"""What a judge is asked: a prompt over fields, and the verdict that it may give."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from string import Formatter
from typing import Any, ClassVar

from pytest_modeleval.judging.fence import GUARD
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import Sample

# The fields that hold what is judged, and stand between marks.
JUDGED, PAIR = "answer", ("first", "second")
# Of which a rubric may be changed by the user's own words for all benchmarks: `JudgeSettings.over`.
PLAIN_FIELDS = frozenset({"question", "reference", JUDGED})
# What begins the key of the one JSON object that a judge writes.
VERDICT = "verdict"


class Unreadable(Exception):
    """A reply without the one verdict that was asked for, and why."""


@dataclass(frozen=True)
class Labels:
    """A verdict that is one of some labels; ``values`` has what each stands for, from 0 to 1.

    With a ``mark``, a pattern with one group, the prompt itself says what to write, as `verdict_in` reads it. An answer
    with one of the labels in ``weights`` counts for so much in the mean, up to 1, as all others do.
    """

    values: Mapping[str, float]
    mark: str | None = None
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse_mark(self.mark)
        given = self.values
        if not isinstance(given, Mapping) or len(given) < 2 or not all(_is_share(value) for value in given.values()):
            raise TypeError(f'labels have values from 0 to 1, such as {{"A": 1.0, "B": 0.0}}, not {given!r}')
        values = {str(label).strip(): float(value) for label, value in given.items()}
        # As they are read.
        if len({label.lower() for label in values if label}) < len(given):
            raise TypeError(f"labels differ in more than capitals and spaces: {given!r} do not")
        object.__setattr__(self, "values", values)
        if not all(_is_share(weight) and weight for weight in self.weights.values()):
            raise TypeError(f"labels have weights above 0 and up to 1, not {self.weights!r}")

    @property
    def asks_for(self) -> str:
        """What may stand as the verdict, for the judge."""
        return f"one of {', '.join(json.dumps(label, ensure_ascii=False) for label in self.values)}"

    def read(self, said: object) -> tuple[str, float]:
        """The label and its value; `Unreadable` for any other."""
        # A label such as "1" or "true" many judges write without its quotes.
        plain = (said if isinstance(said, str) else json.dumps(said)).strip().lower()
        found = [label for label in self.values if label.lower() == plain]
        if not found:
            raise Unreadable(f"{str(said)[:60]!r} is none of {', '.join(self.values)}")
        return found[0], self.values[found[0]]


@dataclass(frozen=True)
class Rating:
    """A verdict that is a number from ``lowest`` to ``highest``; the ``mark`` is as that of `Labels`."""

    lowest: float
    highest: float
    mark: str | None = None

    def __post_init__(self) -> None:
        _refuse_mark(self.mark)
        if not (isfinite(self.lowest) and isfinite(self.highest) and self.lowest < self.highest):
            raise TypeError(f"a rating lies between two numbers, not {self.lowest!r} and {self.highest!r}")

    @property
    def asks_for(self) -> str:
        """What may stand as the verdict, for the judge."""
        return f"a number from {self.lowest:g} to {self.highest:g}"

    def read(self, said: object) -> tuple[str, float]:
        """No label, and the number; `Unreadable` for what is none, or beyond the ends."""
        try:
            number = float("nan") if isinstance(said, bool) else float(said)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not self.lowest <= number <= self.highest:
            raise Unreadable(f"{str(said)[:60]!r} is no number from {self.lowest:g} to {self.highest:g}")
        return "", number


@dataclass(frozen=True)
class Preference:
    """A verdict on two answers, the one that is shown first as A: five labels, ``>>`` where one is much better."""

    mark: str | None = None

    # What the first one gets, and how strongly.
    VALUES: ClassVar[Mapping[str, tuple[float, int]]] = {
        "A>>B": (1.0, 2),
        "A>B": (1.0, 1),
        "A=B": (0.5, 1),
        "B>A": (0.0, 1),
        "B>>A": (0.0, 2),
    }

    def __post_init__(self) -> None:
        _refuse_mark(self.mark)

    @property
    def asks_for(self) -> str:
        """What may stand as the verdict, for the judge."""
        return f"one of {', '.join(json.dumps(label) for label in self.VALUES)}"

    def read(self, said: object) -> tuple[str, float]:
        """The label, and what the first answer gets; `Unreadable` for any other."""
        label = re.sub(r"\s", "", str(said)).upper() if isinstance(said, str) else ""
        # What some judges write for the other side.
        label = {"B<A": "A>B", "B<<A": "A>>B", "A<B": "B>A", "A<<B": "B>>A", "B=A": "A=B"}.get(label, label)
        if label not in self.VALUES:
            raise Unreadable(f"{str(said)[:60]!r} is none of {', '.join(self.VALUES)}")
        return label, self.VALUES[label][0]


@dataclass(frozen=True)
class Rounds:
    """A verdict that parts numbered ``paragraphs`` into rounds, each with the number of the way that it goes.

    It is a list of [first paragraph, way]; its value the share of rounds that go a new way, its label the list.
    """

    paragraphs: int

    mark: ClassVar[None] = None

    @property
    def asks_for(self) -> str:
        """What may stand as the verdict, for the judge."""
        return "a list such as [[0, 1], [3, 1], [5, 2]], of each solution's first paragraph and the number of its way"

    def read(self, said: object) -> tuple[str, float]:
        """The list as JSON, and its value; `Unreadable` where it does not part the paragraphs."""
        try:
            rounds = rounds_of(json.dumps(said))
        except (ValueError, RecursionError):
            rounds = []
        firsts = [first for first, _ in rounds]
        if not firsts or firsts[0] != 0 or firsts != sorted({*firsts}) or firsts[-1] >= self.paragraphs:
            raise Unreadable(f"{str(said)[:60]!r} is no list of [paragraph, way] from 0 to {self.paragraphs - 1}")
        return json.dumps(rounds), len({way for _, way in rounds}) / len(rounds)


def rounds_of(label: str) -> list[tuple[int, int]]:
    """The (first paragraph, way) of each round in such a verdict's label; ValueError for another text."""
    found = json.loads(label)
    if not isinstance(found, list) or not all(isinstance(each, list) and len(each) == 2 for each in found):
        raise ValueError(f"{label[:60]!r} is no list of pairs")
    if not all(type(number) is int for each in found for number in each):
        raise ValueError(f"{label[:60]!r} has other things than whole numbers")
    return [(first, way) for first, way in found]


Gives = Labels | Rating | Preference | Rounds


@dataclass(frozen=True)
class Rubric:
    """What a judge is asked about an answer.

    ``prompt`` is a template: ``{answer}`` is what is judged (of two ``{first}`` and ``{second}``), and stands between
    marks that no answer can know; other fields are given by name with the question. Each is filled once. ``gives`` is
    the verdict, ``system`` the judge's system prompt. ``instead_of`` names the official text that these words of our
    own stand for, where figures are published that rest on it. Raises `TypeError` for a template without an answer.
    """

    prompt: str
    gives: Gives
    system: str | None = None
    instead_of: str = ""
    _parts: Sequence[tuple[str, str | None]] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or not isinstance(self.gives, Gives):
            raise TypeError(
                "a rubric is a prompt and the verdict that it asks for, Labels(…), Rating(…) or Preference(), not "
                f"{self.prompt!r:.60} and {self.gives!r:.60}"
            )
        try:
            parts = list(_parsed(self.prompt))
        except ValueError as error:
            raise TypeError(f"{error} in a judge's prompt; a brace that is meant is written twice") from None
        needed = PAIR if isinstance(self.gives, Preference) else (JUDGED,)
        if missing := [name for name in needed if name not in {name for _, name in parts}]:
            raise TypeError(f"a judge's prompt has the field {{{missing[0]}}}, and this has not: {self.prompt[:60]!r}")
        object.__setattr__(self, "_parts", tuple(parts))

    @property
    def fields(self) -> frozenset[str]:
        """The names that its prompt is filled with."""
        return frozenset(name for _, name in self._parts if name is not None)

    @property
    def is_plain(self) -> bool:
        """Whether it asks for a verdict on an answer to a question, with a reference or without, and nothing else."""
        return self.fields <= PLAIN_FIELDS

    def asked(self, fields: Mapping[str, str]) -> str:
        """The prompt, filled; behind it what the judge is to heed and, without a mark, what it is to write.

        `pytest.UsageError` for a field that nobody gives, `TypeError` for one that is None.
        """
        for name in sorted(self.fields - fields.keys()):
            raise unknown("field in a judge's prompt:", name, fields)
        if missing := [name for name in sorted(self.fields) if fields[name] is None]:
            raise TypeError(f"the field {{{missing[0]}}} of a judge's prompt is given as None")
        filled = "".join(text + (str(fields[name]) if name is not None else "") for text, name in self._parts)
        return "\n\n".join(filter(None, [filled.rstrip(), GUARD, self.wanted]))

    @property
    def wanted(self) -> str:
        """The sentence that says what the judge is to write; empty where the prompt says so itself."""
        if self.gives.mark is not None:
            return ""
        return (
            f'End with one JSON object and nothing behind it: {{"reason": "a sentence", "{VERDICT}": …}}, where '
            f"{VERDICT} is {self.gives.asks_for}. Write no other JSON object."
        )

    def with_prompt(self, prompt: str) -> "Rubric":
        """The same with an official text, or the user's own, in its place."""
        return replace(self, prompt=prompt, instead_of="")


@dataclass(frozen=True)
class Judging:
    """How a benchmark asks its judge.

    ``optional``: without one a rule scores. ``calls`` is how many questions there are to each judge of a sample, of two
    answers (``pairs``) in both orders: what a plan counts.
    """

    optional: bool = False
    calls: int | Callable[[Sample], int] = 1
    pairs: bool = False

    def calls_of(self, sample: Sample) -> int:
        """The questions to each judge of a sample, in one order."""
        return self.calls if isinstance(self.calls, int) else self.calls(sample)


def _parsed(template: str) -> Iterator[tuple[str, str | None]]:
    for text, name, form, conversion in Formatter().parse(template):
        if name is not None and (form or conversion or not name.isidentifier()):
            raise ValueError(f"{{{name}}} is no field's name")
        yield text, name


def _refuse_mark(mark: str | None) -> None:
    """`TypeError` for a pattern that cannot be read, or has not one group."""
    if mark is None:
        return
    try:
        groups = re.compile(mark).groups
    except re.error as error:
        raise TypeError(f"the mark {mark!r} is no pattern: {error}") from None
    if groups != 1:
        raise TypeError(f"the mark {mark!r} has {groups} groups, and the one that holds the verdict is needed")


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
