"""How many small faults the tests notice: draws some of the package, puts each into a copy of the tree, runs its tests.

    python bench/mutants.py --map                       # once: which tests run which line (the whole suite, traced)
    python bench/mutants.py [--number 150] [--seed 1]   # prints what survived, and the share that was caught
    python bench/mutants.py --only gate statistics.py   # of these folders and files alone

The tests that run the changed line are tried, those that run least else first, until one fails; one that does not end
is a fault caught. What was tried is kept in `--work`: the same command again goes on. A seed draws the same faults when
other places change. Those of `unnoticeable.txt`, beside this file, are not tried and not counted.
"""

import argparse
import ast
import copy
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
from coverage import CoverageData

ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_modeleval"
UNNOTICEABLE = Path(__file__).with_name("unnoticeable.txt")
# What runs in a process that is killed or serves many tests: its own tests.
TESTED_BY = {
    "scorers/symbolic_worker.py": ["tests/scorers/test_symbolic.py", "tests/scorers/test_maths.py"],
    "perf/server/attended.py": ["tests/perf/test_serving.py"],
    "perf/server/answer.py": ["tests/perf/test_server.py", "tests/perf/test_load.py"],
    "perf/server/serve.py": ["tests/perf/test_server.py", "tests/perf/test_load.py"],
}
# Has what a test starts traced too, under the test's name.
TRACED = (
    "[run]\nparallel = true\nsource = {package}\ndata_file = {tree}/.coverage\ncontext = ${{PYTEST_CURRENT_TEST-}}\n"
)
# Seconds for one test, and how many are tried before a fault counts as survived.
PATIENCE, MOST = 60, 100
# What the tests import and no fault is put into: imported once, a short run takes 1 s of CPU instead of 6.
LIBRARIES = (
    *("huggingface_hub.hf_api", "hypothesis.internal.conjecture.engine", "jsonschema", "modelscope_hub", "openai"),
    *("matplotlib.backends.backend_svg", "pyarrow.parquet", "torch", "transformers.models.auto.modeling_auto"),
)
Process = get_context("fork").Process
# What only a reader of the code or the terminal's look would notice, or what decides speed alone.
SKIPPED_CALLS = ("gc.", "sys.setswitchinterval", "warnings.", "difflib.", "lru_cache", "cache(", "cast(", "TypeVar(")
PAIRS: list[tuple[type[ast.AST], type[ast.AST]]] = [
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div)),
]
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    **dict(PAIRS),
    **{new: old for old, new in PAIRS},
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Continue: ast.Break,
    ast.Break: ast.Pass,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}


@dataclass(frozen=True)
class Fault:
    """One changed place: file (under the package), line, the new source, and a name that stays when lines move."""

    file: str
    line: int
    name: str
    source: Callable[[], str]


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in a node's place; strings, which are mostly messages, are left."""
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[op, *_]) if type(op) in SWAPS:
            new.ops[0] = SWAPS[type(op)]()  # type: ignore[call-overload]
        case ast.BoolOp() | ast.BinOp() if type(new.op) in SWAPS:
            new.op = SWAPS[type(new.op)]()  # type: ignore[assignment]
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            new = new.operand
        case ast.Constant(value=bool(value)):
            new.value = not value
        # A float that small decides where rounding ends a sum.
        case ast.Constant(value=int(value) | float(value)) if not 0 < value < 1e-6:
            new.value = value + 1 if isinstance(value, int) or not value else value * 2
        case ast.Continue() | ast.Break():
            new = SWAPS[type(new)]()
        case ast.If() | ast.IfExp():
            new.test = ast.Constant(False)
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            new.value = ast.Constant(None)
        case ast.Expr(value=ast.Call() | ast.Await()):
            new = ast.Pass()
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            new.func = ast.Name(NAMES[name])
        case ast.Call(func=ast.Attribute(attr="sqrt"), args=[value]):
            new = value
        case ast.Call(args=[first, second, *_]) if not isinstance(first, ast.Starred | ast.Constant):
            new.args[:2] = second, first
        case _:
            return
    yield new


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    """The nodes that do something, each as its parent, the field and the place in it."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for number, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            quiet = (
                isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING",
                isinstance(child, ast.FunctionDef) and child.name == "__repr__",
                isinstance(child, ast.expr | ast.Expr) and any(call in ast.unparse(child) for call in SKIPPED_CALLS),
                # A check of what always holds, and how much of a text is shown.
                isinstance(child, ast.keyword) and child.arg == "strict",
                isinstance(tree, ast.FormattedValue) and isinstance(getattr(child, "slice", None), ast.Slice),
            )
            if isinstance(child, ast.AST) and not any(quiet):
                yield tree, field, number
                yield from places(child)


def faults(file: Path) -> Iterator[Fault]:
    """Every fault that can be put into a file."""
    text, where = file.read_text("utf-8"), file.relative_to(ROOT / PACKAGE).as_posix()
    tree, lines, times = ast.parse(text), text.splitlines(), Counter[str]()
    for parent, field, number in list(places(tree)):
        siblings = getattr(parent, field)
        node = siblings if number is None else siblings[number]
        put = partial(setattr, parent, field) if number is None else partial(siblings.__setitem__, number)
        for new in changed(node):

            def source(put: Callable[[ast.AST], None] = put, node: ast.AST = node, new: ast.AST = new) -> str:
                put(new)
                faulty = ast.unparse(tree)
                put(node)
                return faulty

            before, after = (ast.unparse(each).splitlines() for each in (node, new))
            if before != after:
                named = f"{where}: {before[0]}  ->  {after[0]}  in  {lines[node.lineno - 1].strip()}"
                times[named] += 1
                yield Fault(where, node.lineno, named + f"  ({times[named]})" * (times[named] > 1), source)


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
    if (shared := ROOT.parent / "shared").exists():
        (folder / "shared").symlink_to(shared.resolve())
    return folder / "tree"


def run(tree: Path, *arguments: str, seconds: float | None = None) -> int:
    """The exit status of pytest in a copy, in a child of this process, which has imported the libraries already.

    2, as after Ctrl-C, when it takes longer than ``seconds``; what it started ends with it.
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


