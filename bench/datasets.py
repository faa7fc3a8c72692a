"""What data costs: opening a parquet file of 1 GB, and collecting every shipped benchmark over a folder of datasets.

python bench/datasets.py parquet [--megabytes 1000]
python bench/datasets.py collect --data DIR
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OPEN = """
import sys, time
from pathlib import Path
from pytest_modeleval import hub
from pytest_modeleval.datasets import Place

dataset = hub(modelscope="bench", huggingface="bench", by="level" if sys.argv[2] == "by" else None,
              subsets=["0", "1"] if sys.argv[2] == "by" else ())
started = time.perf_counter()
place = Place("bench", Path(sys.argv[1]), Path(sys.argv[1]).parent / "lock.json")
rows = dataset.open(place, list(dataset.subsets), None)
subset = list(dataset.subsets)[-1]
size = rows.count(subset)
opened = time.perf_counter()
rows.row(subset, size // 2)
first = time.perf_counter()
for index in range(1000):
    rows.row(subset, index)
done = time.perf_counter()
print(f"open {opened - started:.3f} s, first sample {first - opened:.3f} s, next 1000 {done - first:.3f} s")
"""
EVERYTHING = """
import sys
from pathlib import Path
import pytest
sys.exit(pytest.main(["--model", "tiny", "--eval-data", sys.argv[1], "--collect-only", "-qq"]))
"""


def child(code: str, *arguments: str, folder: Path) -> tuple[str, str]:
    """What a Python process took and what it said."""
    started = time.perf_counter()
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=folder, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if process.returncode:
        raise SystemExit(f"it ended with {process.returncode}: {said[-2000:]}")
    seconds, cpu = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
    return f"{seconds:.2f} s, {cpu:.2f} s of them CPU, {usage.ru_maxrss / 1024:.0f} MB", said.strip()


def write(path: Path, megabytes: int, rows_a_group: int) -> None:
    """A parquet file of random texts of 10 kB, which do not compress, in groups of so many rows; 1 MB at a time."""
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True)
    schema = pyarrow.schema([("n", pyarrow.int64()), ("level", pyarrow.int64()), ("image", pyarrow.binary())])
    with pyarrow.parquet.ParquetWriter(path, schema, compression="snappy") as writer:
        for start in range(0, megabytes * 100, rows_a_group):
            numbers = range(start, min(start + rows_a_group, megabytes * 100))
            images = [os.urandom(10_000) for _ in numbers]
            columns = {"n": list(numbers), "level": [n % 2 for n in numbers], "image": images}
            writer.write_table(pyarrow.table(columns, schema=schema), row_group_size=rows_a_group)


def parquet(megabytes: int) -> None:
    """Print time and memory of the first and the second opening."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, rows in {"groups of 100 rows": 100, "one group": megabytes * 100}.items():
            data = folder / kind.replace(" ", "-") / "data"
            # In a process of its own: a child's peak memory counts from its parent's at the fork.
            code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from pathlib import Path; "
            code += f"import datasets; datasets.write(Path({str(data / 'test.parquet')!r}), {megabytes}, {rows})"
            child(code, folder=folder)
            for time_ in ("first", "second"):
                took, said = child(OPEN, str(data), "all", folder=folder)
                print(f"{megabytes} MB in {kind}, {time_} time: {said}; process {took}")
        took, said = child(OPEN, str(data), "by", folder=folder)
        print(f"{megabytes} MB in one group, regrouped by a column: {said}; process {took}")
        took, _ = child("import pyarrow.parquet", folder=folder)
        print(f"importing pyarrow alone: {took}")


def collect(data: Path) -> None:
    """Print the time of collecting everything, the first time and when all is ready."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        for time_ in ("first", "second", "third"):
            took, said = child(EVERYTHING, str(data.absolute()), folder=folder)
            samples = sum(int(line.rpartition(": ")[2]) for line in said.splitlines() if ".py: " in line)
            print(f"collecting {samples:,} samples, {time_} time: {took}")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["parquet", "collect"])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--data", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "parquet":
        parquet(arguments.megabytes)
    else:
        collect(arguments.data)


if __name__ == "__main__":
    main()
