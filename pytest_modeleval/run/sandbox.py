"""Where a run's programs run: opened before the first question, where a test takes it."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pluggy
import pytest

from pytest_modeleval.asking.given import own_names
from pytest_modeleval.asking.programs import KeptSandbox
from pytest_modeleval.items.collect import selected
from pytest_modeleval.options.options import Options
from pytest_modeleval.sample import SampleError
from pytest_modeleval.sandbox.interpreter import Interpreter
from pytest_modeleval.sandbox.kinds import open_sandbox
from pytest_modeleval.sandbox.program import OpenSandbox, Program, SandboxError
from pytest_modeleval.store.store import Store

_LOOK = """
import importlib.util, json, platform, sys
lacking = [name for name in {names} if importlib.util.find_spec(name) is None]
print(json.dumps([sys.executable, platform.python_version(), lacking]))
"""


def sandbox_of_run(
    items: Iterable[pytest.Item], options: Options, kind: str, hook: pluggy.HookRelay, store: Store
) -> KeptSandbox | None:
    """The sandbox, tried out; None where no item takes it.

    `pytest.UsageError` where it cannot be had, or its Python lacks what programs import.
    """
    taking = [item for item in items if "sandbox" in own_names(item)]
    if not taking:
        return None
    if options.sandbox_python and kind != "process":
        raise pytest.UsageError(
            f"sandbox_python = {str(options.sandbox_python)!r} is for the sandbox process: {kind} has its own Python"
        )
    # In a thread: a loop of pytest's own process may be somebody's.
    with ThreadPoolExecutor(1) as aside:
        return KeptSandbox(aside.submit(asyncio.run, _opened(taking, options, kind, hook)).result(), store)


async def _opened(taking: Iterable[pytest.Item], options: Options, kind: str, hook: pluggy.HookRelay) -> OpenSandbox:
    opened = await open_sandbox(kind, hook, options.sandbox_python)
    try:
        for benchmark, names in _modules(taking).items():
            await _refuse_lacking(opened, benchmark, sorted(names))
    except BaseException:
        await opened.close()
        raise
    return opened


def _modules(items: Iterable[pytest.Item]) -> Mapping[str, set[str]]:
    """What the programs of rows that are asked import, by their benchmark."""
    found: dict[str, set[str]] = {}
    for item in items:
        ref = selected(item)
        if ref is not None and (modules := ref.source.benchmark.modules) is not None:
            # A row that cannot be read is an error of its sample.
            with suppress(SampleError):
                row = ref.source.rows.row(ref.subset, ref.row)
                found.setdefault(ref.source.benchmark.name, set()).update(modules(row))
    return found


async def _refuse_lacking(sandbox: OpenSandbox, benchmark: str, names: list[str]) -> None:
    outcome = await sandbox.run(Program(_LOOK.format(names=names)))
    if not outcome.ended_well:
        raise pytest.UsageError(f"{benchmark}: the sandbox {sandbox.name} cannot be looked at: {outcome.why}")
    path, version, lacking = json.loads(outcome.stdout)
    if lacking:
        raise pytest.UsageError(
            f"{benchmark} needs {', '.join(lacking)}: {len(lacking)} of the {len(names)} modules that its programs "
            f"import are not installed for {path} (Python {version}), in which programs run. Name a Python that has "
            f"them: --eval-set run.sandbox_python=/path/to/python; or leave it out: -k 'not {benchmark}'"
        )


def pinned(kind: str, python: Path | None) -> str:
    """What a gate compares of two runs' sandboxes: the kind, and the Python that the user named for programs."""
    if python is None:
        return kind
    try:
        return f"{kind}, Python {Interpreter.at(python).name}"
    except SandboxError:
        # Where programs run, that ends the run with what is wrong.
        return f"{kind}, {python}"


def planned(items: Iterable[pytest.Item], kind: str) -> list[str]:
    """The line of a plan that says which benchmarks run programs, and where; none where none does."""
    taking = [ref.source.benchmark.name for item in items if "sandbox" in own_names(item) and (ref := selected(item))]
    names = ", ".join(dict.fromkeys(taking))
    return [f"programs run in the sandbox {kind}, none that was run before: {names}"] if names else []
