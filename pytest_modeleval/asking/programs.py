"""The `sandbox` of a test: programs run beside the requests, and none again that has been run."""

import base64
import hashlib
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_modeleval.asking.awaiting import noted
from pytest_modeleval.inputs import from_json
from pytest_modeleval.sandbox.program import LIMITS, Limits, NoTool, OpenSandbox, OpenSession, Outcome, Program
from pytest_modeleval.sandbox.values import UNREADABLE, read, refuse_foreign, written
from pytest_modeleval.store.rows import OutcomeRow
from pytest_modeleval.store.store import Store

# Counted up when what comes of a program may be another thing than before.
_VERSION = 2
# From so many characters on what is kept is packed.
_LONG = 4096


def _hash_of(program: Program, sandbox: str, tool: str) -> str:
    """The hash of all that decides what comes of a program."""
    read = [(path, *_stamp(path)) for path in program.reads]
    calls = [[written(argument) for argument in call] for call in program.calls]
    own = asdict(replace(program, calls=(), expected=""))
    asked = [_VERSION, sandbox, tool, read, own, calls, _expected(program)]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _stamp(path: str) -> tuple[int, int]:
    found = Path(path).stat()
    return found.st_size, found.st_mtime_ns


def _kept(outcome: Outcome, program: Program) -> str:
    """An outcome as JSON, of which what the program was expected to give is left out, and packed where it is long."""
    text, values = _expected(program)
    same = _same_start(outcome.stdout, text)
    given = map(written, outcome.values)
    others = {at: of for at, of in enumerate(given) if not (at < len(values) and _is_same(of, values[at]))}
    told = asdict(replace(outcome, values=(), stdout=outcome.stdout[same:]))
    del told["tested"]  # which the program says
    kept = json.dumps({**told, "same": same, "values": len(outcome.values), "others": others})
    return kept if len(kept) < _LONG else base64.b85encode(zlib.compress(kept.encode())).decode()


def _expected(program: Program) -> tuple[str, Sequence[Any]]:
    expected = program.expected
    return (expected, ()) if isinstance(expected, str) else ("", [written(each) for each in expected])


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are `written` alike: 1 is not 1.0 then, nor True."""
    return json.dumps(one) == json.dumps(other)


def _same_start(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _outcome_in(kept: str, program: Program) -> Outcome | None:
    """A stored outcome; None where it cannot be read."""
    try:
        found: dict[str, Any] = dict(
            from_json(kept if kept.startswith("{") else zlib.decompress(base64.b85decode(kept)).decode())
        )
        (text, values), others = _expected(program), found.pop("others")
        found["stdout"] = text[: found.pop("same")] + found["stdout"]
        given = [others[str(at)] if str(at) in others else values[at] for at in range(found["values"])]
        return Outcome(**{**found, "values": tuple(map(read, given))})
    except (*UNREADABLE, LookupError, zlib.error):
        return None


@dataclass(frozen=True, repr=False)
class KeptSandbox:
    """Runs programs on the engine's loop, and keeps what came of them: none runs twice in the same sandbox."""

    sandbox: OpenSandbox
    store: Store
    # Why programs that use what others need did not end well, by their language and code.
    needed: dict[tuple[str, str], str] = field(default_factory=dict)
    # What ran programs, and why none ran, by their language.
    tools: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)
    # Programs that run, or wait for a core.
    under_way: list[Program] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The sandbox's kind."""
        return self.sandbox.name

    async def run(self, program: Program) -> Outcome:
        """What comes of a program, or came of it; `SandboxError`, which is not kept, where it could not be run."""
        if not isinstance(program, Program):
            raise TypeError(f"sandbox.run takes a Program, such as Program(code), not a {type(program).__name__}")
        key = _hash_of(program, self.name, await self.tool(program.language))
        if (kept := self.store.outcome(key)) is not None and (outcome := _outcome_in(kept, program)) is not None:
            return replace(outcome, tested=program.tests is not None)
        self.under_way.append(program)
        try:
            outcome = await self.sandbox.run(program)
        finally:
            self.under_way.pop()
        self.store.save_outcome(OutcomeRow(key, self.name, _kept(outcome, program)))
        return replace(outcome, tested=program.tests is not None)

    async def tool(self, language: str, code: str = "") -> str:
        """As `Sandbox.tool`; what comes of ``code`` is not kept, as nobody knows what it depends on."""
        try:
            tool = await self.sandbox.tool(language)
            if code:
                if (language, code) not in self.needed:
                    outcome = await self.sandbox.run(Program(code, language=language))
                    self.needed[language, code] = outcome.why
                if why := self.needed[language, code]:
                    raise NoTool(f"{tool} lacks what is needed: {why}")
        except NoTool as error:
            self.lacking[language] = str(error)
            raise
        self.tools[language] = tool
        return tool

    async def session(self, code: str, limits: Limits, imports: Sequence[str]) -> tuple[OpenSession, str]:
        """A session that has run the code, and the hash of what it began with, and where."""
        program = Program(code, limits=limits, imports=imports)
        return await self.sandbox.session(program), _hash_of(program, self.name, "")

    async def close(self) -> None:
        """End what runs, and leave nothing behind."""
        await self.sandbox.close()


