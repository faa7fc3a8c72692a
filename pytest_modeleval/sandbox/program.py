"""A program to run, what came of it, and what runs it."""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from pytest_modeleval.sample import NotAsked, SampleError
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.sandbox.values import refuse_foreign

# How a program ended (`Outcome.kind`).
FINISHED, TIMEOUT, MEMORY, OUTPUT, FILES, KILLED = "finished", "timeout", "memory", "output", "files", "killed"
COMPILE = "compile"
PYTHON = "python"
_SAID = {
    TIMEOUT: "took more than its time",
    MEMORY: "wanted more memory than it may have",
    OUTPUT: "wrote more than it may",
    FILES: "wrote more to files than it may",
    KILLED: "was ended by a signal",
    COMPILE: "does not compile",
}


# How much of a program's errors is read from either end: what it writes there is to delay nobody.
_READ = 1 << 15
_TELLS = re.compile(
    r"\b(?:error|exception|panic|panicked|assertion|failure)\b|^\w+(?:Error|Exception)\b(?!\()", re.IGNORECASE
)


class NoTool(NotAsked):
    """A sandbox does not run programs in a language; one line says what it lacks."""


class SandboxError(SampleError):
    """The sandbox could not run a program: that says nothing of the program."""


@dataclass(frozen=True)
class Limits:
    """What a program may use: ``seconds`` of CPU, ``wall`` times as many of the clock, and bytes.

    Of a program with calls ``seconds`` are each call's, and ``total`` those of all together. ``memory`` is address
    space, ``output`` what it may write to each of its streams, ``files`` to its folder. The defaults of memory and time
    are EvalPlus's (v0.3.1, ``evalplus/eval/utils.py``). ValueError for what is not more than 0.
    """

    seconds: float = 10.0
    wall: float = 3.0
    memory: int = 4 << 30
    output: int = 1 << 20
    files: int = 64 << 20
    total: float = math.inf

    def __post_init__(self) -> None:
        """Refuse what no program could do anything within."""
        for name in ("seconds", "wall", "memory", "output", "files", "total"):
            if not (given := getattr(self, name)) > 0:
                raise ValueError(f"Limits: {name} takes more than 0, not {given!r}")


LIMITS = Limits()


@dataclass(frozen=True)
class Program:
    """Code of a model's, and how it is run.

    Alone it runs as a script that reads ``stdin``. With ``tests``, which are code, those run after it among its names,
    and it has ``passed`` when they did; ``function`` is what they call. Where they are a class of `unittest`, ``cases``
    is its name: they run in the program's own module then, and it has ``passed`` when there were some and none failed.
    ``given`` is code of the benchmark's, such as the beginning of a program that is to be completed: of names that it
    has too, tests use what it makes of them, and not what the program does.
    Without tests, a ``function`` such as ``add`` or ``Solution.twoSum`` is called with the arguments of each of the
    ``calls``, plain values of Python, and gives `Outcome.values`; ``limits`` are for each call then. ``imports`` are
    modules that are imported once, before the process for it is made, so that importing them takes it no time; it may
    read the files of ``reads``, whole paths, beside Python's own. In another ``language``
    (`sandbox.languages.LANGUAGES`) it is compiled where that needs it, run with ``stdin`` or with its ``tests``, and
    has no calls. ``files`` are texts beside it, by their names. ``expected`` is what it is to write, or the values of
    its calls: nothing of that enters the sandbox, but of an outcome only what differs from it is kept. ValueError for
    what cannot be run so.
    """

    code: str
    stdin: str = ""
    tests: str | None = None
    function: str = ""
    calls: Sequence[Sequence[Any]] = ()
    limits: Limits = LIMITS
    cases: str = ""
    given: str = ""
    imports: Sequence[str] = ()
    reads: Sequence[str] = ()
    language: str = PYTHON
    files: Mapping[str, str] = field(default_factory=dict)
    expected: str | Sequence[Any] = ""

    def __post_init__(self) -> None:
        """Refuse a language that nothing here runs, files that lie elsewhere, and what is no text or no call."""
        for name, text in (
            ("code", self.code),
            ("stdin", self.stdin),
            ("tests", self.tests or ""),
            ("given", self.given),
        ):
            if not isinstance(text, str):
                raise ValueError(f"a program's {name} is a text, not a {type(text).__name__}")
        for call in self.calls:
            if not isinstance(call, list | tuple):
                told = type(call).__name__
                raise ValueError(
                    f"each of a program's calls is a list of its arguments, such as [[1], [2]], not a {told}"
                )
            refuse_foreign([*call], "the arguments of a program's calls")
        if self.calls and not self.function:
            raise ValueError("a program's calls are of its function: Program(code, function=NAME, calls=…)")
        if self.language != PYTHON and self.language not in LANGUAGES:
            known = ", ".join([PYTHON, *LANGUAGES])
            raise ValueError(f"a program in {self.language!r} cannot be run: its language is one of {known}")
        if self.language != PYTHON and self.calls:
            raise ValueError(
                f"functions of a program in {self.language!r} cannot be called: only those of {PYTHON} can"
            )
        for name in self.files:
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts:
                raise ValueError(f"a program's file is called {name!r}: it must be a path below the program's folder")


