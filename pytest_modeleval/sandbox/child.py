"""How a process begins that is to be a program: with its descriptors, and in its folder."""

import contextlib
import fcntl
import itertools
import os
import signal
import tempfile
from pathlib import Path

# Descriptors from here on are in nobody's way.
HIGH = 300


def in_memory(content: bytes) -> int:
    """A descriptor to read this from."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("given", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as named:
            file = os.dup(named.fileno())
    with open(file, "wb", closefd=False) as opened:
        opened.write(content)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def handle_of(pid: int) -> int:
    """A descriptor that can be read when the child has ended."""
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    # macOS: any child's end writes a byte; it may have ended before this.
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(write)
    if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
        os.write(write, b"x")
    return read


def write_to(path: str, content: bytes) -> None:
    """Write to a file of the kernel's; by `Path` it takes a new process five times as long."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, content)
    finally:
        os.close(file)


def number_of(handle: int) -> int:
    """The number under which /proc has a process, whatever namespace this one is in; 0 where nothing tells."""
    with contextlib.suppress(OSError):
        file = os.open(f"/proc/self/fdinfo/{handle}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _, found, told = os.read(file, 1024).partition(b"\nPid:")
        finally:
            os.close(file)
        return int(told.split()[0]) if found else 0
    return 0


def begin_anew(ends: dict[int, int]) -> None:
    """Be the first of a group of processes, with these descriptors, by the numbers they get, and no others but 0."""
    os.setsid()
    with contextlib.suppress(OSError):
        # Where the machine is out of memory a program ends, whoever has most of it.
        write_to("/proc/self/oom_score_adj", b"1000")
    # Out of the way of each other first.
    away = {at: fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for at, end in ends.items()}
    for at, end in away.items():
        os.dup2(end, at)
    for before, after in itertools.pairwise([*sorted({0, *ends}), 1024]):
        os.closerange(before + 1, after)
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def enter_folder(folder: str, beside: dict[str, str]) -> None:
    """Work in the folder, which has files beside the program."""
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    tempfile.tempdir = folder
    for name, text in beside.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, "utf-8", "replace", "")
