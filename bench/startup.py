"""What the installed, unused plugin adds to a pytest start: runs with and without it in turns.

python bench/startup.py [--runs 20]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def start(folder: Path, *arguments: str) -> float:
    """Seconds of one pytest run over one empty test."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started


def main() -> None:
    """Print the median of the differences, pair by pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_it.py").write_text("def test_it(): pass\n")
        start(folder), start(folder, "-p", "no:modeleval")
        pairs = [(start(folder), start(folder, "-p", "no:modeleval")) for _ in range(runs)]
    added = statistics.median(with_it - without for with_it, without in pairs)
    bare = statistics.median(without for _, without in pairs)
    print(f"bare start {bare * 1000:.0f} ms, added {added * 1000:.0f} ms, ratio {1 + added / bare:.3f}")


if __name__ == "__main__":
    main()
