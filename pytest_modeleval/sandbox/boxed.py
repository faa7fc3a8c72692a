"""The kinds of sandbox in which programs may have several processes, and be of any language."""

import asyncio
import platform
import shutil
from collections.abc import Callable, Sequence
from functools import partial

from pytest_modeleval.sandbox.containers import ContainerServer
from pytest_modeleval.sandbox.process import TRIED, ServedSandbox, probed
from pytest_modeleval.sandbox.program import NoTool, Outcome, Program, SandboxError
from pytest_modeleval.sandbox.servers import Server

Opened = tuple[ServedSandbox | None, Sequence[str]]
_PROBE = f"""{TRIED}
tried("open a socket", lambda: socket.create_connection(("192.0.2.1", 9), 0.2))
tried("read the passwords", lambda: open("/etc/shadow").read())
tried("write where programs lie", lambda: open("/usr/modeleval-probe", "w"))
tried("write among other programs' files", lambda: open("/var/tmp/modeleval-probe", "w"))
open("own", "w").write("ok")
assert subprocess.run(["true"]).returncode == 0
print("probed")
"""
# What there is of these was never tried by those who wrote this, which their own messages say.
_UNTESTED = {
    "docker": " (docker is untested: no daemon was there where this was written)",
    "macos": " (macos is untested: nobody who wrote this had it; it is weaker than the other kinds)",
}
# An image that has Python alone.
_IMAGE = "docker.io/library/python:3.12-slim"


class BoxedSandbox(ServedSandbox):
    """Runs each program with all its processes apart, in any language whose tools are there."""

    def __init__(self, name: str, server: Callable[[int, int], Server], cores: int | None = None) -> None:
        super().__init__(name, server, cores)
        self._tools: dict[str, str | NoTool] = {}

    async def run(self, program: Program) -> Outcome:
        """As `ServedSandbox.run`; `SandboxError` for a program that is to read files, of which there are none here."""
        if program.reads and self.name != "none":
            raise SandboxError(f"a program of {self.name} cannot read {program.reads[0]}: only one of process can")
        return await super().run(program)

    async def tool(self, language: str) -> str:
        """What runs a language here, with its version; `NoTool` where nothing does."""
        if language not in self._tools:
            server = await self._idle.get()
            try:
                reply = await server.ask({"tool": language}, 0)
            finally:
                self._idle.put_nowait(server)
            self._tools[language] = reply["tool"] if "tool" in reply else NoTool(reply["lacking"])
        found = self._tools[language]
        if isinstance(found, NoTool):
            raise NoTool(str(found))
        return found


def of_way(way: str, cores: int | None = None) -> BoxedSandbox:
    """A sandbox whose servers run programs in a way of `server.WAYS`, which has its name."""
    return BoxedSandbox(way, lambda core, all_of_them: Server(core, all_of_them, way), cores)


async def open_bwrap(_: str, *, cores: int | None = None) -> Opened:
    """The kind ``bwrap``, or what was tried in vain, with the system's answers."""
    if shutil.which("bwrap") is None:
        return None, ["bwrap: there is no such command (install bubblewrap)"]
    return await _tried_out(of_way("bwrap", cores))


async def open_none(_: str) -> Opened:
    """The kind ``none``: programs with no protection at all."""
    return of_way("none"), []


async def open_macos(_: str) -> Opened:
    """The kind ``macos``, or what was tried in vain, with the system's answers."""
    if platform.system() != "Darwin":
        return None, [f"macos: it needs macOS, and this is {platform.system()}{_UNTESTED['macos']}"]
    return await _tried_out(of_way("macos"))


async def open_container(command: str, image: str, *, cores: int | None = None) -> Opened:
    """The kind ``docker`` or ``podman``, or what was tried in vain, with the system's answers."""
    image = image or _IMAGE
    if shutil.which(command) is None:
        return None, [f"{command}: there is no such command{_UNTESTED.get(command, '')}"]
    process = await asyncio.create_subprocess_exec(
        *(command, "image", "inspect", "--format", "{{.Id}}", image),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await process.communicate()
    if process.returncode:
        said = " ".join(errors.decode("utf-8", "replace").split())[:300]
        why = f"{command} with the image {image}: {said} (to get an image: {command} pull {image})"
        return None, [why + _UNTESTED.get(command, "")]
    identity = told.decode().strip().removeprefix("sha256:")
    name = f"{command}:{image}@{identity[:12]}"
    return await _tried_out(BoxedSandbox(name, partial(ContainerServer, command=command, image=identity), cores))


async def _tried_out(sandbox: BoxedSandbox) -> Opened:
    if not (why := await probed(sandbox, _PROBE)):
        return sandbox, []
    await sandbox.close()
    return None, [f"{sandbox.name}: {why}{_UNTESTED.get(sandbox.name.partition(':')[0], '')}"]
