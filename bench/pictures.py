"""What pictures cost: 1,000 samples with one of 200 kB each, to a server that answers each after 50 ms, 64 in flight.

    python bench/pictures.py [--runs 3]

Prints the time from the first request to the last as a ratio to the ideal (1000 / 64 rounds of 50 ms), the CPU time a
sample, the peak of memory of 250 and of 1,000 samples, and the size of the store against that of the pictures.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from asking import run_measured
from PIL import Image

SAMPLES, FEWER, DELAY, IN_FLIGHT = 1000, 250, 0.05, 64
SIDE = 258
PORT = 8772
BENCHMARK = """
from pathlib import Path
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

HERE = Path(__file__).parent
ROWS = generated(lambda subset, index: {"image": (HERE / f"{index}.png").read_bytes()}, {"main": COUNT})

@benchmark(ROWS, lambda row: Sample("How many red cars are in this picture?", "42", pictures=[row["image"]]))
def test_pictures(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""
ALIAS = f'[models.bench]\nbase_url = "http://127.0.0.1:{PORT}/v1"\nmodel = "bench"\n'


def drawn(folder: Path) -> int:
    """Draw pictures of noise, which nothing makes smaller; the bytes that all of them have."""
    for number in range(SAMPLES):
        noise = random.Random(number).randbytes(3 * SIDE * SIDE)
        Image.frombytes("RGB", (SIDE, SIDE), noise).save(folder / f"{number}.png", compress_level=0)
    return sum((folder / f"{number}.png").stat().st_size for number in range(SAMPLES))


def measured(folder: Path, count: int) -> tuple[float, float, float, int]:
    """Seconds of the requests, CPU seconds and peak MB of the process, and bytes of the store."""
    shutil.rmtree(folder / ".modeleval", ignore_errors=True)
    (folder / "test_pictures.py").write_text(BENCHMARK.replace("COUNT", str(count)))
    command = ["-m", "pytest", "-q", "--model", "bench", "--eval-write", "out.json", "test_pictures.py"]
    _, cpu, peak = run_measured(folder, *command, "--eval-concurrency", str(IN_FLIGHT))
    seconds = json.loads((folder / "out.json").read_text())["rows"][0]["seconds"]
    return seconds, cpu, peak, sum(path.stat().st_size for path in (folder / ".modeleval").glob("store.sqlite*"))


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs, ideal = parser.parse_args().runs, SAMPLES / IN_FLIGHT * DELAY
    script = [sys.executable, str(Path(__file__).with_name("server.py")), "--port", str(PORT), "--delay", str(DELAY)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "modeleval.toml").write_text(ALIAS)
        size = drawn(folder)
        server = subprocess.Popen(script)
        try:
            time.sleep(1)
            found = {count: [measured(folder, count) for _ in range(runs)] for count in (FEWER, SAMPLES)}
        finally:
            server.terminate()
            server.wait()
    seconds, cpu, peak, store = map(statistics.median, zip(*found[SAMPLES], strict=True))
    fewer = statistics.median(each[2] for each in found[FEWER])
    print(f"ideal {ideal:.2f} s; request phase {seconds:.2f} s, {seconds / ideal:.2f} x the ideal")
    print(f"CPU {cpu / SAMPLES * 1000:.2f} ms a sample")
    print(f"peak memory {fewer:.0f} MB of {FEWER} samples, {peak:.0f} MB of {SAMPLES}")
    print(f"store {store / 1e6:.1f} MB, {store / size:.3f} x the {size / 1e6:.1f} MB of the pictures")


if __name__ == "__main__":
    main()
