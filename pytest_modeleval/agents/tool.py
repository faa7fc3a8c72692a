"""Tools: plain typed functions that a model may call, with what bounds them and what the model is told of them."""

import asyncio
import dataclasses
import enum
import inspect
import json
import re
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, overload

import pytest

from pytest_modeleval.agents.described import decides, described_by, purpose_of, version_of
from pytest_modeleval.agents.schema import made, why_not
from pytest_modeleval.agents.threads import awaited, in_thread
from pytest_modeleval.calls import BAD_ARGUMENTS, Called, ToolCall
from pytest_modeleval.foreign import with_whole_pairs
from pytest_modeleval.requests import Json
from pytest_modeleval.sample import SampleError, StopRun

# What servers take as a name: OpenAI's rule, which others have copied.
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What a tool raises that is no result: it says that the sample, or the run, has none.
_ENDS = (SampleError, StopRun, pytest.UsageError)


class ToolError(Exception):
    """What a tool raises to tell the model in its own words that a call failed: no bug of the tool's."""


@dataclass(frozen=True)
class Tool:
    """A function that a model may call: its name, what it does, its parameters as a JSON schema.

    A call has a result of at most ``output`` characters within ``seconds``, or the model is told that it has not.
    ``version`` is the hash of all that decides what comes of a call. Made by `tool`.
    """

    name: str
    description: str
    parameters: Json
    # Of the arguments by name what the call gives, or an awaitable of it.
    run: Callable[[Mapping[str, Any]], Any]
    seconds: float
    output: int
    version: str
    is_async: bool = False
    # Of a tool whose calls change nothing but what begins anew with each sample: has a call that the store answers
    # made once more, now or as soon as somebody needs to know what it has changed.
    again: Callable[[Mapping[str, Any], Called], Awaitable[object] | None] | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise pytest.UsageError(
                f"a tool is called {self.name!r}, which servers refuse: a name has 1 to 64 of a-z, A-Z, 0-9, _ and -"
            )
        for name, most in (("seconds", self.seconds), ("output", self.output)):
            if not most > 0:
                raise pytest.UsageError(f"{self.name} cannot be a tool: {name} takes more than 0, not {most!r}")

    @property
    def schema(self) -> Json:
        """The tool as a request for a chat has it."""
        told = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": told}

    async def call(self, call: ToolCall, seconds: float | None = None) -> Called:
        """What a call comes to; what it may take is the tool's own time, or less ``seconds``.

        Raises `SampleError`, `StopRun` and what pytest ends a test by where the function does. All else that it raises,
        arguments that do not fit and a time-out are results.
        """
        values = self.values(call)
        if isinstance(values, str):
            return Called(call, f"error: {values}", mistake=BAD_ARGUMENTS)
        most = self.seconds if seconds is None else min(self.seconds, seconds)
        started = time.perf_counter()
        try:
            text = as_text(await self._within(values, most))
            return Called(call, self._cut(text), time.perf_counter() - started)
        except _OutOfTime:
            return _failed(call, f"no result within {most:g} s", most)
        except _ENDS:
            raise
        except ToolError as error:
            return _failed(call, self._cut(with_whole_pairs(str(error))), time.perf_counter() - started)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the model is told
            told = traceback.TracebackException.from_exception(error)
            trace = "".join(told.format())[-4000:]
            line = self._cut(with_whole_pairs(f"{type(error).__name__}: {error}"))
            return _failed(call, line, time.perf_counter() - started, trace)

    def values(self, call: ToolCall) -> Mapping[str, Any] | str:
        """The arguments of a call by name, or in a line why they do not fit."""
        try:
            values = call.values
        except ValueError as error:
            return f"the arguments of {self.name} are no JSON object: {error}"
        why = why_not(values, self.parameters)
        return f"the arguments of {self.name} do not fit: {why}" if why else values

    async def _within(self, values: Mapping[str, Any], seconds: float) -> Any:
        step = partial(self.run, values)
        work = asyncio.ensure_future(awaited(step())) if self.is_async else in_thread(step)
        try:
            done, _ = await asyncio.wait([work], timeout=seconds if seconds < threading.TIMEOUT_MAX else None)
        except asyncio.CancelledError:
            work.cancel()
            raise
        if not done:
            # A thread cannot be ended: nobody waits for it any more.
            work.cancel()
            raise _OutOfTime
        return work.result()()

    def _cut(self, text: str) -> str:
        """The text, without its middle where it is too long."""
        if len(text) <= self.output:
            return text
        half = self.output // 2
        return f"{text[:half]}\n… {len(text) - 2 * half:,} characters left out …\n{text[-half:]}"


class _OutOfTime(Exception):
    """A tool has no result in time; one that it raises itself is another thing."""


def _failed(call: ToolCall, line: str, seconds: float, trace: str = "") -> Called:
    return Called(call, f"error: {line}", seconds, error=line, trace=trace)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str = "",
    parameters: Json | None = None,
    seconds: float = 60.0,
    output: int = 16_384,
    replays: bool = False,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str = "",
    parameters: Json | None = None,
    seconds: float = 60.0,
    output: int = 16_384,
    replays: bool = False,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """The tool that a function is: ``@tool`` above it, or ``@tool(seconds=5)``.

    What the model is told is the docstring up to its sections, and the types of the parameters: texts, numbers,
    booleans, ``Literal``, enums, lists, tuples and dicts of these, unions, dataclasses and typed dicts, and a
    description of each as ``Annotated[str, "…"]`` or in the docstring. ``parameters`` is a JSON schema to take in their
    place; the function is given the arguments by name then. An async function is awaited, any other runs in a thread.
    A call has a result of ``output`` characters at most, within ``seconds``, or the model is told that it has not.

    A call that was made is not made again by a resumed run: its result is kept. ``replays`` is for a tool whose calls
    change nothing but what begins anew with each sample, such as a dict of the test: it is called again, so that what
    it changes is as it was, and the model is told what it was told before.

    Raises `pytest.UsageError` for a parameter without a type, or of one that has no JSON schema, and for a name that
    servers refuse.
    """
    if function is None:
        return lambda each: _tool(each, name, parameters, seconds, output, replays=replays)
    return _tool(function, name, parameters, seconds, output, replays=replays)


def _tool(
    function: Callable[..., Any], name: str, parameters: Json | None, seconds: float, output: int, *, replays: bool
) -> Tool:
    name = name or getattr(function, "__name__", type(function).__name__)
    described, types = described_by(function, name) if parameters is None else (parameters, {})

    def run(values: Mapping[str, Any]) -> Any:
        return function(
            **{each: made(value, types[each]) if each in types else value for each, value in values.items()}
        )

    made_tool = Tool(
        name,
        purpose_of(function),
        described,
        run,
        seconds,
        output,
        version_of(*decides(function), described, output),
        inspect.iscoroutinefunction(function),
    )
    return dataclasses.replace(made_tool, again=partial(_again, made_tool)) if replays else made_tool


async def _again(once_more: Tool, _: Mapping[str, Any], called: Called) -> None:
    await once_more.call(called.call)


def as_text(value: object) -> str:
    """What a tool gives as the text that a model is told: a text as it is, nothing as ``done``, all else as JSON."""
    if value is None:
        return "done"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return with_whole_pairs(text)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, enum.Enum):
        return value.value
    return list(value) if isinstance(value, set | frozenset) else str(value)
