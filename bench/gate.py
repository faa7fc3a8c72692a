"""How often a gate is right, and what it costs: simulated comparisons, and a gate over 100,000 samples.

    python bench/gate.py [--runs 2000] [--size 100000]

Each line is so many pairs of runs of 1,319 samples, GSM8K's number, with a given share that differs and a given drop.
False alarms may be at most 5 %.
"""

import argparse
import hashlib
import random
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pytest_modeleval.gate.baseline import Baseline, Part, write_baseline
from pytest_modeleval.gate.gate import Gate
from pytest_modeleval.gate.ledger import Outcome
from pytest_modeleval.gate.stopping import Stopper
from pytest_modeleval.gate.verdict import Result, Verdict, decided
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import RIGHT, WRONG, Record
from pytest_modeleval.statistics.paired import bonett_price, detectable_drop, mcnemar_drop

SEED, N, ALPHA = 20260101, 1319, 0.05
NAMES = [str(number) for number in range(N)]


@dataclass(frozen=True)
class Case:
    """Pairs of runs of which a share differs, with a drop, compared with a margin."""

    what: str
    discordance: float
    drop: float
    margin: float


CASES = (
    Case("itself", 0.034, 0.0, 0.02),
    Case("itself", 0.1, 0.0, 0.02),
    Case("itself", 0.034, 0.0, 0.01),
    Case("itself", 0.1, 0.0, 0.01),
    Case("worse", 0.1, 0.05, 0.01),
    Case("worse", 0.1, 0.05, 0.02),
    Case("worse", 0.1, 0.03, 0.01),
)


def differences(case: Case, random_: random.Random) -> list[float]:
    """One pair of runs: -1 for a regression, 1 for a fix."""
    regressed, differing = (case.discordance + case.drop) / 2, case.discordance
    draws = (random_.random() for _ in range(N))
    return [-1.0 if u < regressed else 1.0 if u < differing else 0.0 for u in draws]


def fixed(pairs: list[float], margin: float) -> Result:
    """The verdict over all samples, as `gate.verdict.compared` comes to it."""
    b, c = pairs.count(-1.0), pairs.count(1.0)
    change = bonett_price(b, c, N, confidence=1 - 2 * ALPHA)
    seen = detectable_drop(N, (b + c) / N, alpha=ALPHA)
    p_value = mcnemar_drop(b, c)
    verdict = Verdict("", Result.PASSED, N, change.mean, change.low, change.high, p_value, margin, seen, b, c)
    return decided(verdict, ALPHA).result


def early(pairs: list[float], margin: float) -> tuple[Result, int]:
    """The verdict with an early stop, and after how many samples."""
    stopper = Stopper(NAMES, margin)
    for name, pair in zip(NAMES, pairs, strict=True):
        if stopper.add(name, pair):
            break
    return stopper.now.result, stopper.now.seen


def simulate(runs: int) -> None:
    """Print a line a case: how often each verdict is reached, and after how many samples."""
    print(f"{runs:,} simulated comparisons each, {N:,} samples, seed {SEED}\n")
    print("                                 all samples          early stop")
    print("model   differ  drop    margin   failed   passed      failed   passed   samples (of the passed, failed)")
    for number, case in enumerate(CASES):
        random_ = random.Random(SEED + number)
        whole, stopped = dict.fromkeys(Result, 0), dict.fromkeys(Result, 0)
        samples = dict.fromkeys(Result, 0)
        for _ in range(runs):
            pairs = differences(case, random_)
            whole[fixed(pairs, case.margin)] += 1
            result, seen = early(pairs, case.margin)
            stopped[result] += 1
            samples[result] += seen
        mean = {result: samples[result] / stopped[result] if stopped[result] else 0 for result in Result}
        shares = [each[result] / runs for each in (whole, stopped) for result in (Result.FAILED, Result.PASSED)]
        print(
            f"{case.what:7} {case.discordance:6.1%} {case.drop * 100:3.0f} pp  {case.margin * 100:4.0f} pp   "
            f"{shares[0]:7.2%}  {shares[1]:7.2%}     {shares[2]:7.2%}  {shares[3]:7.2%}   "
            f"{sum(samples.values()) / runs:5.0f} ({mean[Result.PASSED]:.0f}, {mean[Result.FAILED]:.0f})"
        )


def options(baseline: Path) -> Options:
    """The options of a run with a baseline and nothing else."""
    return Options(baseline=baseline, model=("m",))


def cost(size: int) -> None:
    """Print what a gate over so many samples takes, step by step."""
    random_ = random.Random(SEED)
    sample = hashlib.sha256(b"").hexdigest()[:12]
    before = {f"main-{n:05}": Outcome(sample, float(random_.random() < 0.8), 1, 0.0) for n in range(size)}
    records = [
        Record("m", "b", "main", "", n, 0, outcome, [("main", float(outcome == RIGHT), 1.0)], sample=sample)
        for n, outcome in enumerate(RIGHT if random_.random() < 0.8 else WRONG for _ in before)
    ]
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "baseline.json"
        write_baseline(path, Baseline("m", {"b": Part({}, before)}))
        clock = [time.perf_counter()]
        gate = Gate(options(path), ["m"])
        clock.append(time.perf_counter())
        for record in records:
            gate.ledger.add(record)
        clock.append(time.perf_counter())
        (verdict,) = gate.decide({}).verdicts
        clock.append(time.perf_counter())
        gate.save(path)
        clock.append(time.perf_counter())
    assert verdict.n == size
    read, count, decide, write = (after - before for before, after in pairwise(clock))
    print(
        f"\na gate over {size:,} samples: read the baseline {read:.2f} s, count {count:.2f} s, decide {decide:.2f} s, "
        f"write a new baseline {write:.2f} s, together {read + count + decide + write:.2f} s"
    )


def main() -> None:
    """Print the table and the cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--size", type=int, default=100_000)
    arguments = parser.parse_args()
    simulate(arguments.runs)
    cost(arguments.size)


if __name__ == "__main__":
    main()
