"""The kind ``process``: programs of Python in locked children of warm servers, on Linux."""

import asyncio
import json
import os
import platform
import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_modeleval.sandbox.interpreter import Interpreter
from pytest_modeleval.sandbox.languages import COMPILE_SECONDS
from pytest_modeleval.sandbox.program import FINISHED, PYTHON, TIMEOUT, Limits, NoTool, Outcome, Program, SandboxError
from pytest_modeleval.sandbox.servers import Connection, Server
from pytest_modeleval.sandbox.values import UNREADABLE, read, written

# What is told of what a program wrote that did not come to its end.
_SHOWN = 1 << 16
# How a sandbox is tried: by what must not come to anything, of which a program writes a line where it does.
TRIED = """
import os, socket, subprocess
def tried(what, do):
    try:
        do()
    except OSError:
        return
    print(what)
"""
_PROBE = f"""{TRIED}
tried("start a process", lambda: os.fork() or os._exit(0))
tried("open a socket", lambda: socket.socket())
tried("read a file", lambda: open("/etc/passwd").read())
tried("write a file", lambda: open("/tmp/modeleval-probe", "w"))
tried("signal another process", lambda: os.kill(os.getppid(), 0))
open("own", "w").write("ok")
print("probed")
"""


def _request(program: Program, *, alone: bool = False, is_session: bool = False) -> dict[str, Any]:
    # Descriptors that results and steps go through: none that anybody would try first.
    private, steps = random.SystemRandom().sample(range(10, 60), 2)
    return {
        "code": program.code,
        "language": program.language,
        "beside": dict(program.files),
        "stdin": program.stdin,
        "tests": program.tests,
        "function": program.function,
        "cases": program.cases,
        "given": program.given,
        "imports": [*program.imports, *(["pytest_modeleval.sandbox.cases"] if program.cases else [])],
        "reads": list(program.reads),
        "calls": [[written(argument) for argument in call] for call in program.calls],
        "secret": secrets.token_hex(16),
        "private": private,
        "steps": steps if is_session else 0,
        **asdict(program.limits),
        "wall": program.limits.wall * program.limits.seconds,
        "alone": alone,
    }


def _values(results: str) -> Iterator[Any]:
    """The values of the calls, up to the first line that is none: what wrote it is a program."""
    for line in results.splitlines():
        try:
            yield read(json.loads(line)["value"])
        except UNREADABLE:
            return


def _outcome(reply: Mapping[str, Any], secret: str) -> Outcome:
    if reply["kind"] == "broken":
        raise SandboxError(f"the sandbox broke: {reply['why']}")
    told = {name: reply[name] for name in ("kind", "status", "stdout", "stderr", "seconds", "wall", "memory")}
    if reply["kind"] != FINISHED:
        # Each is kept.
        told |= {name: told[name][:_SHOWN] for name in ("stdout", "stderr")}
    ended_well = reply["kind"] == "finished" and reply["status"] == 0
    passed = ended_well and reply["results"] == secret
    return Outcome(**told, passed=passed, values=tuple(_values(reply["results"])))


class ServedSandbox:
    """Runs each program by a server, one at a time on each core of the machine.

    A program that took more than its time runs once more, with no other beside it, before that is what came of it.
    """

    def __init__(self, name: str, server: Callable[[int, int], Server], cores: int | None) -> None:
        self.name = name
        cores = cores or cores_here()
        # The server that was used last is warm, and the next to be taken.
        self._idle: asyncio.LifoQueue[Server] = asyncio.LifoQueue()
        self._servers = [server(core, cores) for core in reversed(range(cores))]
        for each in self._servers:
            self._idle.put_nowait(each)

    async def run(self, program: Program) -> Outcome:
        """What comes of a program; `SandboxError` where it could not be run, `NoTool` where its language is not run."""
        if program.language != PYTHON:
            await self.tool(program.language)
        outcome = await self._run(program, alone=False)
        return await self._run(program, alone=True) if outcome.kind == TIMEOUT else outcome

    async def _run(self, program: Program, *, alone: bool) -> Outcome:
        request = _request(program, alone=alone)
        seconds = request["wall"] * max(1, len(program.calls)) + 3 * COMPILE_SECONDS
        server = await self._idle.get()
        try:
            reply = await server.ask(request, seconds)
        finally:
            self._idle.put_nowait(server)
        return _outcome(reply, request["secret"])

    async def tool(self, language: str) -> str:
        """What runs a language here, with its version; `NoTool` where nothing does."""
        raise NotImplementedError

    async def session(self, program: Program) -> "ProcessSession":
        """A session that has run the program; its ``limits`` are for each step."""
        request = _request(program, is_session=True)
        server = await self._idle.get()
        try:
            session = ProcessSession(await server.begin(request), request["wall"])
        finally:
            self._idle.put_nowait(server)
        try:
            await session.begun()
        except BaseException:
            await session.close()
            raise
        return session

    async def close(self) -> None:
        """End the servers, with what they run."""
        for server in self._servers:
            server.end()


