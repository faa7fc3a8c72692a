"""The `judge` of a test: what an async body and one that is not async ask the run's judges by."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_modeleval.asking.awaiting import noted
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.judging.rubric import Labels, Rating, Rubric
from pytest_modeleval.judging.settings import RECALL, RULE
from pytest_modeleval.judging.verdict import Battle, Verdict, weighed
from pytest_modeleval.requests import Message
from pytest_modeleval.sample import Completion, Score


@dataclass(frozen=True, repr=False)
class AskedJudge:
    """The judges for an async body, whose loop need not be the engine's; `judging.types.Judge` for a test."""

    panel: Panel
    # Runs work of the panel's on the engine's loop.
    run: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]

    @property
    def name(self) -> str:
        """What the judges are called: ``judge=gpt5``."""
        return _name(self.panel)

    @noted
    async def complete(self, messages: str | Sequence[Message], **generation: Any) -> Completion:
        """The one judge's answer to messages of one's own."""
        __tracebackhide__ = True
        completion: Completion = await self.run(self.panel.single.complete(messages, **generation))
        return completion

    @noted
    async def ask(self, rubric: Rubric, answer: Completion | str, *, name: str = "main", **fields: Any) -> Verdict:
        """What the judges say together of an answer; ``fields`` fill the rubric's prompt.

        Raises `JudgeError` where fewer of them than [judge] wants gave a verdict that can be read.
        """
        __tracebackhide__ = True
        verdict: Verdict = await self.run(self.panel.ask(rubric, answer, name, fields))
        return self.panel.told(verdict)

    @noted
    async def grade(
        self, rubric: Rubric, answer: Completion | str, *, name: str = "main", rule: Score | None = None, **fields: Any
    ) -> Score:
        """The score that the judges' verdict is, or that a ``rule`` has made, by the strategy of [judge]."""
        __tracebackhide__ = True
        if (settled := _settled(self.panel, rule)) is not None:
            return settled
        verdict = await self.ask(rubric, answer, name=name, **fields)
        return _scored(self.panel, rubric, verdict, name, rule, fields)

    @noted
    async def compare(
        self, rubric: Rubric, one: Completion | str, two: Completion | str, *, name: str = "main", **fields: Any
    ) -> Battle:
        """What the judges say of two answers, in both orders: 1 where the first named wins, 0.5 for a tie."""
        __tracebackhide__ = True
        battle: Battle = await self.run(self.panel.compare(rubric, (one, two), name, fields))
        return self.panel.told(battle)


@dataclass(frozen=True, repr=False)
class BlockingJudge:
    """The judges for a sync body, which waits for each verdict; `judging.types.SyncJudge` for a test."""

    panel: Panel
    run: Callable[[Coroutine[Any, Any, Any]], Any]

    @property
    def name(self) -> str:
        """What the judges are called: ``judge=gpt5``."""
        return _name(self.panel)

    def complete(self, messages: str | Sequence[Message], **generation: Any) -> Completion:
        """As `AskedJudge.complete`, and waits for it; so do the others."""
        __tracebackhide__ = True
        completion: Completion = self.run(self.panel.single.complete(messages, **generation))
        return completion

    def ask(self, rubric: Rubric, answer: Completion | str, *, name: str = "main", **fields: Any) -> Verdict:
        """As `AskedJudge.ask`."""
        __tracebackhide__ = True
        verdict: Verdict = self.run(self.panel.ask(rubric, answer, name, fields))
        return self.panel.told(verdict)

    def grade(
        self, rubric: Rubric, answer: Completion | str, *, name: str = "main", rule: Score | None = None, **fields: Any
    ) -> Score:
        """As `AskedJudge.grade`."""
        __tracebackhide__ = True
        if (settled := _settled(self.panel, rule)) is not None:
            return settled
        verdict = self.ask(rubric, answer, name=name, **fields)
        return _scored(self.panel, rubric, verdict, name, rule, fields)

    def compare(
        self, rubric: Rubric, one: Completion | str, two: Completion | str, *, name: str = "main", **fields: Any
    ) -> Battle:
        """As `AskedJudge.compare`."""
        __tracebackhide__ = True
        battle: Battle = self.run(self.panel.compare(rubric, (one, two), name, fields))
        return self.panel.told(battle)


def _name(panel: Panel) -> str:
    return ", ".join(judge.name for judge in panel.judges)


def _settled(panel: Panel, rule: Score | None) -> Score | None:
    """The rule's score, where no judge is to be asked; `pytest.UsageError` where there is nothing else.

    Where there are judges it is a metric of its own too, of all samples.
    """
    strategy = panel.setup.settings.strategy
    if rule is None:
        if strategy == RULE or not panel.judges:
            raise pytest.UsageError("this benchmark needs a judge, as no rule scores it: --model judge=NAME")
        return None
    if not panel.judges or strategy == RULE:
        return rule
    replace(rule, name="rule")
    return rule if strategy == RECALL and rule.passed else None


def _scored(
    panel: Panel, rubric: Rubric, verdict: Verdict, name: str, rule: Score | None, fields: Mapping[str, Any]
) -> Score:
    """The score of a verdict, or the rule's where judges were only to find what that misses."""
    gives = panel.setup.settings.over(rubric, panel.prompt).gives
    weights = gives.weights if isinstance(gives, Labels) else {}
    (value, weight), expected = weighed(verdict, weights), str(fields.get("reference", ""))
    if rule is not None and panel.setup.settings.strategy == RECALL and rule.value > value:
        return rule
    if isinstance(gives, Rating):
        ends = (gives.lowest, gives.highest)
        return Score(value, True, f"{value:g}", expected, str(verdict), name, range=ends, measured=True)
    return Score(value, verdict.is_right, verdict.label, expected, str(verdict), name, weight)
