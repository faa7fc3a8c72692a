"""modeleval doctor: what is installed, where programs can run, which server answers as what, which data are here."""

import argparse
import asyncio
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from pytest_modeleval.commands.benchmarks import COPY, shipped, where_data_are
from pytest_modeleval.commands.project import options, place, root
from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.spec import ModelSpec, read_aliases, resolve
from pytest_modeleval.options.config import read_config
from pytest_modeleval.reports.columns import aligned
from pytest_modeleval.sample import StopRun
from pytest_modeleval.sandbox.kinds import KINDS, default_kind
from pytest_modeleval.sandbox.languages import LANGUAGES
from pytest_modeleval.sandbox.program import NoTool, OpenSandbox

_PACKAGE = "pytest-modeleval"
# What is all of the others, and what the project's own tests need.
_NOT_SHOWN = {"all", "test"}
# Where servers listen that nobody told otherwise: vLLM and transformers serve, SGLang, llama.cpp, Ollama, LM Studio.
_USUAL = (8000, 30000, 8080, 11434, 1234)
# Models of a server that are named; the rest are counted.
_NAMED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command: nothing."""


def lines(_: argparse.Namespace) -> Iterator[str]:
    """What there is, a part at a time."""
    yield f"{_PACKAGE} {version(_PACKAGE)}, pytest {version('pytest')}, Python {platform.python_version()}"
    yield f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {_gpus()}"
    yield f"project: {root()}"
    for title, part in (("extras", _extras), ("programs", _programs), ("models", _models), ("data", _data)):
        yield f"\n{title}"
        yield from part()


def _gpus() -> str:
    if not (command := shutil.which("nvidia-smi")):
        return "no NVIDIA GPU"
    asked = [command, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as error:
        return f"nvidia-smi does not answer ({type(error).__name__})"
    return "; ".join(map(one_line, found)) or "no NVIDIA GPU"


def _extras() -> Iterator[str]:
    """Each extra with the versions of what it brings, or what installs it."""
    brought = [Requirement(each) for each in requires(_PACKAGE) or ()]
    extras = set(metadata(_PACKAGE).get_all("Provides-Extra") or ()) - _NOT_SHOWN
    cells = []
    for name in sorted(extras):
        requirements = [each for each in brought if each.marker and _is_of(each.marker, name)]
        there = {each.name: _version(each.name) for each in requirements}
        lacking = [each for each in requirements if not each.specifier.contains(there[each.name] or "0", True)]
        said = ", ".join(f"{package} {installed}" for package, installed in there.items() if installed)
        if lacking:
            said = f"not installed: pip install '{_PACKAGE}[{name}]'"
        cells.append(["", name, said])
    cells.append(["", "Allure's command line", shutil.which("allure") or "not on PATH"])
    yield from aligned(cells, [False] * 3)


def _is_of(marker: Marker, extra: str) -> bool:
    """Whether a requirement comes with an extra, here, and not without it."""
    return marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _programs() -> Iterator[str]:
    """The kinds of sandbox that need no image, tried out, and which containers' commands are here."""
    yield from aligned(asyncio.run(_sandboxes()), [False] * 3)


async def _sandboxes() -> list[list[str]]:
    cells = [["", kind, await _tried(kind)] for kind in dict.fromkeys((default_kind(), "bwrap"))]
    return cells + [["", name, shutil.which(name) or "not on PATH"] for name in ("docker", "podman")]


async def _tried(kind: str) -> str:
    """What runs in a kind of sandbox, or the system's answer where nothing does."""
    opened, tried = await KINDS[kind]("")
    if opened is None:
        return one_line("; ".join(tried))
    try:
        names = [name for name in ("python", *LANGUAGES) if await _has(opened, name)]
    finally:
        await opened.close()
    return f"runs {', '.join(names)}"


async def _has(sandbox: OpenSandbox, language: str) -> bool:
    try:
        await sandbox.tool(language)
    except NoTool:
        return False
    return True


def _models() -> Iterator[str]:
    """Each alias and who answers there; then servers that no alias names."""
    aliases = read_aliases(read_config(root())["models"])
    specs = [resolve(name, aliases, options().generation) for name in aliases]
    named = {spec.endpoint for spec in specs}
    usual = [_at(port) for port in _USUAL if _at(port).endpoint not in named]
    said = asyncio.run(_asked([*specs, *usual]))
    cells = [["", spec.name, spec.endpoint or spec.model, said[spec.name]] for spec in specs]
    cells += [["", "no alias", spec.endpoint, said[spec.name]] for spec in usual if said[spec.name].startswith("has ")]
    if not cells:
        ports = ", ".join(map(str, _USUAL))
        cells = [["", f"no [models.NAME] in modeleval.toml, and no server here at the ports {ports}"]]
    yield from aligned(cells, [False] * len(cells[0]))


def _at(port: int) -> ModelSpec:
    return ModelSpec(f"port {port}", "openai", "", base_url=f"http://127.0.0.1:{port}/v1")


async def _asked(specs: Sequence[ModelSpec]) -> Mapping[str, str]:
    said = await asyncio.gather(*map(_said, specs))
    return {spec.name: each for spec, each in zip(specs, said, strict=True)}


async def _said(spec: ModelSpec) -> str:
    """What is known of a model without asking it anything."""
    if not spec.way.is_served:
        if spec.way.is_own:
            return "opened by a conftest.py of yours"
        is_here = Path(spec.model).exists()
        return "here" if is_here else "a hub's, fetched when it is asked" if spec.way.is_local else "not here"
    from pytest_modeleval.models.openai import OpenAIModel

    try:
        model = OpenAIModel(spec)
    except pytest.UsageError as error:
        return one_line(str(error))
    try:
        names = await model.listed()
    except StopRun as error:
        return one_line(str(error))
    finally:
        await model.close()
    if spec.model and spec.model in names:
        return f"answers as {one_line(spec.model)}"
    listed = ", ".join(map(one_line, names[:_NAMED])) + (f" and {len(names) - _NAMED} more" * (len(names) > _NAMED))
    has = f"has {listed}" if names else "answers, and lists no models"
    return f"no {spec.model!r} is listed: {has}" if spec.model and names else has


def _data() -> Iterator[str]:
    """The benchmarks by where their rows are."""
    settings = options()
    where: dict[str, list[str]] = {}
    for name, (declared, _) in shipped().items():
        found = where_data_are(declared, place(name, settings))
        where.setdefault(f"local copies in {settings.data}" if found == COPY else found, []).append(name)
    for found, names in where.items():
        yield f"  {found}: {', '.join(names)}"
