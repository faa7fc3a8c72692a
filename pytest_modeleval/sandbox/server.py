"""A process that runs programs one after another, each in a locked child of its own: a script, never imported.

It reads requests from the socket that is its standard input and writes an answer to each: JSON, after its length in
four bytes. All that programs import often is imported before, so that a child costs a fork and no start of Python.
"""

import contextlib
import fcntl
import gc
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[2]))
from pytest_modeleval.sandbox import driver, locks

del sys.path[0]

# What programs of the benchmarks import.
_PRELOADED = """
    argparse array ast asyncio base64 bisect calendar cmath collections copy csv dataclasses datetime decimal enum
    fractions functools hashlib heapq io itertools json math numbers operator queue random re secrets statistics
    string struct textwrap threading time traceback typing unittest uuid zlib
"""
# How often what a program writes to files is looked at, where no file system bounds it.
_LOOK = 0.05
_FILE_SIZE = 16 << 20
_PAGE = 1 << 16


class Client:
    """Who asks: the socket that requests come by."""

    def __init__(self, descriptor: int) -> None:
        self.socket = socket.socket(fileno=descriptor)

    def next(self) -> dict[str, Any]:
        """The next request; ends this process when there is none."""
        (size,) = struct.unpack("!I", self._read(4))
        return json.loads(self._read(size))  # type: ignore[no-any-return]

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part = self.socket.recv(min(size - len(found), 1 << 20))
            if not part:
                sys.exit()
            found += part
        return bytes(found)

    def answer(self, reply: dict[str, Any]) -> None:
        """Send an answer."""
        text = json.dumps(reply).encode()
        self.socket.sendall(struct.pack("!I", len(text)) + text)


