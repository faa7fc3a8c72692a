"""What Allure's results and JUnit XML cost beside the same run without, how long a report takes, how big it is.

python bench/allure.py [--sizes 1000 14042]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BENCHMARK = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.choices import same_choice

OPTIONS = ["one", "two", "three", "four"]
TEXT = "Which of these is it, and why? " * 12
ROWS = generated(
    lambda subset, index: {{"q": f"{{subset}} {{index}}: {{TEXT}}", "a": "ABC"[index % 3]}}, {{"a": {size}}}
)

@benchmark(ROWS, lambda row: Sample(row["q"], row["a"], options=OPTIONS), tags=["en"])
def test_many(sample: Sample, completion: Completion) -> None:
    assert same_choice(completion, sample.target, OPTIONS)
"""
ANSWER = "It is one of the first two, because of what was said. " * 6
REPORTERS = {
    "none": [],
    "--junitxml": ["--junitxml", "junit.xml"],
    "--eval-allure failures": ["--alluredir", "results", "--eval-allure", "failures"],
    "--eval-allure sample:100 (default)": ["--alluredir", "results"],
    "--eval-allure all": ["--alluredir", "results", "--eval-allure", "all"],
}


def run(folder: Path, *arguments: str) -> float:
    """Seconds of CPU, its children's too, of one run over the answers that are stored already."""
    # Moved, not deleted: after a deletion ext4 took ten times as long for each new file.
    if (folder / "results").exists():
        (folder / "results").rename(folder / f"results-{time.monotonic_ns()}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--model", "replay:answers.jsonl"]
    process = subprocess.Popen([*command, *arguments, "test_many.py"], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) > 1:
        raise SystemExit(f"pytest ended with {status}")
    return usage.ru_utime + usage.ru_stime


def measure(folder: Path, size: int, rounds: int) -> None:
    """Print the ratio of each reporter, by the fastest of some runs in turn; then the report."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_many.py").write_text(BENCHMARK.format(size=size))
    text = "Which of these is it, and why? " * 12
    with (folder / "answers.jsonl").open("w") as file:
        for index in range(size):
            # Two of three are right, as of a middling model on MMLU.
            answer = f"{ANSWER}\nANSWER: {'BBC'[index % 3]}"
            file.write(json.dumps({"prompt": f"a {index}: {text}", "text": answer}) + "\n")
    run(folder)
    best = dict.fromkeys(REPORTERS, float("inf"))
    for _ in range(rounds):
        for name, arguments in REPORTERS.items():
            best[name] = min(best[name], run(folder, *arguments))
    for name, seconds in best.items():
        extra = (seconds - best["none"]) / size * 1e6
        print(f"{size:,} samples, {name}: {seconds / best['none']:.2f}, {extra:+.0f} µs a sample")
    if shutil.which("allure"):
        for name in ("--eval-allure sample:100 (default)", "--eval-allure all"):
            seconds = run(folder, *REPORTERS[name], "--eval-report", "report") - best[name]
            page = folder / "report" / "index.html"
            print(f"{size:,} samples, report of {name}: {seconds:.1f} s, {page.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    """Measure in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 14042])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    os.environ.pop("CI", None)
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name), size, arguments.rounds)


if __name__ == "__main__":
    main()