@dataclass(frozen=True, repr=False)
class AskedSandbox:
    """The sandbox for an async body, whose loop need not be the engine's; `sandbox.program.Sandbox` for a test."""

    kept: KeptSandbox
    # Runs work on the engine's loop.
    there: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]

    @property
    def name(self) -> str:
        """The sandbox's kind: ``process``."""
        return self.kept.name

    @noted
    async def run(self, program: Program) -> Outcome:
        """As `Sandbox.run`."""
        __tracebackhide__ = True
        outcome: Outcome = await self.there(self.kept.run(program))
        return outcome

    @noted
    async def tool(self, language: str, code: str = "") -> str:
        """As `Sandbox.tool`."""
        __tracebackhide__ = True
        told: str = await self.there(self.kept.tool(language, code))
        return told

    @asynccontextmanager
    async def session(
        self, code: str = "", *, limits: Limits = LIMITS, imports: Sequence[str] = ()
    ) -> AsyncIterator["AskedSession"]:
        """As `Sandbox.session`."""
        __tracebackhide__ = True
        opened, version = await self.there(self.kept.session(code, limits, imports))
        try:
            yield AskedSession(opened, self.there, version)
        finally:
            await self.there(opened.close())


@dataclass(frozen=True, repr=False)
class AskedSession:
    """A session for an async body; `sandbox.program.Session` for a test."""

    opened: OpenSession
    there: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]
    # The hash of what it began with.
    version: str
    # What is to be run before the next step: earlier ones, of which it was known what comes of them.
    behind: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    def later(self, step: Callable[[], Awaitable[object]]) -> None:
        """Run a step before the next one, so only if there is one."""
        self.behind.append(step)

    async def _catch_up(self) -> None:
        behind, self.behind[:] = [*self.behind], []
        for step in behind:
            await step()

    @noted
    async def run(self, code: str) -> Outcome:
        """As `Session.run`."""
        __tracebackhide__ = True
        await self._catch_up()
        outcome: Outcome = await self.there(self.opened.run(code))
        return replace(outcome, tested=False)

    @noted
    async def call(self, function: str, /, *arguments: Any, **named: Any) -> Outcome:
        """As `Session.call`."""
        __tracebackhide__ = True
        refuse_foreign([arguments, named], "the arguments of a session's call")
        await self._catch_up()
        outcome: Outcome = await self.there(self.opened.call(function, *arguments, **named))
        return replace(outcome, tested=False)


@dataclass(frozen=True, repr=False)
class BlockingSandbox:
    """The sandbox for a sync body, which waits for each program; `sandbox.program.SyncSandbox` for a test."""

    kept: KeptSandbox
    there: Callable[[Coroutine[Any, Any, Any]], Any]

    @property
    def name(self) -> str:
        """As `AskedSandbox.name`."""
        return self.kept.name

    def run(self, program: Program) -> Outcome:
        """As `AskedSandbox.run`, and waits for it."""
        __tracebackhide__ = True
        outcome: Outcome = self.there(self.kept.run(program))
        return outcome

    def tool(self, language: str, code: str = "") -> str:
        """As `Sandbox.tool`, and waits for it."""
        __tracebackhide__ = True
        told: str = self.there(self.kept.tool(language, code))
        return told

    @contextmanager
    def session(
        self, code: str = "", *, limits: Limits = LIMITS, imports: Sequence[str] = ()
    ) -> Iterator["BlockingSession"]:
        """As `AskedSandbox.session`."""
        __tracebackhide__ = True
        opened, version = self.there(self.kept.session(code, limits, imports))
        try:
            yield BlockingSession(opened, self.there, version)
        finally:
            self.there(opened.close())


@dataclass(frozen=True, repr=False)
class BlockingSession:
    """A session for a sync body, which waits for each step; `sandbox.program.SyncSession` for a test."""

    opened: OpenSession
    there: Callable[[Coroutine[Any, Any, Any]], Any]
    version: str
    behind: list[Callable[[], object]] = field(default_factory=list)

    def later(self, step: Callable[[], object]) -> None:
        """As `AskedSession.later`."""
        self.behind.append(step)

    def _catch_up(self) -> None:
        behind, self.behind[:] = [*self.behind], []
        for step in behind:
            step()

    def run(self, code: str) -> Outcome:
        """As `Session.run`, and waits for it."""
        __tracebackhide__ = True
        self._catch_up()
        outcome: Outcome = self.there(self.opened.run(code))
        return replace(outcome, tested=False)

    def call(self, function: str, /, *arguments: Any, **named: Any) -> Outcome:
        """As `Session.call`, and waits for it."""
        __tracebackhide__ = True
        refuse_foreign([arguments, named], "the arguments of a session's call")
        self._catch_up()
        outcome: Outcome = self.there(self.opened.call(function, *arguments, **named))
        return replace(outcome, tested=False)