def cores_here() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ProcessSandbox(ServedSandbox):
    """Runs each program, of Python alone, in a locked process of its own."""

    def __init__(self, *, namespaces: bool = True, cores: int | None = None, python: Interpreter | None = None) -> None:
        way, self.python = "namespaces" if namespaces else "landlock", python or Interpreter.own()
        super().__init__("process", lambda core, all_of_them: Server(core, all_of_them, way, self.python), cores)

    async def tool(self, language: str) -> str:
        """This Python, or the one that a user named; `NoTool` for any other language."""
        if language == PYTHON:
            return f"Python {self.python.name}"
        raise NoTool(
            "the sandbox process runs Python alone, as programs in other languages need processes of their own: give "
            "--eval-sandbox bwrap, docker, podman or none"
        )


class ProcessSession:
    """One process that runs steps one after another, and keeps its names between them."""

    def __init__(self, connection: Connection, wall: float) -> None:
        self._connection, self._wall = connection, wall
        # One step after another, whoever asks for them.
        self._turn = asyncio.Lock()
        # What comes of each step after the one that ended the process.
        self._over: Outcome | None = None

    async def begun(self) -> None:
        """Wait for the program that it begins with; `SandboxError` where that does not end well."""
        outcome = await self._next()
        if not outcome.values:
            raise SandboxError(f"the session did not begin: {outcome.why}")

    async def run(self, code: str) -> Outcome:
        """What comes of code that is run among the session's names."""
        return await self._step({"code": code})

    async def call(self, function: str, /, *arguments: Any, **named: Any) -> Outcome:
        """What comes of a function of the session's, called with plain values; its own is the first of ``values``."""
        given = {"arguments": written(list(arguments)), "named": written(named)}
        return await self._step({"call": function, **given})

    async def _step(self, step: Mapping[str, Any]) -> Outcome:
        async with self._turn:
            if self._over is not None:
                return self._over
            try:
                await self._connection.send(step)
                return await self._next()
            except (OSError, EOFError, ValueError) as error:
                raise SandboxError(f"the session is over: {type(error).__name__} {error}".strip()) from None
            except asyncio.CancelledError:
                # What comes of this step is not to be taken for the next one's.
                self._connection.close()
                raise

    async def _next(self) -> Outcome:
        reply = await self._connection.receive()
        if reply["kind"] == "broken":
            raise SandboxError(f"the sandbox broke: {reply['why']}")
        told = {name: reply[name] for name in ("kind", "stdout", "stderr")}
        text = reply["results"]
        if not text or told["kind"] != FINISHED:
            self._over = Outcome(told["kind"], 1, stderr="the session is over: a step before this one ended it")
            return Outcome(**told, status=reply["status"])
        try:
            line = json.loads(text)
            if "error" in line:
                return Outcome(**told, status=1)
            return Outcome(**told, status=reply["status"], values=(read(line["value"]),))
        except UNREADABLE:
            # Written by the program itself: which step it belongs to nobody knows.
            self._over = Outcome(
                told["kind"], 1, stderr="the session is over: a step before this one wrote its results"
            )
            return Outcome(
                told["kind"], 1, told["stdout"], f"{told['stderr']}\nthe step wrote its results itself".strip()
            )

    async def close(self) -> None:
        """End it."""
        self._connection.close()


async def probed(sandbox: ServedSandbox, probe: str) -> str:
    """Why it cannot be had; empty where it holds."""
    try:
        outcome = await sandbox.run(Program(probe, limits=Limits(seconds=5)))
    except SandboxError as error:
        return str(error)
    *got_through, last = outcome.stdout.splitlines() or [""]
    if got_through or last != "probed":
        return f"a program could {', '.join(got_through)}" if got_through else outcome.why or "it wrote no file"
    return ""


async def open_process(_: str = "", python: Path | None = None) -> tuple[ProcessSandbox | None, Sequence[str]]:
    """The kind, with namespaces where they work, and what was tried in vain, with the system's answers.

    ``python`` is what programs run in; None is this one.
    """
    if platform.system() != "Linux":
        return None, [f"process: it needs Linux, and this is {platform.system()}"]
    tried: list[str] = []
    interpreter = Interpreter.at(python) if python else Interpreter.own()
    for namespaces in (True, False):
        sandbox = ProcessSandbox(namespaces=namespaces, python=interpreter)
        if not (why := await probed(sandbox, _PROBE)):
            return sandbox, tried
        await sandbox.close()
        tried.append(f"process{' with namespaces' if namespaces else ''}: {why}")
    return None, tried
