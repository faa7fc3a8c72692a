"""Where the CPU time of a run goes: by library, in the thread of pytest and in that of the requests.

    python bench/where.py

1,319 questions of `asking.py`, new ones and then the same from the store. A profile costs time itself, most where
calls are many and short: read the shares, and `asking.py` for seconds.
"""

import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from asking import ALIAS, BENCHMARK, DELAY, IN_FLIGHT, PORT, SAMPLES

# pytest's own thread is profiled by `-m cProfile`, the other one by this.
CONFTEST = """
import cProfile, time
from pytest_modeleval.asking.engine import Engine

run = Engine._run

def profiled(self):
    profile = cProfile.Profile(time.thread_time)
    try:
        profile.runcall(run, self)
    finally:
        profile.dump_stats("requests.prof")

Engine._run = profiled
"""
SHOWN = 12


def main() -> None:
    """Print a table a thread and run."""
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("server.py")), "--delay", str(DELAY), "--port", str(PORT)]
    )
    try:
        time.sleep(1)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file, text in (("modeleval.toml", ALIAS), ("test_many.py", BENCHMARK), ("conftest.py", CONFTEST)):
                (folder / file).write_text(text)
            for answers in ("new", "stored"):
                command = ["-m", "cProfile", "-o", "pytest.prof", "-m", "pytest", "-q", "--model", "bench"]
                subprocess.run(
                    [sys.executable, *command, "--eval-concurrency", str(IN_FLIGHT), "test_many.py"],
                    cwd=folder,
                    env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
                    stdout=subprocess.DEVNULL,
                    check=True,
                )
                for thread in ("pytest", "requests"):
                    print(f"\n{answers} answers, the thread of {thread}")
                    show(folder / f"{thread}.prof")
    finally:
        server.terminate()
        server.wait()


def show(path: Path) -> None:
    """The libraries that took most, in milliseconds a sample and calls a sample."""
    seconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for (file, _, name), (_, count, own, _, _) in pstats.Stats(str(path)).stats.items():  # type: ignore[attr-defined]
        if name in ("<method 'poll' of 'select.epoll' objects>", "<built-in method time.sleep>", "acquire"):
            continue
        whose = library(file)
        seconds[whose] += own
        calls[whose] += count
    for whose, own in seconds.most_common(SHOWN):
        print(f"{own / SAMPLES * 1000:7.3f} ms  {calls[whose] / SAMPLES:7.1f} calls  {whose}")


def library(file: str) -> str:
    """Whose code a file is: a package's, a room's of this one, the standard library's module."""
    parts = Path(file).parts
    if "pytest_modeleval" in parts:
        return ".".join(parts[parts.index("pytest_modeleval") :][:2])
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return "built-in functions" if file == "~" else f"python: {Path(file).stem if len(parts) > 1 else file}"


if __name__ == "__main__":
    main()
