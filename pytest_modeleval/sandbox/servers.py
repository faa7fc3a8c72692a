"""The servers of the kind ``process``: one for each core, started by the first program that needs it."""

import asyncio
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_modeleval.sandbox.folders import remove
from pytest_modeleval.sandbox.interpreter import Interpreter
from pytest_modeleval.sandbox.program import SandboxError
from pytest_modeleval.sandbox.wire import packed

_SCRIPT = Path(__file__).with_name("server.py")
# Beyond a program's own time: what forking, watching and clearing up may take on a busy machine.
_GRACE = 60.0
_START = 60.0
# Of the environment: what finds tools of languages and their libraries.
_KEPT = ("LD_LIBRARY_PATH", "PATH", "HOME", "CLASSPATH")


def folder_of_cores() -> Path:
    """Where the files are by which all servers of this user share the machine's cores."""
    folder = Path(tempfile.gettempdir()) / f"pytest-modeleval-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise SandboxError(f"{folder} is somebody else's: remove it, or set TMPDIR")
    return folder


class Connection:
    """This process' end of a socket to a server or a session."""

    def __init__(self, ours: socket.socket) -> None:
        self.socket = ours
        ours.setblocking(False)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        await asyncio.get_running_loop().sock_sendall(self.socket, packed(message))

    async def receive(self) -> dict[str, Any]:
        """The next message; EOFError where the other end is gone."""
        size = int.from_bytes(await self._read(4), "big")
        return json.loads(await self._read(size))  # type: ignore[no-any-return]

    async def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = await asyncio.get_running_loop().sock_recv(self.socket, min(size - len(found), 1 << 20))
            if not part:
                raise EOFError("its server ended")
            found += part
        return bytes(found)

    def close(self) -> None:
        """Close it, which ends what is at its other end."""
        self.socket.close()


class Server:
    """A warm process that runs programs one after another, on one core, and begins sessions."""

    def __init__(self, core: int, cores: int, way: str, python: Interpreter | None = None) -> None:
        self.core, self.cores, self.way, self.python = core, cores, way, python or Interpreter.own()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._folder = ""

    async def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """What came of a program, which takes so long at most; `SandboxError` where the server did not tell."""
        try:
            connection = await self._connected()
            await connection.send(request)
            # Until the core is free, which other programs have.
            reply = await connection.receive()
            return await asyncio.wait_for(connection.receive(), seconds + _GRACE) if "started" in reply else reply
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.end()
            raise SandboxError(f"the sandbox broke: {type(error).__name__} {error}".strip()) from None
        except asyncio.CancelledError:
            self.end()
            raise

    async def begin(self, request: Mapping[str, Any]) -> Connection:
        """Begin a session; `SandboxError` where that cannot be done."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                connection = await self._connected()
                socket.send_fds(connection.socket, [packed(request)[:1]], [theirs.fileno()])
            await asyncio.get_running_loop().sock_sendall(connection.socket, packed(request)[1:])
            reply = await asyncio.wait_for(connection.receive(), _START)
            if reply["kind"] == "broken":
                raise OSError(reply["why"])
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            ours.close()
            self.end()
            raise SandboxError(f"the sandbox broke: {type(error).__name__} {error}".strip()) from None
        except asyncio.CancelledError:
            # What it answers is not to be taken for the next answer.
            ours.close()
            self.end()
            raise
        return Connection(ours)

    async def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._start()
            ready = await asyncio.wait_for(self._connection.receive(), _START)
            if "why" in ready:
                raise OSError(ready["why"])
        return self._connection

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        self._folder = tempfile.mkdtemp(prefix="program-", dir=folder_of_cores())
        arguments = [folder_of_cores(), self.core, self.cores, self.way, self._folder]
        arguments += [self.python.prefix, *self.python.packages]
        environment = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [self.python.path, "-s", "-S", "-B", "-X", "utf8", str(_SCRIPT), *map(str, arguments)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment | kept,
                start_new_session=True,
            )
        return Connection(ours)

    def end(self) -> None:
        """End the server with what it runs, and clear up after it."""
        process, self._process = self._process, None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if process is not None:
            process.kill()
            process.wait()
        if self._folder:
            remove(self._folder)
