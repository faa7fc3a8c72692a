"""A process that runs programs one after another, each in a locked child of its own: a script, never imported.

It reads requests from the socket that is its standard input and writes an answer to each: JSON, after its length in
four bytes. All that programs import often is imported before, so that a child costs a fork and no start of Python.
"""

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))
from pytest_modeleval.sandbox import locks
from pytest_modeleval.sandbox.folders import remove
from pytest_modeleval.sandbox.watched import Watched, serve_session
from pytest_modeleval.sandbox.wire import Wire

# And this folder, which Python put first: its modules are nothing that programs import.
del sys.path[:2]

# What programs of the benchmarks import often. Each more costs every fork: with asyncio, unittest and seven others it
# takes 1.9 ms in place of 0.9.
_PRELOADED = """
    array ast bisect cmath collections copy datetime decimal enum fractions functools heapq io itertools json math
    numbers operator queue random re statistics string textwrap threading time traceback typing
"""


class Slots:
    """The machine's cores, of which each runs one program at a time, whoever asks for it."""

    def __init__(self, folder: str, own: int, count: int) -> None:
        self.folder = folder
        self.files = [
            os.open(f"{folder}/core-{at}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for at in range(count)
        ]
        self.own = own

    def anew(self) -> "Slots":
        """The same with locks of this process."""
        return Slots(self.folder, self.own, len(self.files))

    @contextlib.contextmanager
    def taken(self, *, all_of_them: bool) -> Iterator[None]:
        """Wait for this server's core, or for all: in their order, so that no two wait for each other."""
        files = self.files if all_of_them else [self.files[self.own]]
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            for file in files:
                fcntl.flock(file, fcntl.LOCK_UN)


class Server:
    """Runs what it is asked to: one program at a time, and sessions beside."""

    def __init__(self, client: Wire, slots: Slots, base: str, *, namespaces: bool) -> None:
        self.client, self.slots, self.base, self.namespaces = client, slots, base, namespaces
        # The folders of sessions, by the processes that serve them.
        self.sessions: dict[int, str] = {}

    def serve(self) -> None:
        """Answer requests until there are no more."""
        while True:
            asked = self.client.next()
            self._reap()
            try:
                _import(asked["imports"])
                reply = self._session(asked) if asked["steps"] else self._program(asked)
            except (OSError, ImportError) as error:
                reply = _broken(error)
            self.client.send(reply)

    def _program(self, asked: dict[str, Any]) -> dict[str, Any]:
        with self.slots.taken(all_of_them=asked["alone"]), _folder(f"{self.base}/work") as folder:
            self.client.send({"started": True})
            if not self.namespaces:
                return Watched(asked, folder, is_sized=False, asker=self.client.socket.fileno()).outcome()
            return self._apart(asked, folder)

    def _apart(self, asked: dict[str, Any], folder: str) -> dict[str, Any]:
        """The outcome of a program in namespaces of its own, watched by their first process."""
        read, write = os.pipe2(os.O_CLOEXEC)
        first = locks.fork_into_namespaces()
        if not first:
            _be_first(asked, folder, write)
        os.close(write)
        found = bytearray()
        poll = select.poll()
        poll.register(read, select.POLLIN)
        poll.register(self.client.socket, 0)
        try:
            while read in dict(poll.poll()) and (part := os.read(read, 1 << 20)):
                found += part
        finally:
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
            os.close(read)
        return json.loads(found) if found else _broken(OSError("the first process of its namespace ended"))

    def _session(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a session, whose steps come by the socket that was given."""
        given = self.client.given.pop()
        folder = tempfile.mkdtemp(prefix="session-", dir=self.base)
        parent = 0 if self.namespaces else os.getpid()
        keeper = locks.fork_into_namespaces() if self.namespaces else os.fork()
        if not keeper:
            try:
                locks.die_with(parent)
                self.client.socket.close()
                if self.namespaces:
                    locks.mount_memory(folder, asked["files"])
                # Locks of its own: those that a fork inherits are the server's.
                core = partial(self.slots.anew().taken, all_of_them=False)
                serve_session(Wire(given), asked, folder, core, is_sized=self.namespaces)
            finally:
                os._exit(0)
        os.close(given)
        self.sessions[keeper] = folder
        return {"kind": "begun"}

    def _reap(self) -> None:
        """Clear up after sessions that have ended."""
        for keeper in [pid for pid in self.sessions if os.waitpid(pid, os.WNOHANG)[0]]:
            remove(self.sessions.pop(keeper))


def _be_first(asked: dict[str, Any], folder: str, write: int) -> NoReturn:
    """Be the first process of namespaces, and watch the program that is their only other one."""
    try:
        # A parent of another namespace has no number here.
        locks.die_with(0)
        locks.mount_memory(folder, asked["files"])
        reply = Watched(asked, folder, is_sized=True, asker=write).outcome()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        reply = _broken(error)
    with open(write, "wb", closefd=False) as file:
        file.write(json.dumps(reply).encode())
    os._exit(0)


def _broken(error: BaseException) -> dict[str, Any]:
    return {"kind": "broken", "why": f"{type(error).__name__}: {error}"}


@contextlib.contextmanager
def _folder(path: str) -> Iterator[str]:
    Path(path).mkdir(0o700)
    try:
        yield path
    finally:
        remove(path)


def _import(names: list[str]) -> None:
    """Import modules, so that no program has to."""
    if new := [name for name in names if name not in sys.modules]:
        for name in new:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()


def _prepared(base: str, *, namespaces: bool) -> None:
    """Import what programs do, and leave the environment behind."""
    kept = {name: os.environ[name] for name in ("LANG", "TZ", "OMP_NUM_THREADS") if name in os.environ}
    os.environ.clear()
    # What libraries write to a home when they are imported goes with this process.
    os.environ.update(kept, HOME=base)
    locks.prepare()
    if namespaces:
        locks.enter_user_namespace()
    _import(_PRELOADED.split())


def main() -> None:
    """Serve whoever started this: ``server.py SLOTS CORE CORES NAMESPACES BASE PREFIX PACKAGES…``."""
    folder, core, cores, namespaces, base, sys.prefix, *packages = sys.argv[1:]
    sys.path.extend(packages)
    client = Wire(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 200))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C is for whoever started this, who ends it.
        signal.signal(number, signal.SIG_IGN)
    sys.argv = ["program.py"]
    server = Server(client, Slots(folder, int(core), int(cores)), base, namespaces=namespaces == "yes")
    try:
        # Whoever started this may be gone at any time.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            _serve(server)
    finally:
        remove(base)


def _serve(server: Server) -> None:
    try:
        _prepared(server.base, namespaces=server.namespaces)
    except OSError as error:
        server.client.send({"why": str(error)})
        return
    server.client.send({"ready": os.getpid()})
    server.serve()


if __name__ == "__main__":
    main()
