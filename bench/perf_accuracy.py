"""How true a load test's figures are: ours and other clients beside what the bench server really did.

    python bench/perf_accuracy.py [--peers PYTHON] [--evalscope COMMAND] [--cases 32,256,...] [--million]

PYTHON has aiohttp, httpx and openai (and uvloop, which they then use); COMMAND is an installed `evalscope`. Each case
runs with each client in turn, with a server of its own; the truth, in brackets, is what that server recorded of that
very run. "Open" are the streams open at the server on average while the load was full. CPU is that of the client's
whole process, start-up and all; "pytest" is ours as a user has it, `pytest --perf-parallel`, with all that it reports.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from perf_peers import figures, percentile

from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.progress import Progress
from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.figures.figures import figures as load_figures
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server
from pytest_modeleval.perf.verdict.calibrate import requests
from pytest_modeleval.perf.verdict.validity import decide


@dataclass(frozen=True)
class Case:
    """A closed loop."""

    parallel: int
    number: int
    behaviour: Behaviour
    tokens: int = 128


CASES = {
    "32": Case(32, 160, Behaviour()),
    "256": Case(256, 768, Behaviour()),
    "1024": Case(1024, 2048, Behaviour(gap=0.02)),
    "burst": Case(64, 1500, Behaviour(ttft=0.02, gap=0.0)),
    "tokens-in-chunk": Case(8, 32, Behaviour(tokens_per_event=4)),
    "chunks-in-packet": Case(8, 32, Behaviour(events_per_packet=4)),
}


WIDTHS = (10, 19, 19, 16, 18, 15, 8, 7, 7)


def truth(served: list[dict[str, Any]]) -> list[float]:
    """The figures of what the server did; a token's time is without the tokens of the first packet."""
    whole = [one for one in served if len(one["sends"]) > 1]
    ttft = [(one["sends"][0] - one["received"]) / 1e9 for one in whole]
    gaps = [(after - before) / 1e9 for one in whole for before, after in pairwise(one["sends"])]
    tpot = [(one["sends"][-1] - one["sends"][0]) / 1e9 / sum(one["tokens"][1:]) for one in whole]
    return list(cast(list[float], figures(ttft, gaps, tpot)["figures"]))


def open_streams(served: list[dict[str, Any]], parallel: int) -> float:
    """Streams open at the server on average, from the first request until no new one came."""
    begun = min(one["received"] for one in served)
    until = sorted(one["ended"] for one in served)[max(0, len(served) - parallel)]
    shared = sum(max(0, min(one["ended"], until) - one["received"]) for one in served)
    return shared / max(1, until - begun)


def measured(command: list[str]) -> tuple[dict[str, Any], float]:
    """What a client printed, and the CPU seconds of its process."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError((process.stderr.read() if process.stderr else "").strip().rpartition("\n")[2])
    return json.loads(said), usage.ru_utime + usage.ru_stime


def by_evalscope(command: str, server: BenchServer, case: Case) -> tuple[dict[str, Any], float]:
    """What `evalscope perf` says of the same load."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "prompts.txt").write_text("What is measured here is the client. " * 8 + "\n")
        flags = {
            "--url": f"{server.url}/v1/chat/completions",
            "--dataset-path": f"{folder}/prompts.txt",
            "--outputs-dir": folder,
            "--parallel": case.parallel,
            "--number": case.number,
            "--max-tokens": case.tokens,
        }
        options = [
            "perf",
            "--model",
            "bench",
            "--api",
            "openai",
            "--stream",
            "--dataset",
            "line_by_line",
            "--no-test-connection",
        ]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [command, *options, *(str(part) for pair in flags.items() for part in pair)],
            capture_output=True,
            text=True,
            cwd=folder,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = sorted(Path(folder).rglob("benchmark_percentile.json"))
        if not found:
            raise RuntimeError((done.stderr or done.stdout).strip()[-300:])
        rows = {str(row["Percentiles"]): row for row in json.loads(found[0].read_text())}
    names = (("TTFT (ms)", "50%"), ("TTFT (ms)", "99%"), ("ITL (ms)", "50%"), ("ITL (ms)", "99%"), ("TPOT (ms)", "50%"))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"figures": [float(rows[row][name]) for name, row in names], "verdict": ""}, cpu


