"""Plain functions run in threads beside an event loop, however many of them there are."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pytest_modeleval.sample import SampleError

# What waits for a thread, and how many threads wait for that.
_WORK: "queue.SimpleQueue[Callable[[], None]]" = queue.SimpleQueue()
_IDLE = threading.Semaphore(0)


def in_thread(function: Callable[[], Any]) -> "asyncio.Future[Callable[[], Any]]":
    """A function in a thread; the future has what gives its value, or raises what it raised.

    There are as many threads as functions that run at once, as one of a pool's few that never ends would be missed.
    They end with the process, whatever they do. Raises `SampleError` where there can be no more of them.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Callable[[], Any]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(give: Callable[[], Any]) -> None:
        if not ended.done():
            ended.set_result(give)

    def work() -> None:
        try:
            give = partial(_given, context.run(function))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            give = partial(_raised, error)
        with suppress(RuntimeError):
            # The run may be over.
            loop.call_soon_threadsafe(settle, give)

    if not _IDLE.acquire(blocking=False):
        try:
            threading.Thread(target=_serve, name="modeleval-tool", daemon=True).start()
        except RuntimeError as error:
            raise SampleError(f"a tool cannot be run: {error}") from None
    _WORK.put(work)
    return ended


def _serve() -> None:
    while True:
        _WORK.get()()
        _IDLE.release()


def _given(value: Any) -> Any:
    return value


def _raised(error: BaseException) -> None:
    raise error
