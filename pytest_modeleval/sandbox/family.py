"""The processes that come from one: what they use together, and their end. On Linux; elsewhere none are seen."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Member:
    """A process: who made it, its seconds of CPU with those of the children that it has waited for, its bytes."""

    pid: int
    parent: int
    seconds: float
    memory: int
    # It has ended, or was stopped.
    stands_still: bool


def _member(pid: str) -> Member | None:
    try:
        # After the name, which may have anything in it.
        fields = Path("/proc", pid, "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in b"ZX":
        return Member(int(pid), int(fields[1]), 0.0, 0, stands_still=True)
    seconds, memory = sum(map(int, fields[11:15])) * _TICK, int(fields[21]) * _PAGE
    return Member(int(pid), int(fields[1]), seconds, memory, stands_still=fields[0] in b"Tt")


def family_of(first: int) -> list[Member]:
    """The process of that number and all that come from it, parents before their children."""
    numbers = [path.name for path in Path("/proc").glob("[0-9]*")]
    found = [member for number in numbers if (member := _member(number)) is not None]
    children: dict[int, list[Member]] = {}
    for member in found:
        children.setdefault(member.parent, []).append(member)
    family = [member for member in found if member.pid == first]
    for member in family:
        family += children.get(member.pid, [])
    return family


def tell(first: int, number: int) -> list[Member]:
    """Send a signal to a process and to all that come from it, as they were then."""
    family = family_of(first)
    for member in family:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member.pid, number)
    return family


def end_children() -> None:
    """End all that come from this process, and wait until they are gone; it is to have adopted orphans before."""
    while True:
        for member in family_of(os.getpid())[1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
        try:
            # One that another makes meanwhile is a child of this process once its parent is gone.
            os.waitpid(-1, 0)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
