"""What a judge adds: the questions of asking.py, each answer judged by a loopback judge of 50 ms, 64 in flight.

    python bench/judging.py [--runs 3]

Prints, as ratios to the ideal of both rounds one after the other (2 x 1319 / 64 rounds of 50 ms), the time from the
first question to the last verdict: answers and verdicts overlap, so that it may be below 1. Beside it the CPU time a
sample, of a run that asks no judge, and of the same run again, which asks nobody.
"""

import argparse
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from asking import DELAY, IDEAL, IN_FLIGHT, SAMPLES, run

PORT, JUDGE_PORT = 8768, 8769
VERDICT = '{"reason": "as it is", "verdict": "CORRECT"}'
ROWS = f"""
from pytest_modeleval import Completion, Judge, Labels, Rubric, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {{"q": "What is 6 * 7? " * 20 + str(index)}}, {{"main": {SAMPLES}}})
GRADE = Rubric(
    "Is the answer right?\\nQuestion: {{question}}\\nReference: {{reference}}\\nAnswer: {{answer}}",
    Labels({{"CORRECT": 1.0, "INCORRECT": 0.0}}),
)

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
"""
JUDGED = f"""{ROWS}async def test_many(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await judge.grade(GRADE, completion, question=sample.asked, reference=sample.target)
"""
RULED = f"""{ROWS}async def test_many(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""
ALIASES = "".join(
    f'[models.{name}]\nbase_url = "http://127.0.0.1:{port}/v1"\nmodel = "bench"\n'
    for name, port in (("bench", PORT), ("strict", JUDGE_PORT))
)


def phase(folder: Path) -> float:
    """Seconds from the first question to the last answer or verdict that was stored."""
    with sqlite3.connect(folder / ".modeleval/store.sqlite") as store:
        first, last = store.execute("select min(created), max(created) from completions").fetchone()
    return float(last) - float(first) + DELAY


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    server = [sys.executable, str(Path(__file__).with_name("server.py")), "--delay", str(DELAY)]
    servers = [
        subprocess.Popen([*server, "--port", str(PORT)]),
        subprocess.Popen([*server, "--port", str(JUDGE_PORT), "--text", VERDICT]),
    ]
    phases, cpus, ruled, again = [], [], [], []
    try:
        time.sleep(1)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "pytest.ini").write_text("[pytest]\n")
            (folder / "modeleval.toml").write_text(ALIASES)
            (folder / "test_many.py").write_text(JUDGED)
            (folder / "test_ruled.py").write_text(RULED)
            plain = ["-m", "pytest", "-q", "--model", "bench", "--eval-concurrency", str(IN_FLIGHT)]
            judged = [*plain, "--model", "judge=strict", "test_many.py"]
            for _ in range(runs):
                shutil.rmtree(folder / ".modeleval", ignore_errors=True)
                cpus.append(run(folder, *judged)[1])
                phases.append(phase(folder))
                again.append(run(folder, *judged)[1])
                shutil.rmtree(folder / ".modeleval")
                ruled.append(run(folder, *plain, "test_ruled.py")[1])
    finally:
        for each in servers:
            each.terminate()
            each.wait()
    took, ideal = statistics.median(phases), 2 * IDEAL
    print(f"ideal of both rounds {ideal:.2f} s")
    print(f"request phase {took:.2f} s, {took / ideal:.2f} x the ideal")
    ours, without, stored = (statistics.median(each) / SAMPLES * 1000 for each in (cpus, ruled, again))
    print(f"CPU {ours:.2f} ms a sample, {without:.2f} without a judge, {stored:.2f} where all is stored")


if __name__ == "__main__":
    main()
