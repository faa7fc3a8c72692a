"""A process that is asked one JSON line after another, and that hostile input may at worst end."""

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_modeleval.sample import SampleError

# The process is stuck, or the machine is: its CPU limit ends every computation before.
STALLED = 60


class TooHard(Exception):
    """The process was ended by what it was asked, as that took too long."""


@dataclass
class WarmProcess:
    """A process that runs a script of this folder, started when it is first needed and again after it ended.

    It has no environment, and limits itself: its CPU by the ``seconds`` in what it is asked. ``does`` and ``needs``
    name, in errors, what it is there for and the library that it imports.
    """

    script: str
    does: str
    needs: str
    stalled: float = STALLED
    process: "subprocess.Popen[str] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, asked: Any) -> dict[str, Any]:
        """What it says; `TooHard` where that ended it, `SampleError` where it says nothing in time."""
        with self._lock:
            if self.process is None:
                self.process = self._start()
            return self._exchange(json.dumps(asked))

    def close(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _start(self) -> "subprocess.Popen[str]":
        kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
        # Sets in it, as sympy's, are in the same order each time.
        environment = {"PYTHONHASHSEED": "0"} | {name: os.environ[name] for name in kept if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-B", str(Path(__file__).with_name(self.script))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
            encoding="ascii",
            start_new_session=True,
        )
        assert process.stdout
        if not process.stdout.readline():
            process.communicate()
            module = self.needs.replace("-", "_")
            raise SampleError(f"{self.needs} does not start: try {sys.executable} -c 'import {module}'")
        atexit.register(self.close)
        return process

    def _exchange(self, line: str) -> dict[str, Any]:
        process = self.process
        assert process is not None
        assert process.stdin
        assert process.stdout
        stalled = threading.Timer(self.stalled, process.kill)
        stalled.start()
        try:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            reply = process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        finally:
            running = stalled.is_alive()
            stalled.cancel()
        if reply:
            return json.loads(reply)  # type: ignore[no-any-return]
        self.close()
        if not running:
            raise SampleError(f"{self.does} got no answer in {self.stalled:g} s; is the machine busy?")
        raise TooHard
