"""How macOS' own sandbox is called: ``sandbox-exec``, by a profile that is written here. Untested.

It bounds neither memory nor processes, and Apple calls it deprecated: weaker than the other kinds. Read by the server
alone.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from pytest_modeleval.sandbox.languages import roots_of

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/System",
    "/Library",
    "/opt",
    "/private/var/db/timezone",
    "/dev",
    "/private/etc/ssl",
)


def _profile(folder: str, readable: Sequence[str]) -> str:
    read = " ".join(f'(subpath "{path}")' for path in (*_SYSTEM, *readable, folder))
    return f"""(version 1)
(deny default)
(allow process-fork)
(allow process-exec {read})
(allow sysctl-read)
(allow file-read-metadata)
(allow file-read* {read})
(allow file-write* (subpath "{folder}") (literal "/dev/null"))
(allow signal (target same-sandbox))
(deny network*)
"""


def start(language: str, folder: str, packages: Sequence[str]) -> NoReturn:
    """Be macOS' sandbox, and the program in it that descriptor 3 tells."""
    folder = os.path.realpath(folder)
    own = Path(__file__)
    readable = [sys.base_prefix, *packages, str(own.parents[1]), *roots_of(language)]
    profile = _profile(folder, [os.path.realpath(path) for path in readable])
    command = [
        os.path.realpath(sys.executable),
        "-I",
        "-S",
        "-B",
        "-X",
        "utf8",
        str(own.with_name("inside.py")),
        folder,
    ]
    os.execv("/usr/bin/sandbox-exec", ["sandbox-exec", "-p", profile, *command])
