"""What the process is given for a load: rest from the garbage collector, and enough open files."""

import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


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
    """Let this process have so many connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + 256
    if soft < needed:
        if hard not in (-1, resource.RLIM_INFINITY) and hard < needed:
            raise pytest.UsageError(
                f"{connections} connections need {needed} open files, and {hard} are allowed: see ulimit -n"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
