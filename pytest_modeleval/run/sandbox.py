"""Where a run's programs run: opened before the first question, where a test takes it."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pluggy
import pytest

from pytest_modeleval.asking.given import own_names
from pytest_modeleval.asking.programs import KeptSandbox
from pytest_modeleval.items.collect import SampleRef, selected
from pytest_modeleval.options.options import Options, closest, unknown
from pytest_modeleval.sample import SampleError
from pytest_modeleval.sandbox.interpreter import Interpreter
from pytest_modeleval.sandbox.kinds import KINDS, UnknownKind, is_kind, open_sandbox
from pytest_modeleval.sandbox.program import OpenSandbox, Program, SandboxError
from pytest_modeleval.store.store import Store

T = TypeVar("T")
_OWN_KIND = "One of your own is opened by the hook pytest_modeleval_open_sandbox of a conftest.py."
_LOOK = """
import importlib.util, json, platform, sys
lacking = [name for name in {names} if importlib.util.find_spec(name) is None]
print(json.dumps([sys.executable, platform.python_version(), lacking]))
"""


def refuse_unknown_kind(kind: str, hook: pluggy.HookRelay) -> None:
    """`pytest.UsageError` for a kind that there is not, where no conftest opens one of its own."""
    if not (is_kind(kind) or hook.pytest_modeleval_open_sandbox.get_hookimpls()):
        raise _unknown_kind(kind)


def _unknown_kind(kind: str) -> pytest.UsageError:
    meant = closest(kind.partition(":")[0], KINDS)
    return unknown("kind of sandbox:", kind, KINDS, _OWN_KIND, meant=meant)


class _Needing(NamedTuple):
    """A benchmark whose programs import something, and the sentence that says how to install that."""

    benchmark: str
    install: str


@dataclass(frozen=True)
class Opener:
    """Opens the sandbox of a run, or says why it cannot be had."""

    options: Options
    kind: str
    hook: pluggy.HookRelay

    def of_run(self, items: Iterable[pytest.Item], store: Store) -> KeptSandbox | None:
        """The sandbox, tried out; None where no item takes it.

        `pytest.UsageError` where it cannot be had, or its Python lacks what programs import.
        """
        taking = _taking(items)
        return KeptSandbox(_aside(self._ready(_modules(taking))), store) if taking else None

    def planned(self, items: Iterable[pytest.Item]) -> list[str]:
        """The line of a plan that says which benchmarks run programs, and where, or why they cannot; else none."""
        taking = _taking(items)
        names = ", ".join(dict.fromkeys(ref.source.benchmark.name for ref in _refs(taking)))
        if not names:
            return []
        try:
            why = _aside(self._lacking(_modules(taking)))
        except pytest.UsageError as error:
            why = str(error)
        if why:
            return [f"programs of {names} cannot be run: {why}"]
        return [f"programs run in the sandbox {self.kind}, but for those that ran before: {names}"]

    def lacking(self, refs: Iterable[SampleRef]) -> str:
        """What programs of these samples import and the sandbox's Python lacks, as a line; empty where it has all.

        Empty too where there is no such sandbox, which ends the run before the first question.
        """
        try:
            return _aside(self._lacking(_modules_of(refs)))
        except pytest.UsageError:
            return ""

    async def _ready(self, modules: Mapping[_Needing, set[str]]) -> OpenSandbox:
        opened, why = await self._looked_at(modules)
        if why:
            await opened.close()
            raise pytest.UsageError(why)
        return opened

    async def _lacking(self, modules: Mapping[_Needing, set[str]]) -> str:
        opened, why = await self._looked_at(modules)
        await opened.close()
        return why

    async def _looked_at(self, modules: Mapping[_Needing, set[str]]) -> tuple[OpenSandbox, str]:
        """The sandbox, and which modules its Python lacks."""
        python = self.options.sandbox_python
        if python and self.kind != "process":
            raise pytest.UsageError(
                f"sandbox_python = {str(python)!r} is for the sandbox process: {self.kind} has its own Python"
            )
        try:
            opened = await open_sandbox(self.kind, self.hook, python)
        except UnknownKind:
            raise _unknown_kind(self.kind) from None
        try:
            whys = [await _lacking(opened, needing, sorted(names)) for needing, names in modules.items()]
        except BaseException:
            await opened.close()
            raise
        return opened, next(filter(None, whys), "")


def _aside(opening: Coroutine[Any, Any, T]) -> T:
    """What comes of it in a thread: a loop of pytest's own process may be somebody's."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, opening).result()


def _taking(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    return [item for item in items if "sandbox" in own_names(item)]


def _modules(items: Iterable[pytest.Item]) -> Mapping[_Needing, set[str]]:
    return _modules_of(_refs(items))


def _refs(items: Iterable[pytest.Item]) -> Iterable[SampleRef]:
    return filter(None, map(selected, items))


def _modules_of(refs: Iterable[SampleRef]) -> Mapping[_Needing, set[str]]:
    """What the programs of rows that are asked import, by their benchmark."""
    found: dict[_Needing, set[str]] = {}
    for ref in refs:
        if (modules := ref.source.benchmark.modules) is not None:
            name = ref.source.benchmark.name
            try:
                key = _Needing(name, ref.source.benchmark.install)
                found.setdefault(key, set()).update(modules(ref.source.rows.row(ref.subset, ref.row)))
            except SampleError:
                # A row that cannot be read is an error of its sample.
                continue
            except Exception as error:
                why = f"{name}: what programs of {ref.name} import cannot be told: {type(error).__name__} {error}"
                raise pytest.UsageError(why) from error
    return found


async def _lacking(sandbox: OpenSandbox, needing: _Needing, names: list[str]) -> str:
    benchmark, install = needing.benchmark, f"{needing.install}. " if needing.install else ""
    outcome = await sandbox.run(Program(_LOOK.format(names=names)))
    if not outcome.ended_well:
        raise pytest.UsageError(f"{benchmark}: the sandbox {sandbox.name} cannot be looked at: {outcome.why}")
    path, version, lacking = json.loads(outcome.stdout)
    if not lacking:
        return ""
    return (
        f"{benchmark} needs {', '.join(lacking)}: {len(lacking)} of the {len(names)} modules that its programs "
        f"import are not installed for {path} (Python {version}), in which programs run. {install}Name a Python that "
        f"has them: --eval-set run.sandbox_python=/path/to/python; or leave it out: -k 'not {benchmark}'"
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
