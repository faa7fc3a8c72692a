"""A run gone through with what is stored, and without a question, so that it is known what judges will be asked."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pytest

from pytest_modeleval.asking.asker import Answer, Asker, Askers
from pytest_modeleval.asking.given import GIVEN, BlockingModel, converse, panel_of, sandbox_of
from pytest_modeleval.asking.judge import AskedJudge, BlockingJudge
from pytest_modeleval.asking.panel import Panel
from pytest_modeleval.asking.programs import BlockingSandbox
from pytest_modeleval.asking.thoughts import AboutThought, ask_about_thoughts
from pytest_modeleval.asking.trial import AskedModel, Trial, model_of, prepare
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.judging.rubric import Gives, Preference, Rating, Rounds
from pytest_modeleval.judging.verdict import Vote
from pytest_modeleval.requests import Request
from pytest_modeleval.sample import NotAsked, SampleError, recorded_scores
from pytest_modeleval.sandbox.program import Program

# What a sync body may take here; one that takes more has its turn in the run alone.
_OF_SYNC = frozenset({"sample", "completion", "model", "rule", "settings", "judge", "sandbox"})


class _FromStore(Asker):
    """Gives what is stored, and counts what is not; equal questions are counted once."""

    def __init__(self, asker: Asker, seen: set[str]) -> None:
        # What it is asked by, and where that is kept, is the other's.
        vars(self).update(vars(asker))
        self._seen = seen
        self.asked = self.stored = 0

    async def ask(self, request: Request) -> Answer:
        """The stored answer; `SampleError` where there is none."""
        if self.spec.way.is_run:
            return await super().ask(request)
        question = self._recall.question(request)
        if (answer := self._stored(question, request)) is not None or question.key in self._seen:
            self.stored += 1
        else:
            self._seen.add(question.key)
            self.asked += 1
        if answer is None:
            raise SampleError("not stored")
        return answer

    def outcome(self, key: str, tool: str) -> str | None:
        """What is kept of a tool's call; `SampleError` where the call is to be made."""
        if (kept := super().outcome(key, tool)) is None:
            raise SampleError("not called")
        return kept

    def keep_outcome(self, key: str, tool: str, told: str) -> None:
        """Keep nothing."""


@dataclass
class NothingRuns:
    """A sandbox of that name in which nothing runs: what ran is in the store, or is not known."""

    name: str

    async def run(self, program: Program) -> NoReturn:  # noqa: ARG002 - as a sandbox has it
        """Nothing comes of a program."""
        raise SampleError("not run")

    async def tool(self, language: str) -> str:  # noqa: ARG002
        """Nothing runs a language, and nobody is told why."""
        return ""

    async def session(self, program: Program) -> "_NoSession":  # noqa: ARG002
        """A session that nothing runs in."""
        return _NoSession()

    async def close(self) -> None:
        """Nothing is open."""


class _NoSession:
    async def run(self, code: str) -> NoReturn:  # noqa: ARG002
        """Nothing comes of a step."""
        raise SampleError("not run")

    async def call(self, function: str, /, *arguments: Any, **named: Any) -> NoReturn:  # noqa: ARG002
        """Nor of a call."""
        raise SampleError("not run")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, repr=False)
class _Rehearsed(Panel):
    """Judges, of whose verdicts those that nobody has given yet are made up, so that the body goes on."""

    async def _vote(self, judge: AskedModel, *asked: Any, probe: bool = False) -> Vote:
        found = await super()._vote(judge, *asked, probe=probe)
        if isinstance(found, Vote):
            return found
        rubric, _, _, repeat, order = asked
        label, value = _any_of(rubric.gives)
        return Vote(judge.name, label, value, repeat=repeat, order=order)


