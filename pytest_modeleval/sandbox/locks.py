"""What a process locks itself in with on Linux: Landlock, seccomp, limits, and namespaces where they work.

Read by the server (`server.py`), which has the standard library only. Nothing here can be undone by the process that
called it.
"""

import contextlib
import ctypes
import fcntl
import os
import re
import resource
import stat
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pytest_modeleval.sandbox import syscalls
from pytest_modeleval.sandbox.child import HIGH, write_to

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
_IS_LINUX = sys.platform == "linux"

# <linux/landlock.h>.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
_READING = _EXECUTE | _READ_FILE | _READ_DIR
# Neither links nor devices, which lead out of a folder; a file may move from one folder within to another.
_OWNING = _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
# How many rights on files each version of Landlock knows: with 2 to move files, with 3 to cut them, with 5 devices.
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
# With 4 TCP, with 6 abstract sockets and signals.
_TCP, _SCOPES = 0b11, 0b11

# <linux/sched.h>, <sys/mount.h>.
_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID = 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_SIGCHLD = 17
_BIND, _REC, _PRIVATE = 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38


# Numbers of processes in a program's namespace, of which the first 300 are given once: those of threads are counted
# every 0.05 s, in which a program can make some thousand.
_NUMBERS = 1024
_RELEASE = re.match(r"(\d+)\.(\d+)", os.uname().release)
# Whether a namespace has a highest number of its own.
HAS_OWN_NUMBERS = bool(_RELEASE and tuple(map(int, _RELEASE.groups())) >= (6, 14))
# Files and folders of one program.
MOST_FILES = 4096


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _called(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


@cache
def landlock_version() -> int:
    """The kernel's version of Landlock; OSError where it has none, or it is not switched on."""
    return _called("landlock_create_ruleset", _LIBC.syscall(_CREATE_RULESET, None, 0, 1))


def _readable() -> Iterable[str]:
    """Where Python, its packages and the libraries of both lie."""
    paths = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    libraries = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
    # What libraries look up there: times, letters, kinds of files, and the texts of NLTK.
    texts = ("/usr/share/nltk_data", f"{sys.prefix}/nltk_data")
    shared = ("/usr/share/zoneinfo", "/usr/share/fonts", "/etc/mime.types", *texts)
    return {*paths, *sys.path, f"{sys.base_prefix}/lib", *libraries, *shared, "/dev/null", "/dev/urandom", "/dev/zero"}


@cache
def _rules() -> list[_Beneath]:
    """What may be read, as rules; opened once for all programs of a server."""
    known, rules = _known(), []
    for path in sorted(_readable()):
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            # What is not there is not read.
            continue
        high = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, HIGH)
        os.close(opened)
        rights = _READING if stat.S_ISDIR(os.fstat(high).st_mode) else _READING & _OF_FILES
        rules.append(_Beneath(rights & known, high))
    return rules


@cache
def _known() -> int:
    """The rights on files that the kernel's version knows."""
    return (1 << _RIGHTS.get(landlock_version(), _RIGHTS[max(_RIGHTS)])) - 1


def prepare() -> None:
    """Make once what is the same for all programs; OSError where the kernel has no Landlock."""
    _rules()
    syscalls.instructions()


def make_ruleset(folder: str, files: Iterable[str]) -> int:
    """A Landlock ruleset that lets Python and the files be read, and the folder be worked in.

    Nothing else of files, or of TCP.
    """
    version = landlock_version()
    given = _Ruleset(_known(), _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = _called("landlock_create_ruleset", _LIBC.syscall(_CREATE_RULESET, ctypes.byref(given), size, 0))
    opened = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (folder, *files)}
    own = [_Beneath((_OWNING if path == folder else _READ_FILE) & _known(), at) for path, at in opened.items()]
    for rule in (*_rules(), *own):
        _called("landlock_add_rule", _LIBC.syscall(_ADD_RULE, ruleset, 1, ctypes.byref(rule), 0))
    for at in opened.values():
        os.close(at)
    return ruleset


