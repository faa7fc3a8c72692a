"""What a process is known by, so that another one of this machine can tell whether it still runs."""

import os
import socket
import subprocess
from pathlib import Path

PROC = Path("/proc")
# The place of the state and of the start in /proc/PID/stat, counted from behind the process's name (proc(5)).
_STATE, _START = 0, 19
_ENDED = ("Z", "X")


def this_process() -> str:
    """This process as text: machine, number and start, as numbers are used again."""
    return _called(os.getpid())


def is_alive(process: object) -> bool:
    """Whether the process that called itself so still runs, on this machine.

    Those of another one are not there: SQLite's log of a store is of one machine, and so is all that goes by it.
    """
    parts = process.split() if isinstance(process, str) else []
    return len(parts) == 3 and parts[1].isdecimal() and _called(parts[1]) == process


def _called(number: int | str) -> str:
    return f"{socket.gethostname()} {number} {_started(number)}"


def _started(number: int | str) -> str:
    """When a process began, in whatever the system counts; "" for one that has ended."""
    try:
        if (PROC / "self/stat").exists():
            fields = (PROC / f"{number}/stat").read_text(errors="replace").rpartition(")")[2].split()
            return "" if fields[_STATE] in _ENDED else fields[_START]
        # macOS and the BSDs.
        command = ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(number)]
        state, *start = subprocess.run(command, capture_output=True, check=False, text=True).stdout.split() or [""]
        return "" if state.startswith(_ENDED) else "_".join(start)
    except OSError:
        return ""
