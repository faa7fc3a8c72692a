"""Tracebacks of a benchmark's own code: what the package does in between is nothing of the user's."""

from collections.abc import Iterator
from types import TracebackType

import pytest

from pytest_modeleval.items.shipped import shipped_benchmarks

_PACKAGE = __name__.partition(".")[0]
_RUNNERS = ("_pytest", "pluggy")


def without_own(error: BaseException) -> pytest.ExceptionInfo[BaseException]:
    """The error for pytest to show, without the package's frames below the first that is the user's."""
    frames = list(_frames(error.__traceback__))
    users = [place for place, frame in enumerate(frames) if not (_is_own(frame) or _package(frame) in _RUNNERS)]
    first = users[0] if users else len(frames)
    trace = None
    for frame in reversed([frame for place, frame in enumerate(frames) if place <= first or not _is_own(frame)]):
        trace = TracebackType(trace, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return pytest.ExceptionInfo.from_exception(error.with_traceback(trace))


def _frames(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_own(frame: TracebackType) -> bool:
    is_shipped = frame.tb_frame.f_code.co_filename.startswith(str(shipped_benchmarks()))
    return _package(frame) == _PACKAGE and not is_shipped


def _package(frame: TracebackType) -> str:
    """By the module's name: what a dataclass generates has no file."""
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
