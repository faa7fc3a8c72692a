"""How many small faults the tests notice: draws some of the package, puts each into a copy of the tree, runs its tests.

    python bench/mutants.py --map [--processes 2]       # once: which tests run which line (the whole suite, traced)
    python bench/mutants.py [--number 150] [--seed 1]   # prints what survived, and the share that was caught
    python bench/mutants.py --only gate statistics/means.py   # of these folders and files alone

The tests that run the changed line are tried until one fails: those that run least else, those that run most of its
file, and one of every file of tests. One that does not end is a fault caught. What was tried is kept in `--work`: the
same command again goes on. A seed draws the same faults when other places change. Those of `unnoticeable.txt`, beside
this file, are not tried and not counted.
"""

import argparse
import importlib
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from multiprocessing import get_context
from pathlib import Path

import pytest
from coverage import CoverageData
from mutations import Fault, faults

ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_modeleval"
UNNOTICEABLE = Path(__file__).with_name("unnoticeable.txt")
# What runs in a process that is killed or serves many tests: its own tests.
TESTED_BY = {
    "scorers/symbolic_worker.py": ["tests/scorers/test_symbolic.py", "tests/scorers/test_maths.py"],
    "perf/server/attended.py": ["tests/perf/test_serving.py"],
    **{
        f"perf/server/{name}.py": ["tests/perf/test_server.py", "tests/perf/test_load.py"]
        for name in ("answer", "serve")
    },
}
# Has what a test starts traced too, under the test's name.
TRACED = (
    "[run]\nparallel = true\nsource = pytest_modeleval\ndata_file = {}/.coverage\ncontext = ${{PYTEST_CURRENT_TEST-}}"
)
# Seconds for one test, and how many are tried before a fault counts as survived.
PATIENCE, MOST = 60, 600
# What the tests import and no fault is put into: imported once, a short run takes 1 s of CPU instead of 6.
LIBRARIES = (
    *("huggingface_hub.hf_api", "hypothesis.internal.conjecture.engine", "jsonschema", "modelscope_hub", "openai"),
    *("pyarrow.parquet", "torch", "transformers.models.auto.modeling_auto"),
)
Process = get_context("fork").Process


def drawn(found: list[Fault], number: int, seed: int) -> list[Fault]:
    """So many of the faults, at most one a line."""
    found = sorted(found, key=lambda fault: random.Random(f"{seed} {fault.name}").random())
    return list({(fault.file, fault.line): fault for fault in found}.values())[:number]


def unnoticeable(found: list[Fault]) -> set[str]:
    """The places listed as such; those that are none of the package's today are told."""
    listed = [line for line in UNNOTICEABLE.read_text("utf-8").splitlines() if line and line[0] not in "# "]
    for place in {*listed} - {fault.name for fault in found}:
        print(f"{UNNOTICEABLE.name} lists what is not there any more: {place}")
    return set(listed)


