"""How bwrap is called: a program in namespaces of its own, with what is installed to read and a sized folder to write.

Read by the server alone.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from pytest_modeleval.sandbox import locks, syscalls
from pytest_modeleval.sandbox.languages import roots_of

# The user that programs of root's run as: limits do not hold root.
_NOBODY = 65534
# Of /etc, which has secrets too: what programs and their interpreters look up.
_ETC = ("alternatives", "ld.so.*", "localtime", "java*", "R", "php", "mono", "ldc2.conf", "racket", "ldc2")
_OWN = "/run/modeleval"
_FOLDER = "/tmp/program"
_SHARED_MEMORY = 16 << 20
_HARDENED = (
    "--unshare-user --unshare-all --disable-userns --cap-drop ALL --new-session --die-with-parent --clearenv "
    f"--uid {_NOBODY} --gid {_NOBODY} --hostname sandbox"
).split()


class Bwrap:
    """bwrap, with the box that all programs of a server have in common."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = packages
        self.path = shutil.which("bwrap") or ""
        if not self.path:
            raise OSError("bwrap is not there: install bubblewrap")
        self.is_root = os.getuid() == 0
        self._reachable: dict[str, str] = {}
        if self.is_root:
            # Where another user can reach what lies in folders of root's.
            locks.make_own_mounts()
        self.filter = syscalls.refusing()
        self._common = list(self._installed())
        self.path = self._at(self.path)

    def _at(self, path: str) -> str:
        """Where a path can be reached by the user that bwrap runs as."""
        if not self.is_root or path.startswith(("/usr/", "/bin/", "/etc/", "/lib")):
            return path
        if path not in self._reachable:
            at = f"/mnt/{len(self._reachable)}"
            Path(at).mkdir() if Path(path).is_dir() else Path(at).touch()
            locks.mount_again(path, at)
            self._reachable[path] = at
        return self._reachable[path]

    def _bound(self, paths: Iterable[str]) -> Iterator[str]:
        for path in paths:
            if Path(path).exists():
                yield from ("--ro-bind", self._at(path), path)

    def _installed(self) -> Iterator[str]:
        yield from self._bound(["/usr"])
        for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
            if Path(name).is_symlink():
                yield from ("--symlink", str(Path(name).readlink()), name)
            else:
                yield from self._bound([name])
        yield from self._bound(str(path) for pattern in _ETC for path in sorted(Path("/etc").glob(pattern)))
        python = [] if sys.base_prefix == "/usr" else [sys.base_prefix]
        yield from self._bound([*python, *self.packages])
        here = str(Path(__file__).parent)
        yield from ("--ro-bind", self._at(here), f"{_OWN}/pytest_modeleval/sandbox")

    def prepare(self, language: str) -> None:
        """Make what a language needs reachable, before a child of this process asks for it."""
        for root in roots_of(language):
            self._at(root)

    def start(self, language: str, size: int) -> NoReturn:
        """Be bwrap, and the program in it that descriptor 3 tells; its filter of calls is descriptor 4."""
        python = os.path.realpath(sys.executable)
        arguments = [
            *("bwrap", *_HARDENED, *self._common, *self._bound(roots_of(language))),
            *("--setenv", "PYTHONHASHSEED", "0", "--proc", "/proc", "--dev", "/dev"),
            *("--size", str(_SHARED_MEMORY), "--tmpfs", "/dev/shm", "--size", str(size), "--tmpfs", "/tmp"),
            *("--dir", _FOLDER, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", _FOLDER, "--seccomp", "4"),
            *(python, "-I", "-S", "-B", "-X", "utf8", f"{_OWN}/pytest_modeleval/sandbox/inside.py", _FOLDER),
        ]
        if self.is_root:
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        # With no environment: what lies in a box can read that of its first process.
        os.execve(self.path, arguments, {})
