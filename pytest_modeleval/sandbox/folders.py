"""Clearing up after programs."""

import os
import shutil
import subprocess
from contextlib import suppress


def remove(folder: str) -> None:
    """Remove a folder with what a program left in it, also folders in folders that are deeper than Python goes."""
    # Most leave nothing.
    with suppress(OSError):
        os.rmdir(folder)  # noqa: PTH106 - a name that is no path yet costs less
        return
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        subprocess.run(["rm", "-rf", "--", folder], check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
