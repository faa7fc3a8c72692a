"""A gate's run that takes up an interrupted one: whose answers are used only where the same model still answers."""

import asyncio
import hashlib
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import pytest

from pytest_modeleval import xdist
from pytest_modeleval.gate.gate import Exit
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import INTERRUPTED
from pytest_modeleval.sample import Completion, SampleError, StopRun
from pytest_modeleval.store.store import Kept, Store

# Options that say neither what is asked nor how it is judged.
_BESIDE = {"run", "resume_within", "budget", "concurrency", "write", "report", "allure", "junit"}
# A fingerprint that Ollama gives to every model (openai/openai.go).
_NAMELESS = "fp_ollama"
# Answers of the interrupted run that are asked for again: so many at least, and of so many letters together. All must
# come out the same. Two models say the same letter of four to most questions, and no two the same long text; a
# log-likelihood, to a hundredth, tells as much as some words.
PROBES, LETTERS = 4, 400
_LETTERS_OF_A_NUMBER = 25
# How far two log-likelihoods of the same tokens lie apart when they were computed in other batches.
_NOISE = 0.01


def command_of(config: pytest.Config, options: Options) -> str:
    """The hash of all that says what is asked and judged, by which an interrupted run is known."""
    if worker := xdist.worker_input(config):
        return str(worker["modeleval_command"])
    kept = {name: value for name, value in asdict(options).items() if name not in _BESIDE}
    parts = [config.args, config.option.keyword, config.option.markexpr, kept]
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def find_interrupted(store: Store, run: str, command: str) -> None:
    """Note for all processes of a run that it takes up the last one of its command, where that was broken off.

    One that still runs is not: its answers are its own.
    """
    store.write(
        "update runs set command = ?, resumes = (select id from (select id, ended, exit_status, process from runs "
        "where command = ? order by started desc limit 1) "
        "where (ended = ? or exit_status = ?) and not is_alive(process)) "
        "where id = ? and command is null",
        # One whose budget was spent leaves the rest to the next.
        [(command, command, INTERRUPTED, int(Exit.BUDGET_SPENT), run)],
    )


def bless(store: Store, run: str) -> None:
    """Let no run take up this one or one before: what stands in a baseline would be compared with itself."""
    store.write("update runs set command = '' where command = (select command from runs where id = ?)", [(run,)])


def refuse_changed(store: Store, run: str) -> None:
    """`pytest.UsageError` where a server did not say the same of itself from a run's beginning to its end."""
    said: dict[str, list[str]] = {}
    for model, words in store.rows("select model, said from servers where run = ?", (run,)):
        said.setdefault(model, []).append(words or "nothing")
    for model, words in said.items():
        if len(words) > 1:
            raise pytest.UsageError(
                f"the server of {model} said {' and '.join(words)} of itself in this run: several models answered, and "
                "no gate was judged; run it again"
            )


class Resumption:
    """One process's and model's part of it. Lives on the engine's loop.

    The answers are used when the server says the same of itself as before, and says something that tells models apart,
    and when the first of them (`PROBES`, `LETTERS`), asked again, come out the same: other weights may have the same
    name.
    Where the identity is sure (a folder's content, a hub's commit, a name given by the user), neither need tell more.
    """

    def __init__(self, store: Store, run: str, name: str, who: Identity) -> None:
        self._store, self._run, self._name, self._who = store, run, name, who
        # What is wrong with each answer that is asked again; empty for one that came out the same.
        self._probes: list[asyncio.Future[str]] = []
        self._letters = 0
        self._said = ""

    def opened(self, said: Mapping[str, Any]) -> None:
        """Keep what the model's server says of itself."""
        self._said = json.dumps(said, sort_keys=True) if said else ""
        self._store.write("insert or ignore into servers values (?, ?, ?)", [(self._run, self._name, self._said)])

    async def same_model(self, kept: Kept, again: Callable[[], Awaitable[Completion]]) -> bool:
        """Whether an answer may be used; ``again`` asks for it anew, which the first of them do."""
        if not self._is_described(kept):
            return False
        if not (self._who.is_sure or await self._is_proven(kept, again)):
            return False
        # From now on it is this run's, unless another process has just found that it must not be.
        return bool(
            self._store.write(
                "update completions set run = ? where key = ? and "
                "not exists (select 1 from refusals where run = ? and who = ?)",
                [(self._run, kept.key, self._run, self._who.hash)],
            )
        )

    def _is_described(self, kept: Kept) -> bool:
        """Whether the server says the same of itself as before, and enough to be known by."""
        before = self._store.rows("select said from servers where model = ? and run = ?", (self._name, kept.run))
        if self._who.is_sure and not before:
            return True
        if (before or [("",)]) != [(self._said,)]:
            now, then = self._said or "nothing", " or ".join(said for (said,) in before) or "nothing"
            self._refuse(f"the server of {self._name} says {now} of itself, and said {then} before")
        elif not self._who.is_sure and not self._said and kept.completion.fingerprint in ("", _NAMELESS):
            self._refuse(
                f"the server of {self._name} says nothing of itself that tells one model from another; "
                'identity = "…" in its alias does'
            )
        else:
            return True
        return False

    async def _is_proven(self, kept: Kept, again: Callable[[], Awaitable[Completion]]) -> bool:
        """Whether the first answers, asked again, came out the same; this one is asked again while they are too few."""
        while len(self._probes) >= PROBES and self._letters >= LETTERS:
            await asyncio.wait(probes := [*self._probes])
            # One that was cancelled meanwhile is there no more.
            if probes == self._probes:
                return not any(probe.result() for probe in probes)
        await self._probe(kept, again)
        return False

    async def _probe(self, kept: Kept, again: Callable[[], Awaitable[Completion]]) -> None:
        same = asyncio.get_running_loop().create_future()
        self._probes.append(same)
        self._letters += (letters := _letters(kept.completion))
        try:
            if is_same(kept.completion, await again()):
                same.set_result("")
            else:
                self._differs(same, "answers otherwise now")
        except SampleError:
            self._differs(same, "has no answer now where it had one")
            raise
        finally:
            if not same.done():
                # Cancelled, it tells nothing, and another is asked.
                self._probes.remove(same)
                self._letters -= letters
                same.set_result("")

    def _differs(self, probe: asyncio.Future[str], why: str) -> None:
        probe.set_result(why)
        self._refuse(f"{self._name} {why}")

    def _refuse(self, why: str) -> None:
        """Use no answer of the interrupted run, in no process; `StopRun` when one has used some already."""
        who = self._who.hash
        self._store.write("insert or ignore into refusals values (?, ?, ?)", [(self._run, who, why)])
        used = self._store.write(
            "update completions set run = null where run = ? and who = ? and created < "
            "(select started from runs where id = ?)",
            [(self._run, who, self._run)],
        )
        if used:
            raise StopRun(f"{used:,} answers of the run that this one takes up were used before {why}: run it again")


def _letters(completion: Completion) -> int:
    texts = [completion.text, completion.thinking, *map(str, completion.calls)]
    return sum(map(len, texts)) + _LETTERS_OF_A_NUMBER * len(completion.numbers)


def is_same(before: Completion, after: Completion) -> bool:
    """Whether two answers are the same one, by texts, calls, pictures, numbers and what the server calls itself."""
    texts = [
        (one.text, one.thinking, one.fingerprint, getattr(one, "images", ()), [*map(str, one.calls)])
        for one in (before, after)
    ]
    pairs = zip(before.numbers, after.numbers, strict=False)
    return texts[0] == texts[1] and all(math.isclose(one, two, rel_tol=_NOISE) for one, two in pairs)