class Rehearsal:
    """Bodies, and questions about thoughts, gone through with what is stored."""

    def __init__(self, askers: Askers) -> None:
        seen: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._models = {name: _FromStore(asker, seen) for name, asker in askers.models.items()}
        self._judges = {spec.name: _FromStore(asker, seen) for spec, asker in askers.roles.get("judge", ())}
        roles = {
            role: [(spec, self._judges.get(spec.name) or _FromStore(asker, seen)) for spec, asker in its]
            for role, its in askers.roles.items()
        }
        self._askers = replace(askers, models=self._models, roles=roles)

    def close(self) -> None:
        """Close what was opened to be read."""
        self._loop.run_until_complete(self._askers.close())
        self._loop.close()

    def of_body(self, ref: SampleRef) -> tuple[bool, Mapping[str, tuple[int, int]]]:
        """How often each judge will be asked in an item's body, and how many of its replies are stored.

        Whether that is all of it is said first: it is not where a model's own answer is not there yet.
        """
        before = self._counts
        lacking = sum(each.asked for each in self._models.values())
        try:
            is_whole = self._play(ref)
        except (pytest.skip.Exception, pytest.fail.Exception, AssertionError):
            is_whole = True
        except pytest.UsageError:
            raise
        except Exception:  # noqa: BLE001 - whatever a body makes of a verdict that is made up
            is_whole = False
        is_whole = is_whole and lacking == sum(each.asked for each in self._models.values())
        return is_whole, self._since(before)

    def of_turns(self, ref: SampleRef) -> int | None:
        """How many turns an item's conversations with tools may still have at most: none where all is stored.

        None for an item that has no such conversation.
        """
        trial = Trial(ref.source.sample(ref.subset, ref.row))
        try:
            is_whole = self._play(ref, trial)
        except pytest.UsageError:
            raise
        except (AssertionError, pytest.skip.Exception, pytest.fail.Exception):
            is_whole = True
        except Exception:  # noqa: BLE001 - whatever a body makes of what is not there
            is_whole = False
        return (0 if is_whole else trial.talk.most - trial.talk.turns) if trial.talk.most else None

    def of_thoughts(self, asked: Iterable[tuple[AboutThought, SampleRef]]) -> Mapping[str, tuple[int, int]]:
        """How often each judge will be asked about thoughts, and how many of its replies are stored."""
        before = self._counts
        self._loop.run_until_complete(ask_about_thoughts(self._askers, list(asked)))
        return self._since(before)

    def _play(self, ref: SampleRef, trial: Trial | None = None) -> bool:
        """Whether the body came to its end."""
        body, trial = ref.source.benchmark.body, trial or Trial(ref.source.sample(ref.subset, ref.row))
        names = set(body.__code__.co_varnames[: body.__code__.co_argcount + body.__code__.co_kwonlyargcount])
        if ref.source.benchmark.is_async and names <= GIVEN.keys():
            judge = AskedJudge(self._panel(ref, trial), _here)
            self._loop.run_until_complete(converse(self._askers, ref, {"judge": judge}, trial))
            return not isinstance(trial.ended, SampleError) or isinstance(trial.ended, NotAsked)
        if ref.source.benchmark.is_async or not names <= _OF_SYNC:
            return False
        self._play_sync(ref, names, trial)
        return True

    def _play_sync(self, ref: SampleRef, names: set[str], trial: Trial) -> None:
        here, model = self._loop.run_until_complete, self._models[ref.model.name]
        here(prepare(model, ref, names, trial))
        given: dict[str, object] = {
            "sample": trial.sample,
            "completion": trial.answers[0].completion if trial.answers else None,
            "model": BlockingModel(model_of(model, ref, trial, self._askers.limits), here),
            "rule": ref.source.scorer if "rule" in names else None,
            "settings": ref.source.settings.own,
            "judge": BlockingJudge(self._panel(ref, trial), here),
            "sandbox": BlockingSandbox(sandbox_of(self._askers), here) if "sandbox" in names else None,
        }
        token = recorded_scores.set(trial.scores)
        try:
            ref.source.benchmark.body(**{name: given[name] for name in names})
        finally:
            recorded_scores.reset(token)

    def _panel(self, ref: SampleRef, trial: Trial) -> Panel:
        return _Rehearsed(**vars(panel_of(self._askers, ref, trial)))

    @property
    def _counts(self) -> Mapping[str, tuple[int, int]]:
        return {name: (judge.asked, judge.stored) for name, judge in self._judges.items()}

    def _since(self, before: Mapping[str, tuple[int, int]]) -> Mapping[str, tuple[int, int]]:
        return {
            name: (asked - before[name][0], stored - before[name][1]) for name, (asked, stored) in self._counts.items()
        }


def _any_of(gives: Gives) -> tuple[str, float]:
    """A verdict that could be given."""
    if isinstance(gives, Rating):
        return gives.read(gives.lowest)
    if isinstance(gives, Rounds):
        return gives.read([[0, 1]])
    return gives.read("A=B" if isinstance(gives, Preference) else next(iter(gives.values)))


async def _here(work: Coroutine[Any, Any, Any]) -> Any:
    return await work
