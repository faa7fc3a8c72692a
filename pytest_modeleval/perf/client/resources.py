"""What the process is given for a load: rest from the garbage collector, and enough open files."""

import gc
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Files that a run opens beside its connections: the store, its reports, modules that are imported late.
_OTHER_FILES = 32


@contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage collection: a full one stops the loop for 172 ms at a million objects."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def allow_files(connections: int) -> None:
    """Let this process have so many connections open; `pytest.UsageError` where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + len(list(Path("/dev/fd").iterdir())) + _OTHER_FILES
    if soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise pytest.UsageError(
                f"{connections} connections need {needed} open files, and {hard} are allowed: see ulimit -n"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def refuse_unwritable(where: str, folder: Path) -> None:
    """`pytest.UsageError` for a folder in which nothing can be written; it is made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        raise pytest.UsageError(f"{where} {folder} cannot be written: {error.strerror or error}") from None
