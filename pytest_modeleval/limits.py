"""What this process may use of the machine, and which of it is used up when something fails."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

# Handles that are left for everything but requests: the run store, the data's files, pytest's own, name look-ups.
_SPARE = 32
# Bytes of a disk that are as good as none.
_LITTLE = 1 << 20


def free_handles() -> int:
    """How many more connections may be open at once; raises the soft limit (``ulimit -Sn``) as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # More than 65,536 are of no use here, and some systems refuse what they call unlimited.
        soft = max(soft, 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(0, soft - _open_handles() - _SPARE)


def _open_handles() -> int:
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 - of a few names, at every run's start
    except OSError:
        return _SPARE


def used_up(folder: Path | None = None) -> str:
    """What may be the reason that something could not be made, in brackets; empty where nothing shows.

    With a folder, also what keeps files from being written into it.
    """
    reasons = [] if folder is None else list(_of_disk(folder))
    memory = resource.getrlimit(resource.RLIMIT_AS)[0]
    if memory != resource.RLIM_INFINITY:
        reasons.append(f"{memory:,} bytes of memory may be used (ulimit -v)")
    return f" ({'; '.join(reasons)})" if reasons else ""


def _of_disk(folder: Path) -> Iterator[str]:
    while not folder.exists():
        folder = folder.parent
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield f"{folder} is on a read-only disk"
    elif not os.access(folder, os.W_OK):
        yield f"{folder} may not be written to"
    if (free := shutil.disk_usage(folder).free) < _LITTLE:
        yield f"its disk has {free:,} bytes left"
    size = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if size != resource.RLIM_INFINITY:
        yield f"a file may have {size:,} bytes (ulimit -f)"
