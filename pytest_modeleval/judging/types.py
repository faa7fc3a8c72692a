"""The `judge` as a test is given it."""

from collections.abc import Sequence
from typing import Any, Protocol

from pytest_modeleval.judging.rubric import Rubric
from pytest_modeleval.judging.verdict import Battle, Verdict
from pytest_modeleval.sample import Completion, Message, Score


class Judge(Protocol):
    """All judges of the run, as an async test is given them, by the argument ``judge``."""

    @property
    def name(self) -> str:
        """What they are called: ``judge=gpt5``."""

    async def grade(
        self, rubric: Rubric, answer: Completion | str, *, name: str = "main", rule: Score | None = None, **fields: Any
    ) -> Score:
        """The score that their verdict on an answer is; ``fields`` fill the rubric's prompt.

        Labels pass from 0.5 on, where more than half of the judges' votes do; a number is only measured. Where a
        ``rule`` has scored the same answer, ``strategy`` of [judge] says which counts: the judges' where there are
        some, and the rule's is the metric ``rule`` then. Raises
        `JudgeError` where fewer judges than ``min_valid`` gave a verdict that can be read.
        """

    async def ask(self, rubric: Rubric, answer: Completion | str, *, name: str = "main", **fields: Any) -> Verdict:
        """What they say together of an answer, which is no score yet; ``name`` is what reports call the question."""

    async def compare(
        self, rubric: Rubric, one: Completion | str, two: Completion | str, *, name: str = "main", **fields: Any
    ) -> Battle:
        """What they say of two answers, shown in both orders: 1 where ``one`` wins, 0.5 for a tie, 0 for a loss."""

    async def complete(self, messages: str | Sequence[Message], **generation: Any) -> Completion:
        """The judge's answer to messages of one's own, where there is one judge."""


class SyncJudge(Protocol):
    """The same for a test that is not async: each waits for the judges."""

    @property
    def name(self) -> str:
        """What they are called: ``judge=gpt5``."""

    def grade(
        self, rubric: Rubric, answer: Completion | str, *, name: str = "main", rule: Score | None = None, **fields: Any
    ) -> Score:
        """As `Judge.grade`."""

    def ask(self, rubric: Rubric, answer: Completion | str, *, name: str = "main", **fields: Any) -> Verdict:
        """As `Judge.ask`."""

    def compare(
        self, rubric: Rubric, one: Completion | str, two: Completion | str, *, name: str = "main", **fields: Any
    ) -> Battle:
        """As `Judge.compare`."""

    def complete(self, messages: str | Sequence[Message], **generation: Any) -> Completion:
        """As `Judge.complete`."""
