"""Are two LaTeX expressions equal? Asked of one warm process, which hostile text may at worst end."""

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_modeleval.sample import SampleError

# math-verify's own limit for one comparison.
CPU_SECONDS = 5
# The process is stuck, or the machine is: its CPU limit ends every computation before.
STALLED = 60


class TooHard(Exception):
    """The process was ended by a pair of expressions that it could not finish."""


@dataclass
class SymbolicProcess:
    """A process that compares expressions, started when it is first needed and again after it ended.

    It is a process because math-verify limits its time with SIGALRM, which works in a main thread only and takes
    pytest-timeout's; because a computation cannot be ended otherwise; and because it has nothing to lose: no
    environment, no files to write, little memory.
    """

    seconds: int = CPU_SECONDS
    stalled: float = STALLED
    _process: "subprocess.Popen[str] | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def same(self, gold: str, answer: str) -> tuple[bool, str]:
        """Whether the expressions are equal, and if not, what was in the way.

        An answer that ends the process is wrong while the gold answer compares well with itself, for the model could
        write such an answer on purpose; else the scorer failed: `SampleError`.
        """
        with self._lock:
            try:
                reply = self._ask(gold, answer)
            except TooHard:
                try:
                    self._ask(gold, gold)
                except TooHard:
                    raise SampleError(
                        f"the target {gold!r} takes over {self.seconds} s to compare with itself"
                    ) from None
                return False, f"not shown equal in {self.seconds} s of computing"
        if reply.get("unread") == "answer":
            return False, "the answer cannot be read as an expression"
        if reply.get("unread") == "gold":
            return False, "the target is compared as text"
        return bool(reply["same"]), ""

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, gold: str, answer: str) -> dict[str, Any]:
        if self._process is None:
            self._process = self._start()
        return self._exchange(json.dumps({"gold": gold, "answer": answer, "seconds": self.seconds}))

    def _start(self) -> "subprocess.Popen[str]":
        if find_spec("math_verify") is None:
            raise SampleError("comparing expressions needs math-verify: pip install 'pytest-modeleval[math]'")
        kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
        # sympy's order of operations follows hashes: the same ones make the same verdict.
        environment = {"PYTHONHASHSEED": "0"} | {name: os.environ[name] for name in kept if name in os.environ}
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-B", str(Path(__file__).with_name("symbolic_worker.py"))],
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
            raise SampleError(f"math-verify does not start: try {sys.executable} -c 'import math_verify'")
        atexit.register(self.close)
        return process

    def _exchange(self, line: str) -> dict[str, Any]:
        process = self._process
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
            raise SampleError(f"comparing two expressions got no answer in {self.stalled:g} s; is the machine busy?")
        raise TooHard


@cache
def the_process() -> SymbolicProcess:
    """This process's one comparing process."""
    return SymbolicProcess()


@lru_cache(maxsize=4096)
def symbolically_same(gold: str, answer: str) -> tuple[bool, str]:
    """Whether two LaTeX expressions are equal, and if not, what was in the way."""
    return the_process().same(gold, answer)
