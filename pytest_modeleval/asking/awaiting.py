"""What an async body began to ask, and what of it nobody waited for."""

from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from functools import wraps
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
# The names of methods, and the work.
Begun = list[tuple[str, Coroutine[Any, Any, Any]]]

# Filled while an async body runs.
begun: ContextVar[Begun | None] = ContextVar("begun", default=None)


def noted(method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """The method of what a body is given, whose calls are remembered until the body ends."""

    @wraps(method)
    def begin(*arguments: P.args, **named: P.kwargs) -> Coroutine[Any, Any, R]:
        work = method(*arguments, **named)
        if (asked := begun.get()) is not None:
            asked.append((method.__name__, work))
        return work

    return begin


def never_awaited(asked: Begun) -> Sequence[str]:
    """The names of those that nobody waited for, and will not now: each is true, whatever the answer would be."""
    forgotten = [(name, work) for name, work in asked if getcoroutinestate(work) == CORO_CREATED]
    for _, work in forgotten:
        work.close()
    return [name for name, _ in forgotten]
