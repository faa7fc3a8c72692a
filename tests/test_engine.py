"""The engine: order, look-ahead, stopping."""

import asyncio
import ctypes
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_modeleval.asking import engine as engine_module
from pytest_modeleval.asking.engine import Engine, Job
from pytest_modeleval.sample import NotAsked, SampleError, StopRun


@pytest.fixture
def engine() -> Iterator[Engine[Any]]:
    made: Engine[Any] = Engine()
    yield made
    made.close()


def nothing() -> None:
    pass


def job(key: str, work: Any, at_once: int = 8) -> Job[Any]:
    return Job(key, work, lambda: at_once)


def test_a_slow_job_holds_back_no_other(engine: Engine[Any]) -> None:
    finished: list[int] = []
    others = asyncio.Event()

    async def work(number: int) -> int:
        if number == 0:
            await others.wait()
        finished.append(number)
        if len(finished) == 99:
            others.set()
        return number

    engine.feed(job(str(n), lambda n=n: work(n)) for n in range(100))

    assert [engine.result(str(n), nothing) for n in range(100)] == list(range(100))
    assert finished[-1] == 0


def test_an_engine_may_be_closed_before_its_thread_has_begun_to_work() -> None:
    for _ in range(300):
        Engine[Any]().close()

    assert not [thread for thread in threading.enumerate() if thread.name == "modeleval-engine"]


def test_jobs_of_another_kind_have_room_of_their_own(engine: Engine[Any]) -> None:
    together = threading.Barrier(2, timeout=20)

    async def meet() -> None:
        await asyncio.to_thread(together.wait)

    engine.feed([Job("one", meet, lambda: 1, "a"), Job("two", meet, lambda: 1, "b")])

    assert [engine.result(key, nothing) for key in ("one", "two")] == [None, None]


def test_no_more_jobs_run_at_once_than_allowed(engine: Engine[Any]) -> None:
    running, most = 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    engine.feed(job(str(n), work, at_once=5) for n in range(50))
    for n in range(50):
        engine.result(str(n), nothing)

    assert most == 5


