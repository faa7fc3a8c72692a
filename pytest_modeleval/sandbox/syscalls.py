"""The calls to Linux that a program in the sandbox may make, by name, and the filter that refuses all others."""

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterator
from functools import cache

MACHINE = platform.machine()
# AUDIT_ARCH_… of <linux/audit.h>.
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Their numbers on x86_64 and aarch64: <asm/unistd_64.h>, <asm-generic/unistd.h>. None: not there.
# fmt: off
CALLS = {
    # Files: where they may lie is Landlock's to say. Neither links nor `truncate` by name, which it knew late.
    "open": (2, None), "openat": (257, 56), "openat2": (437, 437), "creat": (85, None), "read": (0, 63),
    "write": (1, 64), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66),
    "preadv": (295, 69), "pwritev": (296, 70), "sendfile": (40, 71), "copy_file_range": (326, 285),
    "close": (3, 57), "close_range": (436, 436), "lseek": (8, 62), "stat": (4, None), "fstat": (5, 80),
    "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "getdents": (78, None),
    "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
    "unlink": (87, None), "unlinkat": (263, 35), "readlink": (89, None), "readlinkat": (267, 78),
    "umask": (95, 166), "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83), "flock": (73, 32),
    "fadvise64": (221, 223),
    # Descriptors
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59),
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "eventfd": (284, None), "eventfd2": (290, 19), "recvfrom": (45, 207),
    "shutdown": (48, 210), "getsockopt": (55, 209),
    # Memory
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216), "brk": (12, 214),
    "madvise": (28, 233), "mincore": (27, 232), "membarrier": (324, 283),
    # Time
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113), "clock_getres": (229, 114),
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "alarm": (37, None),
    "getitimer": (36, 102), "setitimer": (38, 103), "pause": (34, None),
    # Signals, of its own
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    # Itself, and its threads
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150),
    "getgroups": (115, 158), "getpgrp": (111, None), "getpgid": (121, 155), "getsid": (124, 156),
    "uname": (63, 160), "sysinfo": (99, 179), "getrlimit": (97, 163), "getrusage": (98, 165), "getcpu": (309, 168),
    "getrandom": (318, 278), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "futex": (202, 98), "set_robust_list": (273, 99),
    "set_tid_address": (218, 96), "rseq": (334, 293), "arch_prctl": (158, None), "exit": (60, 93),
    "exit_group": (231, 94),
    # Looked at further: what they are given decides.
    "clone": (56, 220), "clone3": (435, 435), "fcntl": (72, 25), "ioctl": (16, 29), "kill": (62, 129),
    "prctl": (157, 167), "prlimit64": (302, 261), "sendto": (44, 206), "socketpair": (53, 199),
    "tgkill": (234, 131),
    # Said to be done and not done: programs that copy a file set its mode, that go deep their limits.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "setrlimit": (160, 164), "utimensat": (280, 88),
    # Not there, as on a file system without: `shutil` copies a file's own attributes where there are some.
    "getxattr": (191, 8), "lgetxattr": (192, 9), "listxattr": (194, 11), "llistxattr": (195, 12),
}

# What programs of several processes may not call: to look into others, to get at the kernel, to make namespaces and
# mounts, to reach a network.
REFUSED = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "process_madvise": (440, 440), "pidfd_getfd": (438, 438), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "acct": (163, 89), "syslog": (103, 116),
    "socket": (41, 198),
    # Memory that is no process', and that no file system bounds.
    "memfd_create": (319, 279), "memfd_secret": (447, 447),
    # What stays when a program has ended.
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
}
# fmt: on

_ALLOW, _REFUSE, _END = 0x7FFF0000, 0x00050000, 0x80000000
_NOT_PERMITTED = _REFUSE | errno.EPERM
# Calls of the 32-bit kind with 64-bit pointers ("x32") have this bit in their number.
_X32 = 0x40000000
_CLONE_THREAD = 0x00010000
# All of CLONE_NEW… that `clone` takes: <linux/sched.h>.
_CLONE_NEW = 0x7E020000
_PR_SET_NAME, _PR_GET_NAME = 15, 16
# What tells a terminal from a file, and what it makes of a descriptor: <asm/ioctls.h>.
_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX = 0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451
# Duplicates, flags and locks, F_GETPIPE_SZ; not F_SETOWN and F_SETSIG, by which the kernel signals another process.
_FCNTLS = (*range(8), 9, 1030, 1032)


def _load(offset: int) -> bytes:
    return struct.pack("HBBI", 0x20, 0, 0, offset)


def _low(argument: int) -> bytes:
    return _load(16 + 8 * argument)


def _high(argument: int) -> bytes:
    return _load(20 + 8 * argument)


def _equal(value: int, then: int, otherwise: int) -> bytes:
    """Skip so many instructions where the loaded number is the value, and where not."""
    return struct.pack("HBBI", 0x15, then, otherwise, value)


def _has(bits: int, then: int, otherwise: int) -> bytes:
    return struct.pack("HBBI", 0x45, then, otherwise, bits)


def _at_least(value: int, then: int, otherwise: int) -> bytes:
    return struct.pack("HBBI", 0x35, then, otherwise, value)


def _masked(bits: int) -> bytes:
    return struct.pack("HBBI", 0x54, 0, 0, bits)


