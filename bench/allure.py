"""What Allure's results and JUnit XML cost beside the same run without; a report's time, size, and how it opens.

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
    "allure = failures": ["--alluredir", "results", "--eval-set", "run.allure=failures"],
    "allure = sample:100 (default)": ["--alluredir", "results"],
    "allure = all": ["--alluredir", "results", "--eval-set", "run.allure=all"],
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
        for name in ("allure = sample:100 (default)", "allure = all"):
            seconds = run(folder, *REPORTERS[name], "--eval-report", "report") - best[name]
            page = folder / "report" / "index.html"
            print(f"{size:,} samples, report of {name}: {seconds:.1f} s, {page.stat().st_size / 1e6:.1f} MB")
            if shutil.which("chromium"):
                first, suite, sample = opened(page)
                print(f"  first screen {first:.1f} s, a suite opened {suite:.1f} s, a sample {sample:.1f} s")


def opened(report: Path) -> tuple[float, float, float]:
    """Seconds until Chromium shows a report and answers, has opened the first suite, and a sample of it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(600_000)
        started = time.monotonic()
        page.goto(report.as_uri(), wait_until="commit")
        titles, leaves = page.get_by_test_id("tree-section-title"), page.get_by_test_id("tree-leaf")
        titles.first.wait_for()
        # Behind all that the page does of itself.
        idle = "new Promise((done) => requestIdleCallback(done))"
        page.evaluate(idle)
        times = [time.monotonic()]
        for suite in ("replay:answers.jsonl", "many", "a 1–1,000"):
            if not leaves.count():
                titles.get_by_text(suite, exact=True).click()
        page.evaluate(idle)
        leaves.first.wait_for()
        times.append(time.monotonic())
        leaves.first.click()
        page.get_by_text("conversation").first.wait_for()
        times.append(time.monotonic())
        browser.close()
    return times[0] - started, times[1] - times[0], times[2] - times[1]


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