def make_map(work: Path, arguments: list[str]) -> None:
    """Trace the suite: every line of the package with the tests that run it."""
    tree = copied(work / "map")
    (tree / ".coveragerc").write_text(TRACED.format(package=PACKAGE, tree=tree), "utf-8")
    (tree / "sitecustomize.py").write_text("import coverage\n\ncoverage.process_startup()\n", "utf-8")
    os.environ["COVERAGE_PROCESS_START"] = str(tree / ".coveragerc")
    status = run(tree, f"--cov={PACKAGE}", "--cov-context=test", "--cov-report=", *(arguments or ["tests"]))
    # 1: a test failed.
    if status not in (0, 1):
        raise SystemExit(f"the tests did not run to their end: pytest gave {status}")
    failed = [path for path in (work / "failed.json", tree / ".pytest_cache/v/cache/lastfailed") if path.exists()]
    names = {name: True for path in failed for name in json.loads(path.read_text("utf-8"))}
    (work / "failed.json").write_text(json.dumps(names), "utf-8")
    data = CoverageData(str(work / "coverage"))
    data.read()
    new = CoverageData(str(tree / ".coverage"))
    new.read()
    data.update(new, map_path=lambda path: path.removeprefix(f"{tree}/"))
    data.write()


class Tests:
    """Which tests to try for a fault."""

    def __init__(self, work: Path) -> None:
        self._data = CoverageData(str(work / "coverage"))
        self._data.read()
        self._lines: dict[str, dict[int, list[str]]] = {}
        self._weight: Counter[str] = Counter()
        # Those that fail without a fault.
        self._failed = json.loads((work / "failed.json").read_text("utf-8"))
        for file in self._data.measured_files():
            self._lines[file] = self._data.contexts_by_lineno(file)
            self._weight.update(test for tests in self._lines[file].values() for test in tests)

    def of(self, fault: Fault) -> list[str]:
        """The tests that run the line, or, where it runs at import, the file; the narrowest first."""
        if fault.file in TESTED_BY:
            return TESTED_BY[fault.file]
        lines = self._lines.get(f"{PACKAGE}/{fault.file}", {})
        tests = set(lines.get(fault.line, ()))
        if "" in tests or not tests:
            tests = {test for each in lines.values() for test in each}
        # A test's context is its name, and "|run" here or " (call)" in what it starts.
        named = (re.sub(r"(\|| \()\w+\)?$", "", test) for test in sorted(tests, key=self._weight.__getitem__))
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
    parser.add_argument("--number", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "modeleval-mutants")
    asked = parser.parse_args()
    # So that what was started is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    asked.work.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        importlib.import_module(library)
    if asked.map is not None:
        make_map(asked.work, asked.map)
        return
    if not (asked.work / "coverage").exists():
        raise SystemExit("nobody has traced yet which tests run which line: --map")
    files = sorted(path for path in (ROOT / PACKAGE).rglob("*.py") if path.name != "__main__.py")
    everywhere = [fault for path in files for fault in faults(path)]
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
    print(*survived, sep="\n")
    print(f"{len(found) - len(counted)} that nobody can notice ({UNNOTICEABLE.name})")
    print(f"{caught} of {len(counted)} caught: {caught / len(counted):.1%}")


if __name__ == "__main__":
    main()
