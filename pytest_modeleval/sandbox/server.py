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
import random
import resource
import select
import signal
import site
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))
from pytest_modeleval.sandbox import locks
from pytest_modeleval.sandbox.bwrap import Bwrap
from pytest_modeleval.sandbox.folders import remove
from pytest_modeleval.sandbox.languages import NoTool, roots_of, tool_of
from pytest_modeleval.sandbox.several import FIRST_USER, USERS, InBwrap, InContainer, InSeatbelt, Unprotected
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


# More than the highest number of anything here (`child.HIGH`).
_DESCRIPTORS = 512
# Seconds after which one that waits for a core looks whether somebody waits for it.
_OFTEN = 0.5


class Slots:
    """The machine's cores, of which each runs one program at a time, whoever asks for it."""

    def __init__(self, folder: str, own: int, count: int, client: int) -> None:
        self.folder, self.client = folder, client
        self.files = [
            os.open(f"{folder}/core-{at}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for at in range(count)
        ]
        self.own = own

    def anew(self, client: int) -> "Slots":
        """The same with locks of this process, for another client."""
        return Slots(self.folder, self.own, len(self.files), client)

    @contextlib.contextmanager
    def taken(self, *, all_of_them: bool) -> Iterator[None]:
        """Wait for this server's core, or for all: in their order, so that no two wait for each other.

        It ends this process when its client is gone.
        """
        files = self.files if all_of_them else [self.files[self.own]]
        for file in files:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with _calling(partial(_end_without, self.client)):
                    fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            for file in files:
                fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def _calling(do: Callable[[], object]) -> Iterator[None]:
    """Call this every so often, also while the kernel has this process wait."""
    before = signal.signal(signal.SIGALRM, lambda *_: do())
    signal.setitimer(signal.ITIMER_REAL, _OFTEN, _OFTEN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _end_without(client: int) -> None:
    """End this process where nobody is at the client's end."""
    poll = select.poll()
    # No event is asked for: a closed end is told always.
    poll.register(client, 0)
    if poll.poll(0):
        sys.exit()


@dataclass(frozen=True)
class Way:
    """How programs are kept apart from the machine: what watches ``one``, and in which namespaces of the server's."""

    one: Callable[..., Watched] = Watched
    namespaces: bool = False
    # Called before what watches a program in a language is forked.
    prepare: Callable[[str], object] = lambda _: None


def _in_bwrap(core: int, packages: list[str]) -> Way:  # noqa: ARG001 - all of one shape
    bwrap = Bwrap(packages)
    return Way(partial(InBwrap, bwrap=bwrap), prepare=bwrap.prepare)


def _in_container(core: int, packages: list[str]) -> Way:  # noqa: ARG001
    user = FIRST_USER + random.randrange(USERS)
    return Way(partial(InContainer, user=user), prepare=roots_of)


# By their names on the command line.
WAYS: dict[str, Callable[[int, list[str]], Way]] = {
    "namespaces": lambda core, packages: Way(namespaces=True),  # noqa: ARG005 - all of one shape
    "landlock": lambda core, packages: Way(),  # noqa: ARG005
    "bwrap": _in_bwrap,
    "container": _in_container,
    "macos": lambda core, packages: Way(partial(InSeatbelt, packages=packages), prepare=roots_of),  # noqa: ARG005
    "none": lambda core, packages: Way(Unprotected, prepare=roots_of),  # noqa: ARG005
}


class Server:
    """Runs what it is asked to, in a way of `WAYS`: one program at a time, and sessions beside."""

    def __init__(self, client: Wire, slots: Slots, base: str, way: "Way") -> None:
        self.client, self.slots, self.base, self.way = client, slots, base, way
        self.one, self.namespaces = way.one, way.namespaces
        # The folders of sessions, by the processes that serve them.
        self.sessions: dict[int, str] = {}

    def serve(self) -> None:
        """Answer requests until there are no more."""
        while True:
            asked = self.client.next()
            self._reap()
            try:
                reply = self._answer(asked)
            except (OSError, ImportError) as error:
                reply = _broken(error)
            self.client.send(reply)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "tool" in asked:
            try:
                return {"tool": tool_of(asked["tool"])}
            except NoTool as error:
                return {"lacking": str(error)}
        self.way.prepare(asked["language"])
        if self.one is Watched:
            _import(asked["imports"])
        return self._session(asked) if asked["steps"] else self._program(asked)

    def _program(self, asked: dict[str, Any]) -> dict[str, Any]:
        with self.slots.taken(all_of_them=asked["alone"]), _folder(f"{self.base}/work") as folder:
            self.client.send({"started": True})
            if self.one is Watched and not self.namespaces:
                return Watched(asked, folder, is_sized=False, asker=self.client.reading).outcome()
            return self._apart(asked, folder)

    def _first(self) -> int:
        """Fork what watches one program, and holds all its processes."""
        parent = os.getpid()
        pid = locks.fork_into_namespaces() if self.namespaces else os.fork()
        if not pid:
            # A parent of another namespace has no number here.
            locks.die_with(0 if self.namespaces else parent)
            if not self.namespaces:
                locks.adopt_orphans()
        return pid

    def _apart(self, asked: dict[str, Any], folder: str) -> dict[str, Any]:
        """The outcome of a program that a process of its own watches."""
        read, write = os.pipe()
        first = self._first()
        if not first:
            self._be_first(asked, folder, write)
        os.close(write)
        found = bytearray()
        poll = select.poll()
        poll.register(read, select.POLLIN)
        poll.register(self.client.reading, 0)
        try:
            while read in dict(poll.poll()) and (part := os.read(read, 1 << 20)):
                found += part
        finally:
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
            os.close(read)
        return json.loads(found) if found else _broken(OSError("what watched the program ended"))

    def _watched(self, asked: dict[str, Any], folder: str, asker: int) -> Watched:
        if self.one is not Watched:
            return self.one(asked, folder, asker)
        if self.namespaces:
            locks.bound_numbers()
            locks.mount_memory(folder, asked["files"])
        return Watched(asked, folder, is_sized=self.namespaces, asker=asker)

    def _be_first(self, asked: dict[str, Any], folder: str, write: int) -> NoReturn:
        """Be what watches a program, and tell what came of it."""
        try:
            reply = self._watched(asked, folder, write).outcome()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            reply = _broken(error)
        with open(write, "wb", closefd=False) as file:
            file.write(json.dumps(reply).encode())
        os._exit(0)

    def _session(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Begin a session, whose steps come by the socket that was given."""
        given = self.client.given.pop() if self.client.given else None
        folder = tempfile.mkdtemp(prefix="session-", dir=self.base)
        if given is None:
            self.client.send({"kind": "begun"})
        keeper = self._first()
        if not keeper:
            try:
                # Locks of its own: those that a fork inherits are the server's.
                wire = self.client
                if given is not None:
                    self.client.close()
                    wire = Wire(given)
                core = partial(self.slots.anew(wire.reading).taken, all_of_them=False)
                serve_session(wire, self._watched(asked, folder, wire.reading), core)
            finally:
                os._exit(0)
        if given is None:
            # A server that nobody can give a socket serves one session, and ends with it.
            os.waitpid(keeper, 0)
            sys.exit()
        os.close(given)
        self.sessions[keeper] = folder
        return {"kind": "begun"}

    def _reap(self) -> None:
        """Clear up after sessions that have ended."""
        for keeper in [pid for pid in self.sessions if os.waitpid(pid, os.WNOHANG)[0]]:
            remove(self.sessions.pop(keeper))


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


def _prepared(way: Way, base: str) -> None:
    """Import what programs do, and leave the environment behind that none of them is to have."""
    if way.one is Watched:
        kept = {name: os.environ[name] for name in ("LANG", "TZ", "OMP_NUM_THREADS") if name in os.environ}
        os.environ.clear()
        # What libraries write to a home when they are imported goes with this process.
        os.environ.update(kept, HOME=base)
        locks.prepare()
    if way.namespaces:
        locks.enter_user_namespace()
    _import(_PRELOADED.split())


def main() -> None:
    """Serve whoever started this: ``server.py SLOTS CORE CORES WAY BASE PREFIX PACKAGES…``."""
    folder, core, cores, name, base, prefix, *packages = sys.argv[1:]
    sys.prefix = prefix or sys.prefix
    sys.path.extend(packages)
    is_contained = name == "container"
    if (descriptors := _allow_descriptors()) < _DESCRIPTORS:
        told = f"it may open {descriptors} files at once (ulimit -Hn), and needs {_DESCRIPTORS}"
        Wire(0, 1 if is_contained else None).send({"why": told})
        return
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 200) for end in (0, 1))
    client = Wire(reading, writing if is_contained else None)
    nothing = os.open(os.devnull, os.O_RDWR)
    for end in (0, 1):
        os.dup2(nothing, end)
    os.close(nothing)
    if is_contained:
        packages = site.getsitepackages()
        sys.path.extend(packages)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C is for whoever started this, who ends it.
        signal.signal(number, signal.SIG_IGN)
    sys.argv = ["program.py"]
    try:
        # Whoever started this may be gone at any time.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            _serve(
                client,
                Slots(folder, int(core), int(cores), client.reading),
                base,
                partial(WAYS[name], int(core), packages),
            )
    finally:
        remove(base)


def _allow_descriptors() -> int:
    """Have as many as are needed where the user may, and say how many: those in nobody's way have high numbers."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = (sys.maxsize if each == resource.RLIM_INFINITY else each for each in limits)
    if soft < _DESCRIPTORS <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, limits[1]))
        return _DESCRIPTORS
    return soft


def _serve(client: Wire, slots: Slots, base: str, opened: Callable[[], Way]) -> None:
    try:
        way = opened()
        _prepared(way, base)
    except OSError as error:
        client.send({"why": str(error)})
        return
    client.send({"ready": os.getpid()})
    Server(client, slots, base, way).serve()


if __name__ == "__main__":
    main()
