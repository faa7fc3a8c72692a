"""What the client costs: 1,319 questions to a loopback server that answers each after 50 ms, 64 in flight.

    python bench/asking.py [--runs 3]

Prints, as ratios to the ideal (1319 / 64 rounds of 50 ms), the time of the request phase and of the whole process, and
the CPU time a sample; beside them a plain pytest run of as many empty parametrized tests, and `import openai`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES, DELAY, IN_FLIGHT = 1319, 0.05, 64
IDEAL = SAMPLES / IN_FLIGHT * DELAY
PORT = 8766
BENCHMARK = f"""
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {{"q": "What is 6 * 7? " * 20 + str(index)}}, {{"main": {SAMPLES}}})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_many(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""
PLAIN = f"""
import pytest

@pytest.fixture
def sample(request): return request.param

@pytest.fixture
def completion(sample): return sample

@pytest.mark.parametrize("sample", range({SAMPLES}), indirect=True)
def test_many(sample, completion):
    assert completion >= 0
"""
ALIAS = f'[models.bench]\nbase_url = "http://127.0.0.1:{PORT}/v1"\nmodel = "bench"\n'


def run(folder: Path, *command: str) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a command."""
    return run_measured(folder, *command)[:2]


def run_measured(folder: Path, *command: str) -> tuple[float, float, float]:
    """Wall-clock and CPU seconds of a command, and the MB of memory that it took at most."""
    # With its compiled modules kept, as where nothing is set: without them each run compiles 170 of ours.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {status}: {said[-2000:]}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("server.py")), "--delay", str(DELAY), "--port", str(PORT)]
    )
    phases, walls, cpus, plains, imports = [], [], [], [], []
    try:
        time.sleep(1)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "pytest.ini").write_text("[pytest]\n")
            (folder / "modeleval.toml").write_text(ALIAS)
            (folder / "test_many.py").write_text(BENCHMARK)
            (folder / "test_plain.py").write_text(PLAIN)
            pytest = ["-m", "pytest", "-q"]
            ours = [*pytest, "--model", "bench", "--eval-write", "out.json", "test_many.py"]
            for _ in range(runs):
                (folder / ".modeleval/store.sqlite").unlink(missing_ok=True)
                wall, cpu = run(folder, *ours, "--eval-concurrency", str(IN_FLIGHT))
                phases.append(json.loads((folder / "out.json").read_text())["rows"][0]["seconds"])
                walls.append(wall)
                cpus.append(cpu)
                plains.append(run(folder, *pytest, "test_plain.py")[1])
                imports.append(run(folder, "-c", "import openai")[1])
    finally:
        server.terminate()
        server.wait()
    phase, wall, cpu, plain, imported = map(statistics.median, (phases, walls, cpus, plains, imports))
    print(f"ideal {IDEAL:.2f} s")
    print(f"request phase {phase:.2f} s, {phase / IDEAL:.2f} x the ideal")
    print(f"whole process {wall:.2f} s, {wall - IDEAL:.2f} s more than the ideal")
    ours, plains_, openais = (seconds / SAMPLES * 1000 for seconds in (cpu, plain, imported))
    print(f"CPU {ours:.2f} ms a sample, {ours / plains_:.2f} x plain pytest's {plains_:.2f} ms")
    print(f"of it import openai {openais:.2f} ms a sample")


if __name__ == "__main__":
    main()