class Slots:
    """The machine's cores, of which each runs one program at a time, whoever asks for it."""

    def __init__(self, folder: str, own: int, count: int) -> None:
        self.files = [
            os.open(f"{folder}/core-{at}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for at in range(count)
        ]
        self.own = own

    @contextlib.contextmanager
    def taken(self, *, all_of_them: bool) -> Any:
        """Wait for this server's core, or for all: in their order, so that no two wait for each other."""
        files = self.files if all_of_them else [self.files[self.own]]
        for file in files:
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            for file in files:
                fcntl.flock(file, fcntl.LOCK_UN)


def _clock_of(pid: int) -> int:
    """The number of a process' CPU clock, as `time.clock_gettime` takes it (``clock_getcpuclockid``)."""
    return (~pid << 3) | 2


def _size_of(folder: str) -> int:
    """The bytes in a folder's files."""
    size, folders = 0, [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
    return size


class Watched:
    """A program's process, watched to its end: its time, its memory, and what it writes."""

    def __init__(self, asked: dict[str, Any], folder: str, *, is_sized: bool, asker: int) -> None:
        self.asked, self.folder, self.is_sized, self.asker = asked, folder, is_sized, asker
        self.texts = {name: bytearray() for name in ("stdout", "stderr", "results")}
        self.ends: dict[int, str] = {}
        self.kind = "finished"
        self.pid = 0

    def outcome(self) -> dict[str, Any]:
        """Fork it, watch it, and tell what came of it."""
        self._fork()
        started = self.call_started = time.monotonic()
        handle = os.pidfd_open(self.pid)
        try:
            self._watch(handle)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            _, status, used = os.wait4(self.pid, 0)
            os.close(handle)
        self._drain()
        for end in self.ends:
            os.close(end)
        return self._told(status, used, time.monotonic() - started)

    def _fork(self) -> None:
        pipes = {name: os.pipe2(os.O_CLOEXEC) for name in self.texts}
        given = os.memfd_create("stdin", os.MFD_CLOEXEC)
        with open(given, "wb", closefd=False) as file:
            file.write(self.asked.pop("stdin").encode("utf-8", "replace"))
        os.lseek(given, 0, os.SEEK_SET)
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            locks.die_with(parent)
            _become_program(self.asked, self.folder, given, *(write for _, write in pipes.values()))
        os.close(given)
        for name, (read, write) in pipes.items():
            os.close(write)
            os.set_blocking(read, False)
            self.ends[read] = name

    def _watch(self, handle: int) -> None:
        poll = select.poll()
        for end in (handle, *self.ends):
            poll.register(end, select.POLLIN)
        # Nobody waits for it any more: what is told of a socket or a pipe that is closed at its other end.
        poll.register(self.asker, 0)
        clock, limit, begun = _clock_of(self.pid), self.asked["seconds"], 0.0
        while True:
            used = time.clock_gettime(clock)
            left = min(limit - (used - begun), self.asked["wall"] - (time.monotonic() - self.call_started))
            if left <= 0:
                self.kind = "timeout"
                return
            ready = poll.poll(1000 * (left if self.is_sized else min(left, _LOOK)) + 1)
            if not ready and not self.is_sized and _size_of(self.folder) > self.asked["files"]:
                self.kind = "files"
                return
            for end, events in ready:
                if end in (handle, self.asker):
                    return
                if not events & select.POLLIN:
                    poll.unregister(end)
                elif self._read(end) and self.ends[end] == "results":
                    # Each call has the time anew.
                    begun, self.call_started = time.clock_gettime(clock), time.monotonic()
            if self.kind != "finished":
                return

    def _read(self, end: int) -> bool:
        """Read what is there once; whether there was something. What is more than the limit ends the program."""
        try:
            part = os.read(end, _PAGE)
        except BlockingIOError:
            return False
        text = self.texts[self.ends[end]]
        text += part
        if len(text) > self.asked["output"] * (16 if self.ends[end] == "results" else 1):
            self.kind = "output"
        return bool(part)

    def _drain(self) -> None:
        for end in self.ends:
            while self.kind == "finished" and self._read(end):
                pass

    def _told(self, status: int, used: Any, wall: float) -> dict[str, Any]:
        code = os.waitstatus_to_exitcode(status)
        kind = self.kind
        if kind == "finished" and code == driver.MEMORY_STATUS:
            kind = "memory"
        elif (
            kind == "finished" and -code in (signal.SIGXCPU, signal.SIGKILL) and used.ru_utime >= self.asked["seconds"]
        ):
            kind = "timeout"
        elif kind == "finished" and code < 0:
            kind = "killed"
        texts = {name: bytes(text[: self.asked["output"]]) for name, text in self.texts.items() if name != "results"}
        told = {name: text.decode("utf-8", "replace") for name, text in texts.items()}
        seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
        results = self.texts["results"].decode("ascii", "replace")
        return {
            "kind": kind,
            "status": code,
            **told,
            "results": results,
            "seconds": seconds,
            "wall": wall,
            "memory": memory,
        }


def _become_program(asked: dict[str, Any], folder: str, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
    """Leave this forked process nothing but its folder and its pipes, and run the program."""
    os.setsid()
    for at, end in enumerate((stdin, stdout, stderr)):
        os.dup2(end, at)
    # Where it lies is nobody's to know.
    private = asked.pop("private")
    os.dup2(results, private)
    ruleset = locks.make_ruleset(folder)
    os.dup2(ruleset, 3)
    os.closerange(4, private)
    os.closerange(private + 1, 1024)
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = folder
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    locks.limit(asked["memory"], asked["seconds"] * max(1, len(asked["calls"])), min(asked["files"], _FILE_SIZE))
    locks.lock(3)
    driver.run(asked, private)


class Server:
    """Runs what it is asked to, one program at a time."""

    def __init__(self, client: Client, slots: Slots, base: str, *, namespaces: bool) -> None:
        self.client, self.slots, self.namespaces = client, slots, namespaces
        self.folder = f"{base}/work"

    def serve(self) -> NoReturn:
        """Answer requests until there are no more."""
        while True:
            asked = self.client.next()
            with self.slots.taken(all_of_them=asked["alone"]):
                self.client.answer({"started": True})
                Path(self.folder).mkdir(0o700)
                try:
                    reply = self._apart(asked) if self.namespaces else self._outcome(asked, self.client.socket.fileno())
                except OSError as error:
                    reply = {"kind": "broken", "why": f"{type(error).__name__}: {error}"}
                finally:
                    _removed(self.folder)
            self.client.answer(reply)

    def _outcome(self, asked: dict[str, Any], asker: int) -> dict[str, Any]:
        return Watched(asked, self.folder, is_sized=self.namespaces, asker=asker).outcome()

    def _apart(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The outcome of a program in namespaces of its own, watched by their first process."""
        read, write = os.pipe2(os.O_CLOEXEC)
        first = locks.fork_into_namespaces()
        if not first:
            self._be_first(asked, write)
        os.close(write)
        found = bytearray()
        poll = select.poll()
        poll.register(read, select.POLLIN)
        poll.register(self.client.socket, 0)
        try:
            while True:
                ready = dict(poll.poll())
                part = os.read(read, 1 << 20) if read in ready else b""
                if not part:
                    break
                found += part
        finally:
            os.kill(first, signal.SIGKILL)
            os.waitpid(first, 0)
            os.close(read)
        return json.loads(found) if found else {"kind": "broken", "why": "the first process of its namespace ended"}

    def _be_first(self, asked: dict[str, Any], write: int) -> NoReturn:
        try:
            # A parent of another namespace has no number here.
            locks.die_with(0)
            locks.mount_memory(self.folder, asked["files"])
            reply = self._outcome(asked, write)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            reply = {"kind": "broken", "why": f"{type(error).__name__}: {error}"}
        with open(write, "wb", closefd=False) as file:
            file.write(json.dumps(reply).encode())
        os._exit(0)


def _removed(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        # Folders in folders, deeper than Python goes.
        subprocess.run(["rm", "-rf", "--", folder], check=False)


def _prepared(namespaces: bool) -> None:
    """Import what programs do, and leave the environment behind."""
    for name in _PRELOADED.split():
        __import__(name)
    kept = {name: os.environ[name] for name in ("LANG", "TZ", "OMP_NUM_THREADS") if name in os.environ}
    os.environ.clear()
    os.environ.update(kept)
    if namespaces:
        locks.enter_user_namespace()
    gc.collect()
    gc.freeze()


def main() -> NoReturn:
    """Serve whoever started this: ``server.py SLOTS CORE CORES NAMESPACES BASE PACKAGES…``."""
    folder, core, cores, namespaces, base, *packages = sys.argv[1:]
    sys.path.extend(packages)
    client = Client(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 200))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C is for whoever started this, who ends it.
        signal.signal(number, signal.SIG_IGN)
    try:
        _prepared(namespaces == "yes")
    except OSError as error:
        client.answer({"why": str(error)})
        sys.exit(1)
    sys.argv = ["program.py"]
    client.answer({"ready": os.getpid()})
    Server(client, Slots(folder, int(core), int(cores)), base, namespaces=namespaces == "yes").serve()


if __name__ == "__main__":
    main()
