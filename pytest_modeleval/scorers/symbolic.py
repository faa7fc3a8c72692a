"""Are two LaTeX expressions equal? Asked of one warm process, which hostile text may at worst end."""

from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from importlib.util import find_spec
from typing import Any

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.warm import TooHard, WarmProcess

# math-verify's own limit for one comparison.
CPU_SECONDS = 5


@dataclass
class SymbolicProcess:
    """A process that compares expressions.

    It is a process because math-verify limits its time with SIGALRM, which works in a main thread only and takes
    pytest-timeout's; because a computation cannot be ended otherwise; and because it has nothing to lose: no
    environment, no files to write, little memory.
    """

    seconds: int = CPU_SECONDS
    warm: WarmProcess = field(
        default_factory=partial(WarmProcess, "symbolic_worker.py", "comparing two expressions", "math-verify")
    )

    def same(self, gold: str, answer: str) -> tuple[bool, str]:
        """Whether the expressions are equal, and if not, what was in the way.

        An answer that ends the process is wrong while the gold answer compares well with itself, for the model could
        write such an answer on purpose; else the scorer failed: `SampleError`.
        """
        try:
            reply = self._ask(gold, answer)
        except TooHard:
            try:
                self._ask(gold, gold)
            except TooHard:
                raise SampleError(f"the target {gold!r} takes over {self.seconds} s to compare with itself") from None
            return False, f"not shown equal in {self.seconds} s of computing"
        if reply.get("unread") == "answer":
            return False, "the answer cannot be read as an expression"
        if reply.get("unread") == "gold":
            return False, "the target is compared as text"
        return bool(reply["same"]), ""

    def close(self) -> None:
        """End the process."""
        self.warm.close()

    def _ask(self, gold: str, answer: str) -> dict[str, Any]:
        if self.warm.process is None and find_spec("math_verify") is None:
            raise SampleError("comparing expressions needs math-verify: pip install 'pytest-modeleval[math]'")
        return self.warm.ask({"gold": gold, "answer": answer, "seconds": self.seconds})


@cache
def the_process() -> SymbolicProcess:
    """This process's one comparing process."""
    return SymbolicProcess()


@lru_cache(maxsize=4096)
def symbolically_same(gold: str, answer: str) -> tuple[bool, str]:
    """Whether two LaTeX expressions are equal, and if not, what was in the way."""
    return the_process().same(gold, answer)