def limit(
    memory: int, seconds: float | None, file_size: int, *, descriptors: int = 64, processes: int | None = None
) -> None:
    """Bound this process; its time, where it is bounded at all, a second beyond what is measured from outside.

    ``processes`` are those of its user's, with their threads, and bound nothing of root's.
    """
    limits = {
        "AS": memory,
        "CORE": 0,
        "CPU": resource.RLIM_INFINITY if seconds is None else int(seconds) + 2,
        "FSIZE": file_size,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
        "NOFILE": descriptors,
        # Deep recursions in C; less than the room that the kernel leaves below a stack.
        "STACK": 64 << 20,
    }
    if processes is not None:
        limits["NPROC"] = processes
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            # macOS has fewer.
            continue
        _, hard = resource.getrlimit(number)
        if hard != resource.RLIM_INFINITY and (value == resource.RLIM_INFINITY or value > hard):
            value = hard
        resource.setrlimit(number, (value, value))


def lock(ruleset: int) -> None:
    """Leave this process its ruleset's files and the listed calls, for good."""
    _called("prctl", _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _drop_capabilities()
    _called("landlock_restrict_self", _LIBC.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    syscalls.allow_only_listed(_LIBC)


def lock_several() -> None:
    """Refuse this process, and all that it starts, what programs of several processes may not do, for good."""
    _called("prctl", _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _drop_capabilities()
    syscalls.refuse_dangerous(_LIBC)


def adopt_orphans() -> None:
    """Be the parent of all that this process' children leave behind."""
    if _IS_LINUX:
        _called("prctl", _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def make_own_mounts() -> None:
    """Have mounts that nobody else sees, and an empty place for some at /mnt; OSError where that is not allowed."""
    _called("unshare", _LIBC.unshare(_NEWNS))
    _called("mount", _LIBC.mount(b"none", b"/", None, _REC | _PRIVATE, None))
    _called("mount", _LIBC.mount(b"sandbox", b"/mnt", b"tmpfs", _NOSUID | _NODEV, b"size=1m,mode=755"))


def mount_again(path: str, at: str) -> None:
    """Have what lies at a path lie at another one too."""
    _called("mount", _LIBC.mount(path.encode(), at.encode(), None, _BIND | _REC, None))


def _drop_capabilities() -> None:
    """What root may do more than others, and the first process of a namespace."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _called("capset", _LIBC.capset(header, (ctypes.c_uint32 * 6)()))


def die_with(parent: int) -> None:
    """End this process when the one that made it ends, which has this number."""
    if not _IS_LINUX:
        return
    _called("prctl", _LIBC.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0))
    if os.getppid() != parent:
        os._exit(1)


def enter_user_namespace() -> None:
    """Be root of a namespace of one's own, so as to make the others; OSError where the kernel does not let one."""
    user, group = os.getuid(), os.getgid()
    _called("unshare", _LIBC.unshare(_NEWUSER))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"65534 {user} 1")
    Path("/proc/self/gid_map").write_text(f"65534 {group} 1")


def fork_into_namespaces() -> int:
    """As `os.fork`, into namespaces of processes, mounts and messages of its own: their first process.

    When that ends, the kernel ends all that are in it. It is to make its own child by `os.fork`, and only wait: the C
    library does not know that it is another process.
    """
    return _called(
        "clone", _LIBC.syscall(syscalls.number_of("clone"), _NEWNS | _NEWPID | _NEWIPC | _NEWUTS | _SIGCHLD, 0, 0, 0, 0)
    )


def bound_numbers() -> None:
    """Have no more than so many processes and threads in this process' namespace, which it is the first of.

    Before Linux 6.14 the file is the machine's own, which is left alone: what watches a program counts its threads.
    """
    if HAS_OWN_NUMBERS:
        with contextlib.suppress(OSError):
            write_to("/proc/sys/kernel/pid_max", b"%d" % _NUMBERS)


def mount_memory(folder: str, size: int) -> None:
    """Lay an empty file system of so many bytes over the folder, which goes with this process' namespace."""
    options = f"size={size},mode=700,nr_inodes={MOST_FILES}".encode()
    _called("mount", _LIBC.mount(b"sandbox", folder.encode(), b"tmpfs", _NOSUID | _NODEV | _NOEXEC, options))