def _return(action: int) -> bytes:
    return struct.pack("HBBI", 0x06, 0, 0, action)


def _one_of(argument: int, values: tuple[int, ...], otherwise: int = _NOT_PERMITTED) -> list[bytes]:
    tests = [_equal(value, len(values) - at, 0) for at, value in enumerate(values)]
    return [_low(argument), *tests, _return(otherwise), _return(_ALLOW)]


def _is_null(argument: int, otherwise: int) -> list[bytes]:
    tests = [_low(argument), _equal(0, 0, 2), _high(argument), _equal(0, 1, 0)]
    return [*tests, _return(otherwise), _return(_ALLOW)]


def _looked_at(pid: int) -> dict[str, list[bytes]]:
    """What decides of calls by what they are given: each ends in a return."""
    return {
        # A thread, and no process.
        "clone": [_low(0), _has(_CLONE_THREAD, 1, 0), _return(_NOT_PERMITTED), _return(_ALLOW)],
        # What it is given lies in memory, which a filter cannot read: the C library then takes `clone`.
        "clone3": [_return(_REFUSE | errno.ENOSYS)],
        "fcntl": _one_of(1, _FCNTLS, _REFUSE | errno.EINVAL),
        "ioctl": _one_of(1, (_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX), _REFUSE | errno.ENOTTY),
        "kill": _one_of(0, (pid,)),
        "tgkill": _one_of(0, (pid,)),
        "prctl": _one_of(0, (_PR_SET_NAME, _PR_GET_NAME)),
        # Limits may be read; one that is set is not, and the program goes on.
        "prlimit64": _is_null(2, _REFUSE),
        # To the other end alone, which is of the same process: asyncio wakes itself so.
        "sendto": _is_null(4, _NOT_PERMITTED),
        "socketpair": [
            *(_low(0), _equal(socket.AF_UNIX, 0, 3), _low(1), _masked(0xF), _equal(socket.SOCK_STREAM, 1, 0)),
            *(_return(_NOT_PERMITTED), _return(_ALLOW)),
        ],
        **{name: [_return(_REFUSE)] for name in ("chmod", "fchmod", "fchmodat", "setrlimit", "utimensat")},
        **{name: [_return(_REFUSE | errno.ENOTSUP)] for name in CALLS if name.endswith("xattr")},
    }


_BEGINNING = (
    *(_load(4), _equal(MACHINES.get(MACHINE, 0), 1, 0), _return(_END)),
    *(_load(0), _at_least(_X32, 0, 1), _return(_REFUSE | errno.ENOSYS)),
)


def refusing() -> bytes:
    """The filter that refuses what is `REFUSED`, and new namespaces, as bwrap takes it; OSError on other machines."""
    if MACHINE not in MACHINES:
        raise OSError(f"no filter of calls is known for {MACHINE}")
    at = list(MACHINES).index(MACHINE)
    clone, clone3 = (CALLS[name][at] or 0 for name in ("clone", "clone3"))
    # Of what lies in memory a filter knows nothing: the C library then takes `clone`.
    given = {clone3: [_return(_REFUSE | errno.ENOSYS)]}
    given[clone] = [_low(0), _has(_CLONE_NEW, 0, 1), _return(_NOT_PERMITTED), _return(_ALLOW)]
    given |= {numbers[at]: [_return(_NOT_PERMITTED)] for numbers in REFUSED.values()}
    decided = (each for number, decides in given.items() for each in (_equal(number, 0, len(decides)), *decides))
    return b"".join([*_BEGINNING, *decided, _return(_ALLOW)])


# Stands for the number of the process that is to be locked in, in the filter that is made before there is one.
_ITS_NUMBER = 0x7FFFFFFE


@cache
def instructions() -> bytes:
    """The filter, where the process' number is still to be put in."""
    return b"".join(_made())


def _made() -> Iterator[bytes]:
    at = list(MACHINES).index(MACHINE)
    yield from _BEGINNING
    looked_at = _looked_at(_ITS_NUMBER)
    for name, numbers in CALLS.items():
        number = numbers[at]
        if number is not None:
            decides = looked_at.get(name, [_return(_ALLOW)])
            yield from (_equal(number, 0, len(decides)), *decides)
    yield _return(_NOT_PERMITTED)


class _Filter(ctypes.Structure):
    """``struct sock_fprog`` of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def allow_only_listed(libc: ctypes.CDLL) -> None:
    """Refuse this process all calls but those of `CALLS`, for good; OSError where the kernel has no seccomp."""
    _filter(libc, instructions().replace(struct.pack("I", _ITS_NUMBER), struct.pack("I", os.getpid())))


def refuse_dangerous(libc: ctypes.CDLL) -> None:
    """Refuse this process, and all that it starts, what is `REFUSED`; OSError where the kernel has no seccomp."""
    _filter(libc, refusing())


def _filter(libc: ctypes.CDLL, code: bytes) -> None:
    given = _Filter(len(code) // len(_return(0)), code)
    pr_set_seccomp, seccomp_mode_filter = 22, 2
    if libc.prctl(pr_set_seccomp, seccomp_mode_filter, ctypes.byref(given), 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")


def number_of(name: str) -> int:
    """A call's number on this machine."""
    number = CALLS[name][list(MACHINES).index(MACHINE)]
    assert number is not None
    return number
