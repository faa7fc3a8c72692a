"""Which tests' gates are decided, told to every process of a run through a small file."""

import json
import time
from pathlib import Path

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.store.alive import is_alive, this_process

# Seconds between two looks at the file.
_PAUSE = 0.1


def sweep(folder: Path) -> None:
    """Remove the files of runs whose process is gone: one that was killed left its own behind."""
    for path in folder.glob("decided-*.json"):
        try:
            teller = json.loads(path.read_text("utf-8"))["teller"]
        except (OSError, ValueError, KeyError, TypeError):
            teller = None
        if not is_alive(teller):
            path.unlink(missing_ok=True)


class Decided:
    """The reasons why no more is asked, by test. One process tells, the others look."""

    def __init__(self, folder: Path, run: str) -> None:
        self._path = folder / f"decided-{run}.json"
        self._reasons: dict[str, str] = {}
        self._looked = 0.0

    def tell(self, test: str, reason: str) -> None:
        """Tell all processes that a test's gate is decided."""
        self._reasons[test] = reason
        write_whole(self._path, json.dumps({"teller": this_process(), "reasons": self._reasons}))

    def look(self) -> bool:
        """Read what was told, at most every tenth of a second; whether it is news."""
        now = time.monotonic()
        if now - self._looked < _PAUSE:
            return False
        self._looked = now
        try:
            told: dict[str, str] = json.loads(self._path.read_text("utf-8"))["reasons"]
        except FileNotFoundError:
            return False
        news, self._reasons = told != self._reasons, told
        return news

    def reason(self, test: str) -> str | None:
        """Why no more of the test is asked; None while it goes on."""
        return self._reasons.get(test)

    def forget(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)
