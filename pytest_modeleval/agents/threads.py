"""Other people's functions run beside an event loop, which none of them ends: plain ones in threads."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pytest_modeleval.sample import SampleError

# What waits for a thread, and how many threads wait for that.
_WORK: "queue.SimpleQueue[Callable[[], None]]" = queue.SimpleQueue()
_IDLE = threading.Semaphore(0)


async def awaited(work: Awaitable[Any]) -> Callable[[], Any]:
    """What gives the value of work, or raises what it raised: a task of its own may not end by SystemExit."""
    try:
        return partial(_given, await work)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return partial(_raised, error)
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        return partial(_raised, error)


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
    if isinstance(error, asyncio.CancelledError):
        # Of something that it waited for: nobody has cancelled it.
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    raise error