def by_pytest(server: BenchServer, case: Case) -> tuple[dict[str, Any], float]:
    """What a whole run of load tests says, and its CPU."""
    with tempfile.TemporaryDirectory() as folder:
        alias = f'[models.bench]\nmodel = "bench"\nbase_url = "{server.url}/v1"\n'
        Path(folder, "modeleval.toml").write_text(alias)
        load = ["--perf-parallel", str(case.parallel), "--perf-number", str(case.number), "--perf-extend", "0"]
        asked = ["--perf-prompt", "What is measured here is the client. " * 8, "--perf-output", str(case.tokens)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "pytest", "--model", "bench", *load, *asked, "--perf-out", "out"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 9):
            raise RuntimeError((done.stderr or done.stdout).strip()[-300:])
        (found,) = json.loads(Path(folder, "out", "perf.json").read_text())["loads"]
    names = ("p50_ttft", "p99_ttft", "p50_itl", "p99_itl", "p50_tpot")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict = "; ".join(found["invalid"]) or "valid"
    return {"figures": [1000 * found["figures"][name] for name in names], "verdict": verdict}, cpu


def said_by(client: str, server: BenchServer, case: Case, options: argparse.Namespace) -> tuple[dict[str, Any], float]:
    """What a client says, and the CPU seconds it took."""
    if client == "evalscope":
        return by_evalscope(options.evalscope, server, case)
    if client == "pytest":
        return by_pytest(server, case)
    python = sys.executable if client == "ours" else options.peers
    numbers = [str(case.parallel), str(case.number), str(case.tokens)]
    script = str(Path(__file__).with_name("perf_peers.py"))
    return measured([python, script, client, f"{server.url}/v1", *numbers])


def compare(name: str, case: Case, options: argparse.Namespace) -> None:
    """Print a row for each client."""
    said_to = {key: value for key, value in asdict(case.behaviour).items() if value != getattr(Behaviour(), key)}
    print(f"\n{name}: {case.number} requests of {case.tokens} tokens, {case.parallel} in parallel {said_to or ''}")
    heads = ("", "TTFT p50", "TTFT p99", "ITL p50", "ITL p99", "TPOT", "open", "req/s", "CPU s")
    print("".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    clients = ["ours", "pytest", *(["aiohttp", "httpx", "openai"] if options.peers else [])]
    for client in [*clients, *(["evalscope"] if options.evalscope else [])]:
        with bench_server(case.behaviour) as server:
            try:
                said, cpu = said_by(client, server, case, options)
            except RuntimeError as error:
                print(f"{client:11}failed: {error}")
                continue
            served = server.truth()["served"]
        seconds = (max(one["ended"] for one in served) - min(one["received"] for one in served)) / 1e9
        seen = [f"{value:.2f} ({true:.2f})" for value, true in zip(said["figures"], truth(served), strict=True)]
        did = [f"{open_streams(served, case.parallel):.1f}", f"{len(served) / seconds:.0f}", f"{cpu:.2f}"]
        cells = [client, *seen, *did]
        print("".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)), said["verdict"])