def test_finished_results_are_bounded(engine: Engine[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "LOOK_AHEAD", 10)
    started = 0

    full = threading.Event()

    async def work() -> int:
        nonlocal started
        started += 1
        if started == 10:
            full.set()
        return started

    engine.feed(job(str(n), work, at_once=4) for n in range(100))
    full.wait()
    time.sleep(0.05)

    assert started <= 14
    assert [engine.result(str(n), nothing) for n in range(100)] == list(range(1, 101))


def test_a_samples_error_is_its_result(engine: Engine[Any]) -> None:
    async def fails() -> None:
        raise SampleError("no answer")

    async def breaks() -> None:
        raise KeyError("x")

    engine.feed([job("a", fails), job("b", breaks)])
    first, second = engine.result("a", nothing), engine.result("b", nothing)

    assert (str(first), str(second)) == ("no answer", "KeyError: 'x'")
    assert isinstance(second.__cause__, KeyError)


def test_a_stop_reaches_whoever_waits_and_keeps_what_is_finished(engine: Engine[Any]) -> None:
    async def works() -> int:
        return 1

    async def stops() -> None:
        await asyncio.sleep(0.05)
        raise StopRun("no more")

    engine.feed([job("a", works), job("b", stops), job("c", lambda: asyncio.sleep(10))])

    assert engine.result("a", nothing) == 1
    with pytest.raises(StopRun, match="no more"):
        engine.result("c", nothing)


def test_closing_cancels_what_is_in_flight_and_calls_the_closers() -> None:
    started = threading.Event()
    ended: list[str] = []

    async def work() -> None:
        started.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.append("cancelled")

    async def closer() -> None:
        ended.append("closed")

    engine: Engine[Any] = Engine([closer])
    engine.feed([job("a", work)])
    started.wait()
    engine.close()
    engine.close()

    assert ended == ["cancelled", "closed"]
    assert not any(thread.name == "modeleval-engine" for thread in threading.enumerate())


def test_it_ticks_while_it_waits(engine: Engine[Any]) -> None:
    ticks: list[int] = []

    async def work() -> str:
        while len(ticks) < 2:
            await asyncio.sleep(0.01)
        return "done"

    engine.feed([job("a", work)])

    assert engine.result("a", lambda: ticks.append(1)) == "done"


def test_what_is_wanted_next_starts_although_many_results_wait() -> None:
    engine: Engine[Any] = Engine(backlog=1)
    try:
        engine.feed(job(str(n), lambda n=n: asyncio.sleep(0, n), at_once=4) for n in range(50))
        time.sleep(0.1)
        engine.feed_first(job("first", lambda: asyncio.sleep(0, "done"), at_once=4))

        assert engine.result("first", nothing) == "done"
        assert [engine.result(str(n), nothing) for n in range(50)] == list(range(50))
    finally:
        engine.close()


def test_with_a_small_look_ahead_little_is_asked_in_vain() -> None:
    engine: Engine[Any] = Engine(backlog=2)
    started: list[int] = []
    twice_as_many = threading.Event()

    async def work(number: int) -> int:
        started.append(number)
        if len(started) == 2 * 3:
            twice_as_many.set()
        return number

    try:
        engine.feed(job(str(n), lambda n=n: work(n), at_once=3) for n in range(100))
        assert twice_as_many.wait(60)
        for n in range(10):
            engine.result(str(n), nothing)
            time.sleep(0.01)

        assert len(started) <= 10 + 3 * 3
    finally:
        engine.close()


def test_what_is_dropped_is_neither_started_nor_kept_and_what_is_in_flight_is_cancelled(engine: Engine[Any]) -> None:
    ended: list[str] = []
    hanging: list[str] = []
    full = threading.Event()

    async def work(key: str) -> str:
        try:
            if key != "a0":
                hanging.append(key)
                if len(hanging) == 3:
                    full.set()
                await asyncio.sleep(600)
        finally:
            ended.append(key)
        return key

    engine.feed(job(key, lambda key=key: work(key), at_once=3) for key in ("a0", "a1", "a2", "a3", "a4", "a5"))
    full.wait()
    engine.feed([job("b", lambda: asyncio.sleep(0, "b"), at_once=3)])
    engine.drop(lambda key: key.startswith("a"))

    assert engine.result("b", nothing) == "b"
    assert sorted(ended) == ["a0", "a1", "a2", "a3"]
    assert (engine.in_flight, engine._results, len(engine._jobs)) == (0, {}, 0)


def test_an_exception_in_the_feeder_ends_the_wait_in_one_line(engine: Engine[Any]) -> None:
    engine.feed([Job("a", lambda: asyncio.sleep(0, "a"), lambda: 1 // 0)])

    with pytest.raises(StopRun, match=r"the thread that asks the model has ended \(ZeroDivisionError: .*\)"):
        engine.result("a", nothing)
    # Nor does anything else fail on it.
    engine.feed([job("b", lambda: asyncio.sleep(0, "b"))])
    engine.drop(lambda _: False)
    engine.close()


def test_a_thread_that_ended_without_a_word_ends_the_wait(engine: Engine[Any]) -> None:
    engine.close()

    with pytest.raises(StopRun, match=r"the thread that asks the model has ended \(without a word\)"):
        engine.result("a", nothing)


def test_a_thread_that_was_killed_ends_the_wait(engine: Engine[Any]) -> None:
    engine.feed([job("a", lambda: asyncio.sleep(0.01, "a")), job("b", lambda: asyncio.sleep(60))])
    assert engine.result("a", nothing) == "a"

    kill("modeleval-engine")
    engine.feed([job("c", lambda: asyncio.sleep(0, "c"))])

    with pytest.raises(StopRun, match=r"has ended \(SystemExit: \)"):
        engine.result("b", nothing)


def kill(name: str) -> None:
    """Have a thread raise SystemExit wherever it is."""
    (thread,) = (each for each in threading.enumerate() if each.name == name)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(SystemExit))


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError])
def test_whatever_a_job_raises_is_its_samples_error(engine: Engine[Any], ending: type[BaseException]) -> None:
    async def work() -> None:
        raise ending("x")

    engine.feed([job("a", work), job("b", lambda: asyncio.sleep(0, "b"))])

    assert str(engine.result("a", nothing)) == f"{ending.__name__}: x"
    assert engine.result("b", nothing) == "b"


def test_a_job_that_cancels_itself_is_an_error(engine: Engine[Any]) -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    engine.feed([job("a", work)])

    assert str(engine.result("a", nothing)) == "its request was cancelled"


def test_a_skip_leaves_the_sample_out_and_an_exit_ends_the_run(engine: Engine[Any]) -> None:
    async def skips() -> None:
        pytest.skip("not this one")

    async def exits() -> None:
        pytest.exit("enough")

    engine.feed([job("a", skips), job("b", exits)])

    assert isinstance(engine.result("a", nothing), NotAsked)
    with pytest.raises(pytest.exit.Exception, match="enough"):
        engine.result("b", nothing)


def test_a_closer_that_fails_keeps_no_other_open() -> None:
    closed: list[str] = []

    async def fails() -> None:
        raise OSError("gone")

    async def closes() -> None:
        closed.append("closed")

    Engine([fails, closes]).close()

    assert closed == ["closed"]
