"""Programs of several processes, watched: in bwrap, in macOS' sandbox, in a container, or in nothing at all.

Read by the server alone.
"""

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any, NoReturn

from pytest_modeleval.sandbox import inside, locks, seatbelt
from pytest_modeleval.sandbox.bwrap import Bwrap
from pytest_modeleval.sandbox.child import begin_anew, in_memory
from pytest_modeleval.sandbox.family import Member, end_children, family_of, tell
from pytest_modeleval.sandbox.languages import COMPILE_SECONDS, LANGUAGES, classes, roots_of
from pytest_modeleval.sandbox.watched import Watched

# How often what they use is looked at.
_LOOK = 0.05
# How long they may take to stand still after a step, and how often that is looked at.
_STOPPING, _SOON = 2.0, 0.001
_DESCRIPTORS, _PROCESSES = 256, 128
_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    # C# then tells of what does not hold, and Go takes a file for a program.
    "MONO_TRACE_LISTENER": "Console.Error",
    "GO111MODULE": "off",
}
# Users of a container, one for each server: what bounds one's processes counts them in all containers.
FIRST_USER, USERS = 61000, 4000
_SWEEPER = FIRST_USER - 1


class Several(Watched):
    """One program with all its processes."""

    is_sized = False
    path = "/usr/local/bin:/usr/bin:/bin"

    def __init__(self, asked: dict[str, Any], folder: str, asker: int) -> None:
        super().__init__(asked, folder, is_sized=type(self).is_sized, asker=asker)
        self.tick = _LOOK
        self.language = LANGUAGES.get(asked["language"])
        self.limits = asked["seconds"], asked["wall"]
        # The most that its processes were seen to have used.
        self.seconds, self.memory = 0.0, 0
        self.family: list[Member] = []
        self.is_refused = False
        self.secret = "" if asked["tests"] is None or self.language is None else asked["secret"]
        if self.language is not None and self.language.compile:
            asked["seconds"], asked["wall"] = COMPILE_SECONDS, 3 * COMPILE_SECONDS
            self.turns = 1

    def become(self, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
        """Be the program, in its process."""
        begin_anew({self.asked["private"]: results, self.asked["steps"]: stdin, 1: stdout, 2: stderr})
        self.enter()

    def enter(self) -> NoReturn:
        """Run the program in this process."""
        inside.enter({**self.asked, **self.given()}, self.folder)

    def given(self, *, processes: int | None = None) -> dict[str, Any]:
        """What the inside is told beside what was asked: the environment, and further limits."""
        roots = roots_of(self.asked["language"])
        path = ":".join([*(f"{root}/{bin}" for root in roots for bin in ("bin", ".bin")), self.path])
        environment = {**_ENVIRONMENT, "PATH": path}
        if self.language and self.language.name == "Java":
            environment["CLASSPATH"] = classes()
        return {
            "seconds": self.limits[0],
            "environment": environment,
            "more": {"descriptors": _DESCRIPTORS, "processes": processes},
        }

    def used(self) -> float:
        """The seconds of CPU that all its processes have had."""
        self.family = family_of(self.pid)
        self.seconds = max(self.seconds, sum(member.seconds for member in self.family))
        self.memory = max(self.memory, sum(member.memory for member in self.family))
        return self.seconds

    def look(self) -> None:
        """See whether its processes keep within its memory, and its files within what they may take."""
        if self.memory > self.asked["memory"]:
            self.kind = "memory"
        super().look()

    def restart(self) -> None:
        """Give it its time anew; after it was compiled, its own."""
        self.asked["seconds"], self.asked["wall"] = self.limits
        super().restart()

    def pause(self) -> None:
        """Stop its processes until `resume`; those that will not are ended with the program."""
        until = time.monotonic() + _STOPPING
        while not all(member.stands_still for member in tell(self.pid, signal.SIGSTOP)):
            if time.monotonic() > until:
                self.kind = "killed"
                return
            time.sleep(_SOON)

    def resume(self) -> None:
        """Let them go on."""
        tell(self.pid, signal.SIGCONT)

    def end(self) -> tuple[int, Any]:
        """End it with all its processes."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        ended = super().end()
        self.sweep()
        return ended

    def sweep(self) -> None:
        """End what it left behind."""
        end_children()

    def results(self) -> bytes:
        """As `Watched.results`; a program that does not compile has begun too."""
        text = self.texts["results"]
        del text[: len(inside.COMPILED) if text.startswith(inside.COMPILED) else 0]
        if self.language is not None and text.startswith(inside.FAILED):
            self.has_begun = self.is_refused = True
        return super().results()

    def told(self, status: int, used: Any, wall: float) -> dict[str, Any]:
        """What came of it."""
        told = super().told(status, used, wall)
        if told["kind"] == "broken":
            return told
        told |= {"seconds": max(told["seconds"], self.seconds), "memory": max(told["memory"], self.memory)}
        if told["kind"] == "killed" and self.seconds - self.begun >= self.asked["seconds"]:
            # By its own limit, before anybody looked.
            told["kind"] = "timeout"
        if self.language is None:
            return told
        if self.is_refused and told["kind"] == "finished":
            told["kind"] = "compile"
        told["results"] = ""
        before, found, after = told["stdout"].rpartition(f"\n{self.secret}\n")
        if self.language.failed and self.language.failed in told["stderr"] and told["status"] == 0:
            told["status"] = 1
        elif self.secret and found:
            told |= {"stdout": before + after, "results": self.secret}
        return told


def _has_many_files(folder: str) -> bool:
    found = os.statvfs(folder)
    return found.f_files - found.f_ffree > locks.MOST_FILES


class Unprotected(Several):
    """One program with all its processes, and nothing between it and the machine."""

    path = os.environ.get("PATH", os.defpath)


class InBwrap(Several):
    """One program with all its processes in a box that bwrap makes for it."""

    is_sized = True

    def __init__(self, asked: dict[str, Any], folder: str, asker: int, *, bwrap: Bwrap) -> None:
        super().__init__(asked, folder, asker)
        self.bwrap = bwrap

    def look(self) -> None:
        """See also whether it has no more files than it may: an empty one takes nothing of its folder's size."""
        super().look()
        here = Path("/").stat().st_dev
        for member in self.family:
            with contextlib.suppress(OSError):
                root = f"/proc/{member.pid}/root"
                # Of those in its box, not of what made it.
                if Path(root).stat().st_dev != here and any(map(_has_many_files, (f"{root}/tmp", f"{root}/dev/shm"))):
                    self.kind = "files"

    def become(self, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
        """Be bwrap, which runs the program."""
        asked = {**self.asked, **self.given(processes=_PROCESSES), "packages": self.bwrap.packages}
        ends = {asked["private"]: results, asked["steps"]: stdin, 1: stdout, 2: stderr}
        begin_anew({**ends, 3: in_memory(json.dumps(asked).encode()), 4: in_memory(self.bwrap.filter)})
        self.bwrap.start(asked["language"], asked["files"])

    def told(self, status: int, used: Any, wall: float) -> dict[str, Any]:
        """What came of it: bwrap ends with 128 and the number of the signal that ended the program."""
        code = os.waitstatus_to_exitcode(status)
        return super().told(code - 128 if 128 < code <= 128 + signal.NSIG else status, used, wall)


class InSeatbelt(Several):
    """One program with all its processes in macOS' own sandbox."""

    path = f"/opt/homebrew/bin:{Several.path}"

    def __init__(self, asked: dict[str, Any], folder: str, asker: int, *, packages: list[str]) -> None:
        super().__init__(asked, folder, asker)
        self.packages = packages

    def become(self, stdin: int, stdout: int, stderr: int, results: int) -> NoReturn:
        """Be macOS' sandbox, which runs the program."""
        asked = {**self.asked, **self.given(), "packages": self.packages}
        ends = {asked["private"]: results, asked["steps"]: stdin, 1: stdout, 2: stderr}
        begin_anew({**ends, 3: in_memory(json.dumps(asked).encode())})
        seatbelt.start(asked["language"], self.folder, self.packages)


class InContainer(Several):
    """One program with all its processes in this container, as a user of their own."""

    def __init__(self, asked: dict[str, Any], folder: str, asker: int, *, user: int) -> None:
        super().__init__(asked, folder, asker)
        self.user = user
        os.chown(folder, user, user)

    def enter(self) -> NoReturn:
        """Run the program in this process, as another user."""
        given = self.given(processes=_PROCESSES)
        os.setgroups([])
        os.setresgid(self.user, self.user, self.user)
        os.setresuid(self.user, self.user, self.user)
        locks.lock_several()
        inside.enter({**self.asked, **given}, self.folder)

    def sweep(self) -> None:
        """End all processes of the program's user, by one that they may send nothing to."""
        pid = os.fork()
        if not pid:
            os.setresuid(_SWEEPER, self.user, _SWEEPER)
            os.kill(-1, signal.SIGKILL)
            os._exit(0)
        super().sweep()
