"""What a process with processes of its own does once it is in its box: run a program of any language. Never returns.

bwrap and the like start this file as a script, with what is asked on descriptor 3; a server's child calls `enter`.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
from pytest_modeleval.sandbox import driver, locks
from pytest_modeleval.sandbox.child import enter_folder
from pytest_modeleval.sandbox.driver import BEGUN
from pytest_modeleval.sandbox.languages import COMPILE_SECONDS, LANGUAGES, source_of

if __name__ == "__main__":
    del sys.path[0]

# Written to results where a program does not compile, and once it does.
FAILED, COMPILED = b"!", b"compiled\n"
_SHOWN = 1 << 16


def enter(asked: dict[str, Any], folder: str) -> NoReturn:
    """Run the program that is asked for, in the folder, within its limits."""
    private, steps, language = asked.pop("private"), asked.pop("steps"), LANGUAGES.get(asked["language"])
    for end in {private, steps} - {0}:
        os.set_inheritable(end, False)
    os.environ.clear()
    os.environ.update(asked.pop("environment"))
    enter_folder(folder, asked.pop("beside"))
    seconds = asked["seconds"] * max(1, len(asked["calls"]))
    if language is not None:
        seconds = max(seconds, COMPILE_SECONDS)
    locks.limit(asked["memory"], None if steps else seconds, asked["files"], **asked.pop("more"))
    if language is None:
        driver.run(asked, private, steps)
    text = source_of(asked["language"], asked["code"], asked["tests"], asked["secret"])
    Path(language.file).write_text(text, "utf-8", "replace", "")
    for command in language.compile:
        _compile(command, private)
    if language.compile:
        os.write(private, COMPILED)
    _start(language.run, private)


def _compile(command: Sequence[str], private: int) -> None:
    """Run a command whose words are only shown where it fails, which ends this process."""
    with Path(".compile").open("w+b") as told:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, check=False).returncode
        except OSError as error:
            _leave(f"{command[0]}: {error}")
        if status:
            told.seek(0)
            os.write(private, FAILED)
            _leave(told.read(_SHOWN).decode("utf-8", "replace"))
    with contextlib.suppress(OSError):
        Path(".compile").unlink()


def _start(command: Sequence[str], private: int) -> NoReturn:
    path = command[0] if "/" in command[0] else shutil.which(command[0]) or command[0]
    if not os.access(path, os.X_OK):
        _leave(f"{command[0]} is not there")
    # Which closes it.
    os.write(private, BEGUN)
    os.execv(path, [*command])


def _leave(why: str) -> NoReturn:
    with contextlib.suppress(OSError):
        os.write(2, why.encode("utf-8", "replace"))
    os._exit(1)


def main() -> None:
    """Run what is asked for on descriptor 3, in the folder that its one argument names."""
    with open(3, "rb") as file:
        asked = json.load(file)
    sys.path.extend(asked.pop("packages"))
    folder = sys.argv[1]
    sys.argv = ["program.py"]
    enter(asked, folder)


if __name__ == "__main__":
    main()
