"""How fast programs run in the sandbox of the kind `process`, and whether anything is left.

    python bench/sandbox.py [--data ../shared/data] [--hostile 20]

Prints programs a second with and without namespaces, how long a server takes to start, the time of HumanEval's 164
gold programs (with the data), that of 12,000 tests of a standard input of 2 kB, and what is left of processes, files
and sockets after the hostile programs of the data were run so many times. Beside each rate the CPU time a program, of
all processes: on a machine that does other things the rate is lower and this is not.
"""

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Outcome, Program
from pytest_modeleval.sandbox.servers import folder_of_cores

TRIVIAL = [Program(f"print({number})") for number in range(1000)]
# Reads all numbers of its input and adds them up.
SUMS = "import sys\nprint(sum(map(int, sys.stdin.read().split())))"


def used() -> float:
    """Seconds of CPU of this process and of its children that have ended, in all."""
    return sum(
        each.ru_utime + each.ru_stime
        for each in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


async def timed(programs: Sequence[Program], *, namespaces: bool) -> tuple[list[Outcome], float, float]:
    """What came of the programs, the seconds that it took beyond the servers' start, and those of CPU."""
    before, sandbox = used(), ProcessSandbox(namespaces=namespaces)
    await asyncio.gather(*(sandbox.run(Program("pass")) for _ in range(2)))
    started = time.perf_counter()
    outcomes = await asyncio.gather(*map(sandbox.run, programs))
    seconds = time.perf_counter() - started
    await sandbox.close()
    return outcomes, seconds, used() - before


async def start() -> float:
    """Seconds from nothing to the end of the first program."""
    sandbox, started = ProcessSandbox(cores=1), time.perf_counter()
    await sandbox.run(Program("pass"))
    seconds = time.perf_counter() - started
    await sandbox.close()
    return seconds


def humaneval(data: Path) -> list[Program]:
    """The gold programs of HumanEval with their tests."""
    path = data / "humaneval" / "openai_humaneval" / "test.jsonl"
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [
        Program(
            row["prompt"] + row["canonical_solution"],
            tests=f"{row['test']}\ncheck({row['entry_point']})",
            function=row["entry_point"],
        )
        for row in rows
    ]


def left() -> str:
    """What is left of servers: processes by their command, and folders."""
    own = str(folder_of_cores()).encode()
    processes = [path for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists() and own in path.read_bytes()]
    folders = [path for path in folder_of_cores().iterdir() if not path.name.startswith("core-")]
    return f"{len(processes)} processes and {len(folders)} folders are left"


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--hostile", type=int, default=20)
    options = parser.parse_args()
    print(f"start: {min([await start() for _ in range(3)]):.2f} s, the best of 3")
    for namespaces in (False, True):
        outcomes, seconds, cpu = await timed(TRIVIAL, namespaces=namespaces)
        assert all(outcome.ended_well for outcome in outcomes)
        kind = "with namespaces" if namespaces else "without namespaces"
        rate, each = len(outcomes) / seconds, 1000 * cpu / len(outcomes)
        print(f"trivial programs {kind}: {rate:.0f} a second, {each:.1f} ms CPU each")
    if (options.data / "humaneval").is_dir():
        outcomes, seconds, cpu = await timed(humaneval(options.data), namespaces=True)
        right = sum(outcome.passed for outcome in outcomes)
        print(f"HumanEval: {right} of {len(outcomes)} pass, {seconds:.2f} s, CPU {cpu:.2f} s")
    numbers = " ".join(map(str, range(500)))
    outcomes, seconds, cpu = await timed([Program(SUMS, numbers)] * 12_000, namespaces=True)
    assert all(outcome.stdout == "124750\n" for outcome in outcomes)
    print(f"12,000 tests by standard input: {seconds:.0f} s, CPU {cpu:.0f} s")
    hostile = [path.read_text().replace("PORT", "9") for path in sorted((options.data / "hostile").glob("*.py"))]
    if hostile:
        little = Limits(seconds=0.2, wall=3)
        programs = [Program(code, limits=little) for code in hostile] * options.hostile
        for namespaces in (False, True):
            outcomes, seconds, _ = await timed(programs, namespaces=namespaces)
            print(f"{len(outcomes)} hostile programs in {seconds:.0f} s: {left()}")


if __name__ == "__main__":
    asyncio.run(main())
