"""Asks ahead: starts the selected items' work in their order and keeps the results for their turn."""

import asyncio
import gc
import selectors
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pytest

from pytest_modeleval.limits import used_up
from pytest_modeleval.sample import Crashed, NotAsked, SampleError, StopRun

T = TypeVar("T")
R = TypeVar("R")

# Results that may wait for their item's turn. A slow sample holds back reports, and past this many also requests.
LOOK_AHEAD = 4096


def _death(how: str) -> StopRun:
    why = f"({how}){used_up()}"
    return StopRun(f"the thread that asks the model has ended {why}. What was answered is kept: run the command again")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """One item's work: a coroutine function, and how many jobs of its ``kind`` may run at once when it starts."""

    key: str
    work: Callable[[], Awaitable[T]]
    at_once: Callable[[], int]
    kind: str = ""


class _TellingSelector(selectors.DefaultSelector):
    """A selector that tells since when the loop has been waiting in it, so with nothing to do."""

    idle_since = float("inf")

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self.idle_since = time.perf_counter()
        events = super().select(timeout)
        self.idle_since = float("inf")
        return events


class Engine(Generic[T]):
    """One asyncio loop in one thread, working through jobs in the order they were fed.

    `feed` and `result` are called from the main thread; everything else runs on the loop.
    """

    def __init__(self, closers: Iterable[Callable[[], Awaitable[None]]] = (), *, backlog: int | None = None) -> None:
        """With ``backlog``, only that many times the jobs at once may wait finished: what is dropped cost little."""
        self._closers = list(closers)
        self._backlog = backlog
        self._dropped: Callable[[str], bool] = lambda _: False
        self._jobs: deque[Job[T]] = deque()
        self._results: dict[str, T | SampleError] = {}
        self._ready = threading.Condition()
        self._awaited: str | None = None
        self._stopped: BaseException | None = None
        self._tasks: dict[asyncio.Task[None], Job[T]] = {}
        # What other threads wait for.
        self._beside: set[asyncio.Task[Any]] = set()
        self._running: Counter[str] = Counter()
        self._selector = _TellingSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        # The loop gets the interpreter lock when it has asked for it this long without the main thread letting go once,
        # and pytest's writing lets go, for moments, twice a millisecond: with the usual 5 ms, or 0.5, a response waits
        # for up to 100 ms (bench/asking.py: a request phase of 1.3 x the ideal instead of 1.2).
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(0.00003)
        # Python's own 700 is reached by 64 requests in flight, which are no garbage: it looks through them 500 times in
        # bench/asking.py, 0.1 s of a request phase of 1.3 s.
        self._gc_threshold = gc.get_threshold()
        gc.set_threshold(10_000, *self._gc_threshold[1:])
        self._wakeup = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="modeleval-engine", daemon=True)
        self._thread.start()

    def feed(self, jobs: Iterable[Job[T]]) -> None:
        """Add jobs behind those that wait."""
        self._jobs.extend(jobs)
        self._call(self._wakeup.set)

    def feed_next(self, jobs: Sequence[Job[T]]) -> None:
        """Put jobs before those that wait."""
        self._jobs.extendleft(reversed(jobs))
        self._call(self._wakeup.set)

    def feed_first(self, job: Job[T]) -> None:
        """Add the job whose result is wanted next; it starts however many results wait."""
        self._jobs.appendleft(job)
        self._awaited = job.key
        self._call(self._wakeup.set)

    def result(self, key: str, tick: Callable[[], None]) -> T | SampleError:
        """Wait for a job's result and hand it over; ``tick`` is called four times a second meanwhile.

        Raises `StopRun` when nothing more will come, also because the thread has died.
        """
        with self._ready:
            while key not in self._results:
                if self._stopped is not None:
                    raise self._stopped
                if not self._thread.is_alive():
                    raise _death("without a word")
                self._awaited = key
                self._ready.wait(0.25)
                tick()
            self._awaited = None
        self._let_requests_go_first(tick)
        with self._ready:
            result = self._results.pop(key)
        if self._backlog is not None or len(self._results) == LOOK_AHEAD - 1:
            self._call(self._wakeup.set)
        return result

    def _let_requests_go_first(self, tick: Callable[[], None]) -> None:
        """Hold the main thread back, for a moment, while the loop has something to do.

        Both want the interpreter lock, and a server waits for requests while nobody waits for a report: without this
        the request phase of bench/asking.py takes twice as long. A long row of finished results is not held back.
        """
        patience = time.perf_counter() + 0.1
        while (
            len(self._results) < LOOK_AHEAD // 2
            and self._selector.idle_since > (now := time.perf_counter()) - 0.001
            and now < patience
            and self._stopped is None
        ):
            time.sleep(0.005)
            tick()

    def start(self, work: Coroutine[Any, Any, R]) -> "Future[R]":
        """Run a coroutine beside the jobs, for another thread or loop."""

        async def stopping() -> R:
            task = asyncio.current_task()
            assert task is not None
            self._beside.add(task)
            try:
                return await work
            except (StopRun, pytest.UsageError) as error:
                self._stop(error)
                raise
            finally:
                self._beside.discard(task)

        beside = stopping()
        try:
            return asyncio.run_coroutine_threadsafe(beside, self._loop)
        except RuntimeError:
            for each in (beside, work):
                each.close()
            raise self._stopped or _death("without a word") from None

    def wait(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine beside the jobs and wait for what it gives."""
        future = self.start(work)
        try:
            while not wait([future], 0.25).done:
                if not self._thread.is_alive():
                    raise self._stopped or _death("without a word")
        except BaseException:
            future.cancel()
            raise
        return future.result()

    def drop(self, dropped: Callable[[str], bool]) -> None:
        """Start no job whose key ``dropped`` is true of, cancel those in flight, forget their results.

        Nobody may wait for them. What ``dropped`` says may change from false to true, followed by another call.
        """
        self._dropped = dropped
        self._call(self._cancel_dropped)

    def _call(self, what: Callable[[], object]) -> None:
        # A thread that has died is told of where its results are waited for.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what)

    @property
    def in_flight(self) -> int:
        """The jobs that were started and have no result yet."""
        return len(self._tasks)

    def close(self) -> None:
        """Cancel what is in flight, keep what is finished, end the thread."""
        # Looked up on the loop: a thread that has only just begun has no feeder yet.
        self._call(lambda: self._feeder.cancel())
        self._thread.join()
        sys.setswitchinterval(self._switch_interval)
        gc.set_threshold(*self._gc_threshold)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._feeder = self._loop.create_task(self._feed())
        try:
            self._loop.run_until_complete(self._feeder)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - nobody else would say it, and the main thread waits
            self._stop(_death(f"{type(error).__name__}: {error}"))
        finally:
            self._loop.run_until_complete(self._wind_up())
            self._loop.close()

    def _stop(self, why: BaseException) -> None:
        with self._ready:
            self._stopped = self._stopped or why
            self._ready.notify_all()

    async def _wind_up(self) -> None:
        tasks = [*self._tasks, *self._beside]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for close in self._closers:
            # One that cannot be closed keeps no other open, and the run is over.
            with suppress(Exception):
                await close()
        # It begins a thread of its own, for which there may be no memory.
        with suppress(RuntimeError):
            await self._loop.shutdown_default_executor()

    async def _feed(self) -> None:
        while True:
            while self._jobs and self._stopped is None and self._has_room(self._jobs[0]):
                job = self._jobs.popleft()
                if not self._dropped(job.key):
                    task = self._loop.create_task(self._work(job))
                    self._tasks[task] = job
                    self._running[job.kind] += 1
                    task.add_done_callback(self._end)
            self._wakeup.clear()
            await self._wakeup.wait()

    def _has_room(self, job: Job[T]) -> bool:
        at_once = job.at_once()
        most = LOOK_AHEAD if self._backlog is None else min(LOOK_AHEAD, self._backlog * at_once)
        return (len(self._results) < most or job.key == self._awaited) and self._running[job.kind] < at_once

    def _cancel_dropped(self) -> None:
        for task, job in self._tasks.items():
            if self._dropped(job.key):
                task.cancel()
        with self._ready:
            for key in [key for key in self._results if self._dropped(key)]:
                del self._results[key]
        self._wakeup.set()

    async def _work(self, job: Job[T]) -> None:
        try:
            self._publish(job.key, await job.work())
        except SampleError as error:
            self._publish(job.key, error)
        except pytest.skip.Exception as skipped:
            self._publish(job.key, NotAsked(str(skipped)))
        except (StopRun, pytest.UsageError, pytest.exit.Exception) as error:
            self._stop(error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - a benchmark's own code: its error is this sample's
            self._publish(job.key, Crashed.of(error))

    def _end(self, task: asyncio.Task[None]) -> None:
        """Make room for the next job; whatever became of this one, nobody waits for it in vain."""
        job = self._tasks.pop(task)
        self._running[job.kind] -= 1
        self._wakeup.set()
        if task.cancelled() and self._stopped is None:
            self._publish(job.key, SampleError("its request was cancelled"))
        elif not task.cancelled() and (error := task.exception()):
            self._stop(_death(f"{type(error).__name__}: {error}"))

    def _publish(self, key: str, result: T | SampleError) -> None:
        if self._dropped(key):
            return
        with self._ready:
            self._results[key] = result
            if self._awaited == key:
                self._ready.notify_all()