def poisson() -> None:
    """30/s over 240 requests, with the client stopped for 200 ms in the middle."""
    stops: list[float] = []

    def stop(progress: Progress) -> None:
        if progress.elapsed > 3 and not stops:
            stops.append(progress.elapsed)
            time.sleep(0.2)

    print("\nPoisson, 30/s, 240 requests; the client is stopped for 200 ms in the second run")
    for tick in (None, stop):
        with bench_server(Behaviour(ttft=0.05, gap=0.002, tokens=32)) as server:
            target = reach(f"{server.url}/v1/chat/completions")
            load = run_load(target, requests(240, 32), Plan(rate=30, number=240), tick=tick)
            served = {one["user"]: one for one in server.truth()["served"]}
        arrived = sorted(one["received"] for one in served.values())
        gaps = [after - before for before, after in pairwise(arrived)]
        rate, spread = 239e9 / (arrived[-1] - arrived[0]), statistics.stdev(gaps) / statistics.mean(gaps)
        origin = min(served[one.conversation]["received"] - one.sent * 1e9 for one in load.records)
        pairs = [
            ((one.last or 0) - one.scheduled, (served[one.conversation]["sends"][-1] - origin) / 1e9 - one.scheduled)
            for one in load.records
        ]
        print(f"  rate at the server {rate:.2f}/s, coefficient of variation {spread:.2f}, {decide(load)}")
        for percent in (50, 99, 100):
            seen, true = (1000 * percentile(sorted(values), percent) for values in zip(*pairs, strict=True))
            print(f"  latency from the intended time p{percent}: {seen:.2f} ms (true {true:.2f})")
        from_sending = sorted((one.last or 0) - one.sent for one in load.records)
        print(f"  from the sending, which hides a stop, p100: {1000 * from_sending[-1]:.2f} ms")


def held_up(_: Progress) -> None:
    """Hold the client's loop up, twice a second."""
    time.sleep(0.12)


def lagging() -> None:
    """32 in parallel: undisturbed, with the loop held up for 120 ms twice a second, and beside two busy processes."""
    print("\nWhat the client's own lag can have made of each figure: seen [at least, at most] (true); ms")
    for name, tick, siblings in (("undisturbed", None, 0), ("held up", held_up, 0), ("beside two busy", None, 2)):
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(siblings)]
        try:
            with bench_server(Behaviour()) as server:
                target = reach(f"{server.url}/v1/chat/completions")
                load = run_load(target, requests(160, 128), Plan(parallel=32, number=160), tick=tick)
                served = truth(server.truth()["served"])
        finally:
            for process in busy:
                process.kill()
        found = load_figures([load])
        print(f"  {name}: {decide(load)}")
        rows = ("p50", "ttft"), ("p99", "ttft"), ("p50", "itl"), ("p99", "itl"), ("p50", "tpot")
        for (statistic, figure), true in zip(rows, served, strict=True):
            spread = found.spreads[figure]
            least, most = (1000 * bound for bound in spread.bounds(statistic))
            seen = 1000 * spread.statistic(statistic)
            print(f"    {figure} {statistic}: {seen:.2f} [{least:.2f}, {most:.2f}] ({true:.2f})")


def million(number: int) -> None:
    """Memory of a million recorded requests, sent for real."""
    content = json.dumps({"messages": [], "max_tokens": 2, "stream": True}).encode()

    def endless() -> Iterator[LoadRequest]:
        for _ in range(number):
            yield LoadRequest(content)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with bench_server(Behaviour(ttft=0.0, gap=0.0)) as server:
        begun = time.monotonic()
        load = run_load(reach(f"{server.url}/v1/chat/completions"), endless(), Plan(parallel=64, number=number))
        took = time.monotonic() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    failed = sum(map(bool, load.records.texts("error")))
    memory = f"{most:.0f} MB at most ({before:.0f} before)"
    print(f"\n{len(load.records)} requests in {took:.0f} s ({number / took:.0f}/s), {failed} failed: {memory}")


def main() -> None:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", metavar="PYTHON")
    parser.add_argument("--evalscope", metavar="COMMAND")
    parser.add_argument("--cases", default=",".join([*CASES, "poisson", "lagging"]))
    parser.add_argument("--million", type=int, nargs="?", const=1_000_000)
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds, the truth in brackets")
    for name in filter(None, options.cases.split(",")):
        if name in ("poisson", "lagging"):
            {"poisson": poisson, "lagging": lagging}[name]()
        else:
            compare(name, CASES[name], options)
    if options.million:
        million(options.million)


if __name__ == "__main__":
    main()