def copied(folder: Path) -> Path:
    """A new copy of the tree, with the shared data beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", ".*_cache", "__pycache__", ".tox", ".hypothesis", "build", ".modeleval")
    shutil.copytree(ROOT, folder / "tree", ignore=ignored, symlinks=True)
    # Else the benchmarks that come with the package would be the installed checkout's, and the copy's beside them.
    (folder / "tree" / PACKAGE / "benchmarks").symlink_to("../benchmarks")
    if (shared := ROOT.parent / "shared").exists():
        (folder / "shared").symlink_to(shared.resolve())
    return folder / "tree"


def run(tree: Path, *arguments: str, seconds: float | None = None) -> int:
    """The exit status of pytest in a copy, in a child of this process, which has imported the libraries already.

    2, as after Ctrl-C, when it takes longer than ``seconds``. What it started ends with it.
    """
    child = os.fork()
    if not child:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        # Instead of this folder, in which a library's name may stand.
        sys.path[0] = str(tree)
        sys.dont_write_bytecode = True
        for descriptor in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
        os._exit(int(pytest.main(["-q", *arguments])))
    until = time.monotonic() + seconds if seconds else float("inf")
    try:
        while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if time.monotonic() > until:
                return 2
            time.sleep(0.02)
    finally:
        # Also what a fault kept from ending, and when this process is told to end.
        os.killpg(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status)


def make_map(work: Path, arguments: list[str], processes: int) -> None:
    """Trace the suite: every line of the package with the tests that run it."""
    if processes > 1:
        arguments = [*(arguments or ["tests"]), "-n", str(processes), "--dist", "loadfile"]
    tree = copied(work / "map")
    (tree / ".coveragerc").write_text(TRACED.format(tree), "utf-8")
    (tree / "sitecustomize.py").write_text("import coverage; coverage.process_startup()", "utf-8")
    os.environ["COVERAGE_PROCESS_START"] = str(tree / ".coveragerc")
    status = run(tree, f"--cov={PACKAGE}", "--cov-context=test", "--cov-report=", *(arguments or ["tests"]))
    # 1: a test failed.
    if status not in (0, 1):
        raise SystemExit(f"the tests did not run to their end: pytest gave {status}")
    failed = [path for path in (work / "failed.json", tree / ".pytest_cache/v/cache/lastfailed") if path.exists()]
    names = {name: True for path in failed for name in json.loads(path.read_text("utf-8"))}
    (work / "failed.json").write_text(json.dumps(names), "utf-8")
    data, new = CoverageData(str(work / "coverage")), CoverageData(str(tree / ".coverage"))
    data.read()
    new.read()
    data.update(new, map_path=lambda path: path.removeprefix(f"{tree}/"))
    data.write()


def one_of_each(tests: Iterable[str]) -> list[str]:
    """The tests in another order: the first of every file, then the second of every file."""
    place: Counter[str] = Counter()
    turns = []
    for test in tests:
        file = test.partition("::")[0]
        turns.append((place[file], test))
        place[file] += 1
    return [test for _, test in sorted(turns, key=lambda turn: turn[0])]


class Tests:
    """Which tests to try for a fault."""

    def __init__(self, work: Path) -> None:
        data = CoverageData(str(work / "coverage"))
        data.read()
        self._lines: dict[str, dict[int, list[str]]] = {}
        self._weight: Counter[str] = Counter()
        self._in_file: dict[str, Counter[str]] = {}
        # Those that fail without a fault.
        self._failed = json.loads((work / "failed.json").read_text("utf-8"))
        for file in data.measured_files():
            self._lines[file] = data.contexts_by_lineno(file)
            self._in_file[file] = Counter(test for tests in self._lines[file].values() for test in tests)
            self._weight.update(self._in_file[file])

    def of(self, fault: Fault) -> list[str]:
        """The tests that run the line: in turns the narrowest, those that run most of its file, and one of each file.

        A line that every run goes through, such as a condition that only a gate meets, has thousands.

        Where it runs at import: the files of tests that import the module, and the tests that run anything of it.
        """
        if fault.file in TESTED_BY:
            return TESTED_BY[fault.file]
        file = f"{PACKAGE}/{fault.file}"
        lines = self._lines.get(file, {})
        tests, importing = set(lines.get(fault.line, ())), []
        if "" in tests or not tests:
            tests = {test for each in lines.values() for test in each}
            module = ".".join((PACKAGE, *Path(fault.file).with_suffix("").parts))
            files = sorted((ROOT / "tests").rglob("test_*.py"), key=lambda path: path.stat().st_size)
            importing = [
                str(path.relative_to(ROOT)) for path in files if f"from {module} import" in path.read_text("utf-8")
            ]
        narrow = sorted(tests, key=self._weight.__getitem__)
        deep = sorted(narrow, key=lambda test: -self._in_file[file][test])
        spread = one_of_each(deep)
        all_three = (test for three in zip(narrow, deep, spread, strict=True) for test in three)
        # A test's context is its name, and "|run" here or " (call)" in what it starts.
        named = [*importing, *(re.sub(r"(\|| \()\w+\)?$", "", test) for test in all_three)]
        return [name for name in dict.fromkeys(named) if name and name not in self._failed][:MOST]


def survives(tree: Path, fault: Fault, tests: list[str]) -> bool:
    """Whether the tests pass with the fault in the tree; one that does not end did not pass."""
    place = tree / PACKAGE / fault.file
    kept = place.read_text("utf-8")
    place.write_text(fault.source(), "utf-8")
    try:
        status = run(tree, "-x", f"--timeout={PATIENCE}", *tests, seconds=PATIENCE * MOST) if tests else 0
    finally:
        place.write_text(kept, "utf-8")
    # Where pytest itself did not get to its end, the fault need not be why.
    if status not in (0, 1, 2) and run(tree, "-x", *tests):
        raise SystemExit(f"without a fault these do not pass either; make the map anew: {' '.join(tests)}")
    return status == 0


def try_each(found: list[Fault], work: Path, tree: Path) -> None:
    """Try the faults that were not tried yet, and keep what came out."""
    tests = Tests(work)
    for fault in found:
        if fault.name not in tried(work):
            line = json.dumps([fault.name, survives(tree, fault, tests.of(fault))]) + "\n"
            with (work / "tried.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)


def tried(work: Path) -> dict[str, bool]:
    """Whether each fault that was tried survived."""
    kept = work / "tried.jsonl"
    return dict(map(json.loads, kept.read_text("utf-8").splitlines())) if kept.exists() else {}


def main() -> None:
    """Map, or draw and try."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", nargs="*", metavar="TEST", help="trace these test files, or all, and end")
    parser.add_argument("--only", nargs="*", default=[""], metavar="PATH", help="folders and files of the package")
    for name, default in (("number", 150), ("seed", 1), ("processes", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "modeleval-mutants")
    asked = parser.parse_args()
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    asked.work.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        importlib.import_module(library)
    if asked.map is not None:
        make_map(asked.work, asked.map, asked.processes)
        return
    if not (asked.work / "coverage").exists():
        raise SystemExit("nobody has traced yet which tests run which line: --map")
    files = sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if path.name != "__main__.py")
    everywhere = [fault for path in files for fault in faults(path, ROOT / PACKAGE)]
    listed = unnoticeable(everywhere)
    wanted = [fault for fault in everywhere if fault.file.startswith(tuple(asked.only))]
    found = drawn(wanted, asked.number, asked.seed)
    counted = [fault for fault in found if fault.name not in listed]
    parts = [(counted[k :: asked.processes], asked.work, copied(asked.work / str(k))) for k in range(asked.processes)]
    processes = [Process(target=try_each, args=part) for part in parts]
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    finally:
        for process in processes:
            process.terminate()
    verdicts = tried(asked.work)
    survived = [fault.name for fault in counted if verdicts[fault.name]]
    caught = len(counted) - len(survived)
    left_out = f"{len(found) - len(counted)} that nobody can notice ({UNNOTICEABLE.name})"
    print(*survived, left_out, f"{caught} of {len(counted)} caught: {caught / len(counted):.1%}", sep="\n")


if __name__ == "__main__":
    main()
