"""Servers in containers of docker's or podman's: one warm container for each core, ended with all that is in it."""

import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from pytest_modeleval.sandbox.program import SandboxError
from pytest_modeleval.sandbox.servers import Connection, Server, folder_of_cores

_OWN = "/run/modeleval"
_CORES = "/run/modeleval-cores"
_WORK = "/work"
# No network, nothing to write but the folder of programs, none of root's powers but to run them as other users.
_HARDENED = (
    "--rm --interactive --pull never --network none --read-only --ipc none --pids-limit 256 --memory 4g "
    "--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "
    "--cap-drop ALL --cap-add SETUID --cap-add SETGID --cap-add KILL --cap-add CHOWN "
    "--cap-add DAC_OVERRIDE --security-opt no-new-privileges --user 0:0 --workdir / "
    f"--tmpfs {_WORK}:rw,exec,nosuid,nodev,size=1g,mode=755 "
    "--env PYTHONHASHSEED=0 --env LANG=C.UTF-8 --env TZ=UTC --env OMP_NUM_THREADS=1"
).split()


class ContainerServer(Server):
    """A server in a container that is its own."""

    def __init__(self, core: int, cores: int, *, command: str, image: str) -> None:
        super().__init__(core, cores, "container")
        self.command, self.image, self.name = command, image, ""
        self._errors: IO[bytes] | None = None

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        self.name = f"modeleval-{os.getpid()}-{secrets.token_hex(6)}"
        here = Path(__file__).parent
        own = ["--read-only-tmpfs=false"] if self.command == "podman" else []
        mounts = ["-v", f"{here}:{_OWN}/pytest_modeleval/sandbox:ro", "-v", f"{folder_of_cores()}:{_CORES}"]
        server = f"{_OWN}/pytest_modeleval/sandbox/server.py"
        arguments = [server, _CORES, str(self.core), str(self.cores), self.way, _WORK, ""]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - read when it did not start
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(self.command, "run", "--name", self.name, *_HARDENED, *own, *mounts, self.image),
                    *("python3", "-s", "-S", "-B", "-X", "utf8", *arguments),
                ],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
            )
        return Connection(ours)

    async def _connected(self) -> Connection:
        try:
            return await super()._connected()
        except EOFError:
            assert self._errors is not None
            self._errors.seek(0)
            told = self._errors.read(2000).decode("utf-8", "replace")
            raise OSError(" ".join(told.split())[-500:] or f"{self.command} ended") from None

    async def begin(self, request: Mapping[str, Any]) -> Connection:
        """Begin a session, in a container of its own; `SandboxError` where that cannot be done."""
        own = ContainerServer(self.core, self.cores, command=self.command, image=self.image)
        reply = await own.ask(request, 0)
        if reply["kind"] == "broken":
            own.end()
            raise SandboxError(f"the sandbox broke: {reply['why']}")
        assert own._connection is not None
        return _Owned(own._connection, own)

    def end(self) -> None:
        """End the container with all that is in it."""
        if self.name:
            # Whoever only ends the command leaves the container there.
            with contextlib.suppress(OSError):
                subprocess.run(
                    [self.command, "rm", "--force", "--time", "0", self.name]
                    if self.command == "podman"
                    else [self.command, "rm", "--force", self.name],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=False,
                )
            self.name = ""
        if self._errors is not None:
            self._errors.close()
            self._errors = None
        super().end()


class _Owned(Connection):
    """The connection to a session, which ends its container."""

    def __init__(self, connection: Connection, server: Server) -> None:
        super().__init__(connection.socket)
        self._server = server

    def close(self) -> None:
        """End the session with its container."""
        self._server.end()
