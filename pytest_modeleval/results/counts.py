"""What is counted of some samples, whatever they are scored by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_modeleval.record import JudgeUse, RoleUse
from pytest_modeleval.results.reuse import Reuse


@dataclass(slots=True)
class Counts:
    """Samples without a score, tokens, and when the first question was asked and the last answer came in this run."""

    errors: int = 0
    unscored: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_asked: float = float("inf")
    last_answered: float = 0.0
    reuse: Reuse = field(default_factory=Reuse)
    # By the names of models in roles.
    roles: Mapping[str, RoleUse] = field(default_factory=dict)
    # What judges' verdicts were, by their names, and of how many answers their votes were not at one.
    judges: Mapping[str, JudgeUse] = field(default_factory=dict)
    split: int = 0
    # Those of the errors that have an answer and no verdict.
    judge_errors: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.errors + other.errors,
            self.unscored + other.unscored,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            min(self.first_asked, other.first_asked),
            max(self.last_answered, other.last_answered),
            self.reuse + other.reuse,
            joined(self.roles, other.roles),
            judged(self.judges, other.judges),
            self.split + other.split,
            self.judge_errors + other.judge_errors,
        )

    @property
    def columns(self) -> dict[str, Any]:
        """The fields of a table's row that are the same for all metrics of its samples."""
        return {
            "errors": self.errors,
            "unscored": self.unscored,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            # Wall-clock from the first question to the last answer, stored answers apart.
            "seconds": max(0.0, self.last_answered - self.first_asked),
            "new": self.reuse.new,
            "stored": self.reuse.stored,
            "oldest": self.reuse.oldest,
            "roles": {name: use._asdict() for name, use in self.roles.items()},
            "judge_errors": self.judge_errors,
            "judges": {name: use._asdict() for name, use in self.judges.items()},
            "split": self.split,
        }


def joined(one: Mapping[str, RoleUse], two: Mapping[str, RoleUse]) -> Mapping[str, RoleUse]:
    """What models in roles gave, both together."""
    if not (one and two):
        return one or two
    return {name: one.get(name, RoleUse()).plus(two.get(name, RoleUse())) for name in {**one, **two}}


def judged(one: Mapping[str, JudgeUse], two: Mapping[str, JudgeUse]) -> Mapping[str, JudgeUse]:
    """What judges' verdicts were, both together."""
    if not (one and two):
        return one or two
    return {name: one.get(name, JudgeUse()).plus(two.get(name, JudgeUse())) for name in {**one, **two}}