@dataclass(frozen=True)
class Outcome:
    """What came of a program: how it ended (``kind``), its exit status, what it wrote, and what it used.

    ``values`` are those of the calls, as many as it came to. ``seconds`` are of CPU, ``wall`` of the clock, ``memory``
    the most that it had, in bytes. Only of one with ``tests`` of its own, which is ``tested``, does ``passed`` tell.
    """

    kind: str
    status: int | None
    stdout: str = ""
    stderr: str = ""
    passed: bool = False
    values: Sequence[Any] = ()
    seconds: float = 0.0
    wall: float = 0.0
    memory: int = 0
    tested: bool = field(default=True, compare=False, repr=False)

    @property
    def ended_well(self) -> bool:
        """Whether it came to its end with the exit status 0."""
        return self.kind == FINISHED and self.status == 0

    @property
    def why(self) -> str:
        """Why it did not end well, in one line; empty where it did."""
        if self.kind in (COMPILE, KILLED) and (line := _telling(self.stderr)):
            return f"the program {_SAID[self.kind]}: {line}"
        if self.kind != FINISHED:
            return f"the program {_SAID[self.kind]}"
        if self.status:
            return _telling(self.stderr) or f"the program ended with the status {self.status}"
        return ""


def _telling(errors: str) -> str:
    """The line that tells most: the last one of a traceback of Python's, or the first that speaks of an error."""
    if len(errors) > 2 * _READ:
        errors = f"{errors[:_READ]}\n{errors[-_READ:]}"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLS.search(line)] if "Traceback (most" not in errors else []
    return next(iter(telling or lines[-1:]), "")[:300]


class Session(Protocol):
    """A process that keeps its names from step to step, as an async test has it: ``async with sandbox.session()``."""

    async def run(self, code: str) -> Outcome:
        """What comes of code among the session's names; it ended well where it raised nothing."""

    async def call(self, function: str, /, *arguments: Any, **named: Any) -> Outcome:
        """What comes of a function of the session's, called with plain values: its own is ``values[0]``."""


class SyncSession(Protocol):
    """As `Session`, for a test that is not async: ``with sandbox.session()``."""

    def run(self, code: str) -> Outcome:
        """As `Session.run`, and waits for it."""

    def call(self, function: str, /, *arguments: Any, **named: Any) -> Outcome:
        """As `Session.call`, and waits for it."""


class Sandbox(Protocol):
    """Where programs run, as an async test is given it, by the argument ``sandbox``."""

    @property
    def name(self) -> str:
        """Its kind: ``process``."""

    async def run(self, program: Program) -> Outcome:
        """What comes of a program; the same one is run once. Raises `SandboxError` where it could not be run."""

    async def tool(self, language: str, code: str = "") -> str:
        """What runs a language here, with its version; `NoTool`, which leaves a sample unscored, where nothing does.

        So it is too where ``code``, a program that uses what others need, does not end well.
        """

    def session(
        self, code: str = "", *, limits: Limits = LIMITS, imports: Sequence[str] = ()
    ) -> AbstractAsyncContextManager[Session]:
        """A session that has run the code; ``limits`` are for each step, ``imports`` as a `Program`'s.

        Nothing of it is kept.
        """


class SyncSandbox(Protocol):
    """Where programs run, as a test that is not async is given it, by the argument ``sandbox``."""

    @property
    def name(self) -> str:
        """Its kind: ``process``."""

    def run(self, program: Program) -> Outcome:
        """As `Sandbox.run`, and waits for it."""

    def tool(self, language: str, code: str = "") -> str:
        """As `Sandbox.tool`."""

    def session(
        self, code: str = "", *, limits: Limits = LIMITS, imports: Sequence[str] = ()
    ) -> AbstractContextManager[SyncSession]:
        """As `Sandbox.session`."""


class OpenSession(Session, Protocol):
    """A session of a kind of sandbox."""

    async def close(self) -> None:
        """End it, with all that it runs."""


class OpenSandbox(Protocol):
    """A kind of sandbox that is open: what `pytest_modeleval_open_sandbox` gives."""

    name: str

    async def run(self, program: Program) -> Outcome:
        """What comes of a program; `SandboxError` where it could not be run, which says nothing of it."""

    async def tool(self, language: str) -> str:
        """What runs a language here, with its version; `NoTool` where nothing does."""

    async def session(self, program: Program) -> OpenSession:
        """A session that has run a program; `SandboxError` where there is none."""

    async def close(self) -> None:
        """End what runs, and leave no process, file or socket behind."""
