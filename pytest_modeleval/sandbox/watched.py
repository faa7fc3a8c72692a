"""A program's process, watched from outside: its time, its memory, and what it writes.

Read by the server alone; a session's process is watched the same way, step by step.
"""

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

from pytest_modeleval.sandbox import driver, locks
from pytest_modeleval.sandbox.child import begin_anew, enter_folder, handle_of, in_memory, number_of
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.sandbox.wire import Wire

# How often what a program writes to files is looked at, where no file system bounds it.
_LOOK = 0.05
_FILE_SIZE = 16 << 20
_PAGE = 1 << 16
# Threads of one program, whose sessions keep theirs: many programs together are to leave the machine most numbers.
_THREADS = 256
# What the values of calls may take beyond what is written to a stream.
_VALUES = 16


class Watched:
    """One program. ``asker`` is what is closed at its other end when nobody waits for the program any more."""

    def __init__(self, asked: dict[str, Any], folder: str, *, is_sized: bool, asker: int) -> None:
        self.asked, self.folder, self.is_sized, self.asker = asked, folder, is_sized, asker
        self.texts = {name: bytearray() for name in ("stdout", "stderr", "results")}
        self.ends: dict[int, str] = {}
        self.kind, self.pid, self.handle, self.number = "finished", 0, 0, 0
        self.has_begun = False
        self.begun, self.started, self.looked = 0.0, 0.0, 0.0
        # Lines of results, after each of which but the last ones the time begins anew.
        self.lines, self.turns = 0, len(asked["calls"])
        self.tick = _LOOK

    def outcome(self) -> dict[str, Any]:
        """Fork it, watch it to its end, and tell what came of it."""
        self.fork(in_memory(self.asked.pop("stdin").encode("utf-8", "replace")))
        began = time.monotonic()
        try:
            while not self.watch():
                # Each call has the time anew, and no more calls than there are.
                if self.lines <= self.turns:
                    self.restart()
        finally:
            status, used = self.end()
        return self.told(status, used, time.monotonic() - began)

    def fork(self, stdin: int) -> None:
        """Start it, with this as its standard input."""
        pipes = {name: os.pipe() for name in self.texts}
        # Not before: a session's has waited for a core.
        self.started = self.looked = time.monotonic()
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            locks.die_with(parent)
            ends = [write for _, write in pipes.values()]
            try:
                self.become(stdin, *ends)
            except BaseException as error:  # noqa: BLE001 - this process is not to go on as the one that forked it
                _leave(error, ends[1])
        os.close(stdin)
        for name, (read, write) in pipes.items():
            os.close(write)
            os.set_blocking(read, False)
            self.ends[read] = name
        self.handle = handle_of(self.pid)
        self.number = number_of(self.handle)

    def become(self, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
        """Be the program, in its process."""
        _become_program(self.asked, self.folder, stdin, stdout, stderr, results)

    def used(self) -> float:
        """The seconds of CPU that it has had."""
        return time.clock_gettime(_clock_of(self.pid))

    def look(self) -> None:
        """See whether it keeps within what nothing else bounds."""
        if not self.is_sized and _takes_more(self.folder, self.asked["files"] - _without_names(self.pid, self.folder)):
            self.kind = "files"
        if _threads(self.number) > _THREADS:
            self.kind = "memory"

    def pause(self) -> None:
        """Stop it until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Give it its time anew."""
        self.begun, self.started = self.used(), time.monotonic()

    def watch(self) -> bool:
        """Wait until it ends or is to be ended, True, or has given one more line of results, False."""
        poll = select.poll()
        for end in (self.handle, *self.ends):
            poll.register(end, select.POLLIN)
        # No event is asked for: a closed end is told always.
        poll.register(self.asker, 0)
        lines = self.lines
        while self.kind == "finished":
            used = self.used() - self.begun
            left = min(self.asked["seconds"] - used, self.asked["wall"] - (time.monotonic() - self.started))
            if left <= 0:
                self.kind = "timeout"
                break
            ready = dict(poll.poll(1000 * min(left, self.tick) + 1))
            # Also of one that always has something to say.
            if time.monotonic() - self.looked >= _LOOK:
                self.look()
                self.looked = time.monotonic()
            if self.handle in ready or self.asker in ready:
                break
            for end, events in ready.items():
                if not events & select.POLLIN:
                    poll.unregister(end)
                else:
                    self._read(end)
            if self.lines > lines:
                return False
        return True

    def _read(self, end: int) -> bool:
        """Read what is there once; whether there was something. More than the limit ends the program."""
        try:
            part = os.read(end, _PAGE)
        except BlockingIOError:
            return False
        name = self.ends[end]
        self.texts[name] += part
        if name == "results":
            self.lines += part.count(b"\n")
        if len(self.texts[name]) > self.asked["output"] * (_VALUES if name == "results" else 1):
            self.kind = "output"
        return bool(part)

    def drain(self) -> None:
        """Read what it has written and nobody has read yet."""
        for end in self.ends:
            while self.kind == "finished" and self._read(end):
                pass

    def end(self) -> tuple[int, Any]:
        """End it, wait for it, and read the rest; its status and what it used."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _, status, used = os.wait4(self.pid, 0)
        self.drain()
        for end in (self.handle, *self.ends):
            os.close(end)
        return status, used

    def told(self, status: int, used: Any, wall: float) -> dict[str, Any]:
        """What came of it."""
        code = os.waitstatus_to_exitcode(status)
        kind, taken = self.kind, self.taken()
        if kind == "finished" and not self.has_begun:
            why = taken["stderr"].strip().rpartition("\n")[2][:500] or f"it ended with {code}"
            return {"kind": "broken", "why": f"before the program began: {why}"}
        if kind == "finished" and code == driver.MEMORY_STATUS and self.asked["language"] not in LANGUAGES:
            kind = "memory"
        elif kind == "finished" and code < 0:
            least = min(self.asked["seconds"], self.asked["total"])
            is_late = -code in (signal.SIGXCPU, signal.SIGKILL) and used.ru_utime + used.ru_stime >= least
            kind = "timeout" if is_late else "killed"
        return {
            "kind": kind,
            "status": code,
            **taken,
            "seconds": used.ru_utime + used.ru_stime,
            "wall": wall,
            "memory": used.ru_maxrss * 1024,
        }

    def results(self) -> bytes:
        """What it gave as results, without what stands before those of the program itself."""
        found = bytes(self.texts["results"])
        if self.has_begun or not found.startswith(driver.BEGUN):
            return found
        self.has_begun = True
        return found[len(driver.BEGUN) :]

    def taken(self) -> dict[str, str]:
        """What it has written, which is forgotten here."""
        most = self.asked["output"]
        told = {name: bytes(self.texts[name][:most]).decode("utf-8", "replace") for name in ("stdout", "stderr")}
        told["results"] = self.results().decode("ascii", "replace")
        for text in self.texts.values():
            text.clear()
        return told


def _leave(error: BaseException, stderr: int) -> NoReturn:
    """End this process, which is not a program yet, and tell why: where its errors go, by its number then or now."""
    for end in (2, stderr):
        with contextlib.suppress(OSError):
            os.write(end, f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
    os._exit(1)


def _clock_of(pid: int) -> int:
    """The number of a process' CPU clock, as `time.clock_gettime` takes it (``clock_getcpuclockid``)."""
    return (~pid << 3) | 2


def _without_names(pid: int, folder: str) -> int:
    """Bytes of a folder's files that a process holds and that have no name any more.

    Of mapped ones, whose size nobody tells, all but one count as large as a file may be.
    """
    try:
        lines = Path(f"/proc/{pid}/maps").read_bytes().splitlines()
        handles = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - of a few names, often
    except OSError:
        return 0
    beneath = f" {folder}/".encode()
    mapped = {line.split()[4] for line in lines if line.endswith(b" (deleted)") and beneath in line}
    size, device = _FILE_SIZE * max(0, len(mapped) - 1), Path(folder).stat().st_dev
    for handle in handles:
        with contextlib.suppress(OSError):
            found = Path(f"/proc/{pid}/fd/{handle}").stat()
            size += found.st_blocks * 512 if not found.st_nlink and found.st_dev == device else 0
    return size


def _threads(pid: int) -> int:
    """How many threads a process has; 0 where it is gone."""
    try:
        return Path(f"/proc/{pid}/task").stat().st_nlink - 2
    except OSError:
        return 0


def _takes_more(folder: str, size: int) -> bool:
    """Whether a folder's files take more bytes than that, or are more than a sized file system would hold."""
    folders, entries = [folder], 0
    while folders:
        try:
            with os.scandir(folders.pop()) as found:
                for entry in found:
                    entries += 1
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        size -= entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            # Gone meanwhile.
            continue
        except OSError:
            # Deeper than the system has names for.
            return True
        if size < 0 or entries > locks.MOST_FILES:
            return True
    return False


def _become_program(asked: dict[str, Any], folder: str, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
    """Leave this forked process nothing but its folder and its pipes, and run the program."""
    # Where results go, and where a session's steps come from, is nobody's to know.
    private, steps = asked.pop("private"), asked.pop("steps")
    begin_anew(
        {private: results, steps: stdin, 1: stdout, 2: stderr, 3: locks.make_ruleset(folder, asked.pop("reads"))}
    )
    enter_folder(folder, asked.pop("beside"))
    calls = max(1, len(asked["calls"]))
    seconds = None if steps else min(asked["seconds"] * calls, asked["total"])
    locks.limit(asked["memory"], seconds, min(asked["files"], _FILE_SIZE))
    locks.lock(3)
    driver.run(asked, private, steps)


def serve_session(client: Wire, watched: Watched, core: Callable[[], AbstractContextManager[None]]) -> None:
    """Run the steps that come by the wire in one program, each on a ``core``, until the session or its process ends.

    Nothing of it runs between two steps.
    """
    read, write = os.pipe()
    with core():
        watched.fork(read)
        os.set_blocking(write, False)
        has_ended = watched.watch()
    while not has_ended:
        watched.pause()
        watched.drain()
        watched.look()
        if watched.kind != "finished":
            break
        client.send({"kind": watched.kind, "status": 0, **watched.taken()})
        step = json.dumps(client.next()).encode() + b"\n"
        with core():
            watched.restart()
            watched.resume()
            _give(write, step, watched)
            has_ended = watched.watch()
    client.send(watched.told(*watched.end(), 0.0))


def _give(end: int, text: bytes, watched: Watched) -> None:
    """Write it all, unless the other end is gone or takes nothing for all its time."""
    poll = select.poll()
    poll.register(end, select.POLLOUT)
    while text and poll.poll(1000 * watched.asked["wall"]):
        try:
            text = text[os.write(end, text) :]
        except BrokenPipeError:
            return
