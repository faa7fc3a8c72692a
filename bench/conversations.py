"""What conversations with tools cost: 200 of five turns, answers of 50 ms and tools of 100 ms, 64 requests in flight.

    python bench/conversations.py [--runs 3]

Prints the time from the first request to the last answer as a ratio to the ideal: a schedule of the same turns in which
nothing takes time but answers and tools, no tool holds a request back, and who waits longest is asked first. So it is
for tools that are async, and for plain functions, which run in threads. Beside it the CPU time a request; and of one
conversation of 200 turns the CPU time a turn, and the bytes of its messages in the store, against those of 50 turns.
"""

import argparse
import heapq
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from asking import run

CONVERSATIONS, TURNS, ANSWER, TOOL, IN_FLIGHT = 200, 5, 0.05, 0.1, 64
PORT = 8770
BENCHMARK = """
import asyncio
import time
from pytest_modeleval import AgentLimits, Model, Sample, benchmark, generated, react, tool

ROWS = generated(lambda subset, index: {"n": index}, {"main": COUNT})

@tool
async def look_async(turn: int) -> str:
    await asyncio.sleep(SECONDS)
    return f"seen in turn {turn} " * 10

@tool
def look(turn: int) -> str:
    time.sleep(SECONDS)
    return f"seen in turn {turn} " * 10

@benchmark(ROWS, lambda row: Sample(f"TURNS turns, of {row['n']}: " + "go on " * 20, "done"))
async def test_talks(sample: Sample, model: Model) -> None:
    talk = await react(sample, model, [look_async, look], limits=AgentLimits(turns=TURNS))
    assert (talk.answer.text, talk.turns) == ("done", TURNS)
"""


def ideal() -> float:
    """Seconds of the best schedule without any cost of its own."""
    # Whose answer, or whose tool, is next to end; and who waits for a slot, in the order of asking.
    events = [(0.0, number, "ask", TURNS) for number in range(CONVERSATIONS)]
    heapq.heapify(events)
    waiting: list[tuple[int, int]] = []
    free, now = IN_FLIGHT, 0.0
    while events:
        now, number, what, left = heapq.heappop(events)
        if what == "ask":
            waiting.append((number, left))
        else:
            free += 1
            if left > 1:
                heapq.heappush(events, (now + TOOL, number, "ask", left - 1))
        while free and waiting and not (events and events[0][0] == now):
            number, left = waiting.pop(0)
            free -= 1
            heapq.heappush(events, (now + ANSWER, number, "answer", left))
    return now


def talked(folder: Path) -> tuple[float, int]:
    """Seconds from the first request to the last answer that was stored, and the bytes of all messages."""
    with sqlite3.connect(folder / ".modeleval/store.sqlite") as store:
        first, last = store.execute("select min(created), max(created) from completions").fetchone()
        (size,) = store.execute("select sum(length(messages) + length(before) + length(hash)) from messages").fetchone()
    return float(last) - float(first) + ANSWER, int(size or 0)


def measured(folder: Path, count: int, turns: int, seconds: float, tool: str, delay: float) -> tuple[float, float, int]:
    """Seconds of the requests, CPU seconds of the process, and bytes of messages."""
    shutil.rmtree(folder / ".modeleval", ignore_errors=True)
    text = BENCHMARK.replace("COUNT", str(count)).replace("SECONDS", str(seconds)).replace("TURNS", str(turns))
    (folder / "test_talks.py").write_text(text)
    script = [sys.executable, str(Path(__file__).with_name("server.py")), "--port", str(PORT), "--delay", str(delay)]
    server = subprocess.Popen([*script, "--tool", tool])
    try:
        time.sleep(1)
        command = ["-m", "pytest", "-q", "--model", "bench", "--eval-concurrency", str(IN_FLIGHT), "test_talks.py"]
        _, cpu = run(folder, *command)
    finally:
        server.terminate()
        server.wait()
    return (talked(folder)[0], cpu, talked(folder)[1])


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs, best = parser.parse_args().runs, ideal()
    print(f"ideal {best:.2f} s")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        alias = f'[models.bench]\nbase_url = "http://127.0.0.1:{PORT}/v1"\nmodel = "bench"\n'
        (folder / "modeleval.toml").write_text(alias)
        idle = median([measured(folder, 1, 1, 0, "look_async", 0)[1] for _ in range(runs)])
        for tool, kind in (("look_async", "async tools"), ("look", "tools in threads")):
            found = [measured(folder, CONVERSATIONS, TURNS, TOOL, tool, ANSWER) for _ in range(runs)]
            took, cpu = median([each[0] for each in found]), median([each[1] for each in found])
            each = (cpu - idle) / CONVERSATIONS / TURNS * 1000
            print(f"{kind}: {took:.2f} s, {took / best:.2f} x the ideal; CPU {each:.2f} ms a request")
        sizes = {}
        for turns in (50, 200):
            found = [measured(folder, 1, turns, 0, "look_async", 0) for _ in range(runs)]
            cpu, sizes[turns] = median([each[1] for each in found]) - idle, found[0][2]
            print(f"{turns} turns: CPU {cpu / turns * 1000:.2f} ms a turn, {sizes[turns] / turns:,.0f} bytes a turn")
        print(json.dumps({"bytes of 200 turns against 50": round(sizes[200] / sizes[50], 2)}))


if __name__ == "__main__":
    main()
