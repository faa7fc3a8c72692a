"""One model asked: opened once, closed in the end, left in peace between attempts."""

import asyncio
import random
import selectors
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking.asker import FIRST_PAUSE, JITTER, LONGEST_PAUSE, Asker, askers
from pytest_modeleval.asking.recall import Rules
from pytest_modeleval.models import Model, Unavailable
from pytest_modeleval.models.identity import identity_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.requests import Chat, Request
from pytest_modeleval.sample import Completion, Json, SampleError, StopRun
from pytest_modeleval.store.store import Store
from tests.conftest import ANSWERS, FaultyServer, answer, run

MADE = """
def made(question: str) -> Sample:
    with open("made", "a") as file:
        file.write(f"{question}\\n")
    return Sample(question, "42")
"""
IDENTIFY = partial(identity_of, offline=True)


class Told:
    """A model that does what it is told, attempt by attempt, and notes when it was asked and closed."""

    answers: frozenset[type[Request]] = frozenset({Chat})
    concurrency: int | None = None

    def __init__(self, *attempts: Exception | str, check: Exception | None = None) -> None:
        self._attempts, self._check = list(attempts), check
        self.times: list[float] = []
        self.closed = 0

    async def check(self, kind: type[Request]) -> None:
        if self._check:
            raise self._check

    async def answer(self, request: Request) -> Completion:
        self.times.append(asyncio.get_running_loop().time())
        found = self._attempts.pop(0)
        if isinstance(found, Exception):
            raise found
        return Completion(found)

    async def close(self) -> None:
        self.closed += 1


class _Leaping(selectors.DefaultSelector):
    """Where the loop would wait, its clock leaps instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0.001 if timeout is None else 0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def without_waiting(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine with a clock that leaps over every pause."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


def asker(folder: Path, model: Told, **spec: object) -> Asker:
    return asker_of(Store(folder), lambda _: model, **spec)


def asker_of(store: Store, open_model: Callable[[ModelSpec], Model], **spec: object) -> Asker:
    settings: dict[str, Any] = {"name": "told", "api": "told", "model": "told", **spec}
    rules = Rules(Cache.OFF, "run", judged=False, since=0)
    found = askers([ModelSpec(**settings)], {}, store, rules, open_model, identify=IDENTIFY, concurrency=None)
    return found.models["told"]


def pauses(model: Told) -> Sequence[float]:
    return [after - before for before, after in zip(model.times, model.times[1:], strict=False)]


def test_between_attempts_there_is_a_pause_that_doubles_with_full_jitter(tmp_path: Path) -> None:
    JITTER.seed(1)
    model = Told(*[Unavailable("busy")] * 9, "42")

    answer = without_waiting(asker(tmp_path, model, retries=9).ask(Chat([])))

    assert answer.completion.text == "42"
    most = [min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) for attempt in range(9)]
    assert all(0 < pause <= longest + 1e-6 for pause, longest in zip(pauses(model), most, strict=True))
    assert max(pauses(model)) > LONGEST_PAUSE / 2
    assert len(set(pauses(model))) == 9


def test_processes_that_are_seeded_alike_do_not_come_back_together(tmp_path: Path) -> None:
    models = [Told(*[Unavailable("busy")] * 3, "42") for _ in range(2)]

    for number, model in enumerate(models):
        random.seed(1)
        without_waiting(asker(tmp_path / str(number), model, retries=3).ask(Chat([])))

    assert pauses(models[0]) != pauses(models[1])


def test_a_server_that_says_when_is_asked_no_sooner(tmp_path: Path) -> None:
    model = Told(Unavailable("busy", rate_limited=True, retry_after=120.0), "42")

    without_waiting(asker(tmp_path, model, retries=0).ask(Chat([])))

    assert pauses(model) == pytest.approx([120.0], abs=1.0)


@pytest.mark.parametrize(("seconds", "waited"), [(600.0, True), (601.0, False)])
def test_the_longest_patience_is_ten_minutes(tmp_path: Path, seconds: float, waited: bool) -> None:
    model = Told(Unavailable("busy", rate_limited=True, retry_after=seconds), "42")
    work = asker(tmp_path, model, retries=0).ask(Chat([]))

    if waited:
        assert without_waiting(work).completion.text == "42"
    else:
        with pytest.raises(StopRun, match="told asks to come back in 601 s: busy"):
            without_waiting(work)


def test_the_model_is_opened_once_and_closed(tmp_path: Path) -> None:
    model = Told("1", SampleError("no"), "3")
    opened: list[str] = []

    def open_model(spec: ModelSpec) -> Model:
        opened.append(spec.name)
        return model

    async def work() -> None:
        with closing(Store(tmp_path)) as store:
            one = asker_of(store, open_model)
            await asyncio.gather(*(one.ask(Chat([], repeat=n)) for n in range(3)), return_exceptions=True)
            await one.close()

    asyncio.run(work())

    assert (opened, model.closed) == (["told"], 1)


def test_a_model_that_did_not_open_or_was_never_asked_is_not_closed(tmp_path: Path) -> None:
    broken, unasked = Told(check=StopRun("no")), Told()

    async def work() -> None:
        one, other = asker(tmp_path, broken), asker(tmp_path, unasked)
        with pytest.raises(StopRun, match="no"):
            await one.ask(Chat([]))
        await one.close()
        await other.close()

    asyncio.run(work())

    assert (broken.closed, unasked.closed) == (0, 0)


@pytest.mark.parametrize("model", ["faulty", "tiny"])
def test_half_a_surrogate_pair_is_its_samples_error_and_no_others(
    project: pytest.Pytester,
    faulty: FaultyServer,
    model: str,
) -> None:
    rows = "['Compute 3 + 4.', 'half \\ud800', 'Compute 5 + 4.']"
    project.makepyfile(
        test_halves=f"from pytest_modeleval import Sample, benchmark, generated\n"
        f"ROWS = generated(lambda subset, index: {{'question': {rows}[index]}}, {{'main': 3}})\n"
        "@benchmark(ROWS, lambda row: Sample(row, '7'), prompt='{question}')\n"
        "def test_halves(sample, completion):\n    assert completion.text\n"
    )

    result = run(project, "--model", model, "test_halves.py", "-rE")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*what is asked has half of a surrogate pair, '\\ud800', and is no text*"])


def test_who_waits_for_the_slot_of_what_stopped_the_run_asks_nothing(tmp_path: Path) -> None:
    model = Told(StopRun("the key was refused"), "42")
    model.concurrency = 1
    one = asker(tmp_path, model)

    async def both() -> None:
        waiting = asyncio.create_task(one.ask(Chat([], generation={"seed": 2})))
        with pytest.raises(StopRun):
            await one.ask(Chat([]))
        await asyncio.sleep(0.01)
        waiting.cancel()

    asyncio.run(both())

    assert len(model.times) == 1


def test_the_next_question_is_made_while_the_model_answers(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace('Sample(row["q"], "42")', 'made(row["q"])') + MADE)
    made, seen = project.path / "made", list[set[str]]()

    def fault(handler: BaseHTTPRequestHandler, body: Json) -> None:
        end = time.monotonic() + 10
        while "easy 1" not in made.read_text() and time.monotonic() < end:
            time.sleep(0.01)
        seen.append({*made.read_text().splitlines()})
        answer("42")(handler, dict(body))

    faulty.fault = fault
    run(project, "--model", "faulty", "--eval-concurrency", "1", "test_answers.py").assert_outcomes(passed=10)

    assert seen[0] == {"easy 0: what is 6 * 7?", "easy 1: what is 6 * 7?"}
