"""The servers of the kind ``process``: one for each core, started by the first program that needs it."""

import asyncio
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_modeleval.sandbox.program import SandboxError

_SCRIPT = Path(__file__).with_name("server.py")
# Beyond a program's own time: what forking, watching and clearing up may take on a busy machine.
_GRACE = 60.0
_START = 60.0


def folder_of_cores() -> Path:
    """Where the files are by which all servers of this user share the machine's cores."""
    folder = Path(tempfile.gettempdir()) / f"pytest-modeleval-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise SandboxError(f"{folder} is somebody else's: remove it, or set TMPDIR")
    return folder


class Server:
    """A warm process that runs programs one after another, on one core."""

    def __init__(self, core: int, cores: int, *, namespaces: bool) -> None:
        self.core, self.cores, self.namespaces = core, cores, namespaces
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._folder = ""

    async def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """The server's answer to a request, which takes so long at most; `SandboxError` where there is none."""
        try:
            if self._process is None:
                await self._start()
            await self._send(request)
            # Until the core is free, which other programs have.
            await self._receive()
            return await asyncio.wait_for(self._receive(), seconds + _GRACE)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            self.end()
            raise SandboxError(f"the sandbox broke: {type(error).__name__} {error}".strip()) from None
        except asyncio.CancelledError:
            self.end()
            raise

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._folder = tempfile.mkdtemp(prefix="program-", dir=folder_of_cores())
        namespaces = "yes" if self.namespaces else "no"
        packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
        arguments = [folder_of_cores(), self.core, self.cores, namespaces, self._folder, *packages]
        environment = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-S", "-B", "-X", "utf8", str(_SCRIPT), *map(str, arguments)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment | kept,
                start_new_session=True,
            )
        ours.setblocking(False)
        self._socket = ours
        ready = await asyncio.wait_for(self._receive(), _START)
        if "why" in ready:
            raise OSError(ready["why"])

    async def _send(self, message: Mapping[str, Any]) -> None:
        text = json.dumps(message).encode()
        assert self._socket
        await asyncio.get_running_loop().sock_sendall(self._socket, struct.pack("!I", len(text)) + text)

    async def _receive(self) -> dict[str, Any]:
        (size,) = struct.unpack("!I", await self._read(4))
        return json.loads(await self._read(size))  # type: ignore[no-any-return]

    async def _read(self, size: int) -> bytes:
        found = bytearray()
        assert self._socket
        while len(found) < size:
            part = await asyncio.get_running_loop().sock_recv(self._socket, min(size - len(found), 1 << 20))
            if not part:
                raise EOFError("its server ended")
            found += part
        return bytes(found)

    def end(self) -> None:
        """End the server with what it runs, and clear up after it."""
        process, self._process = self._process, None
        if self._socket is not None:
            self._socket.close()
        if process is not None:
            process.kill()
            process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)
