"""What many samples cost: collecting 100,000, and evaluating 100,000 recorded answers of 2 kB.

python bench/scale.py collect
python bench/scale.py memory
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARK = """
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {{"q": f"{{subset}} {{index}}"}}, dict.fromkeys("abcdefghij", {size} // 10))

@benchmark(ROWS, lambda row: Sample(row["q"], "x"), tags=["en"])
def test_many(sample: Sample, completion: Completion) -> None:
    assert completion.text
"""
PLAIN = """
import pytest

@pytest.mark.parametrize("sample", range({size}))
def test_many(sample):
    assert sample >= 0
"""


def run(folder: Path, source: str, *arguments: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one pytest run over a file with this source."""
    (folder / "test_many.py").write_text(source)
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, "test_many.py"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"pytest ended with {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def main() -> None:
    """Print seconds and memory, beside a plain parametrized test of the same size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["collect", "memory"])
    parser.add_argument("--size", type=int, default=100_000)
    arguments = parser.parse_args()
    size = arguments.size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        # Written line by line: a child's peak memory counts from its parent's at the fork.
        with (folder / "answers.jsonl").open("w") as file:
            for subset in "abcdefghij" if arguments.what == "memory" else "":
                for index in range(size // 10):
                    asked = f"{subset} {index}"
                    file.write(json.dumps({"prompt": asked, "text": f"{asked} " + "x" * 2000}) + "\n")
        more = ["--collect-only", "-q"] if arguments.what == "collect" else []
        plain = run(folder, PLAIN.format(size=size), *more)
        if arguments.what == "memory":
            # A replay holds all answers itself; a server's answers are the store's. So: fill the store, then read it.
            run(folder, BENCHMARK.format(size=size), "--model", "replay:answers.jsonl")
            more = ["--eval-cache", "only"]
        ours = run(folder, BENCHMARK.format(size=size), "--model", "replay:answers.jsonl", *more)
    print(
        f"{arguments.what} {size:,}: {ours[0]:.2f} s, {ours[1]:.0f} MB; "
        f"plain pytest {plain[0]:.2f} s, {plain[1]:.0f} MB; ratios {ours[0] / plain[0]:.2f}, {ours[1] / plain[1]:.2f}"
    )


if __name__ == "__main__":
    main()
