"""Sandboxes for the tests, and what they may not leave behind."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pytest_modeleval
from pytest_modeleval.sandbox.boxed import open_bwrap
from pytest_modeleval.sandbox.family import family_of
from pytest_modeleval.sandbox.process import ProcessSandbox, ServedSandbox
from pytest_modeleval.sandbox.program import Outcome, Program
from pytest_modeleval.sandbox.servers import folder_of_cores

Run = Callable[[Program], Outcome]


def servers() -> set[int]:
    """The numbers of all servers that were started with this test's folder for temporary files, and of their forks.

    What runs in boxes is seen where this process comes before it.
    """
    found, own = set(), {member.pid for member in family_of(os.getpid())}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        pid = int(path.parent.name)
        if str(folder_of_cores()).encode() in command or (b"/inside.py" in command and pid in own):
            found.add(pid)
    return found


def folders() -> list[str]:
    """What lies where servers have their folders, but the locks of cores."""
    return [path.name for path in folder_of_cores().iterdir() if not path.name.startswith("core-")]


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for temporary files that no other test's servers have."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("servers")))
        yield


@pytest.fixture(scope="module")
def readable() -> Iterator[Path]:
    """A folder that every user may read, with a copy of the package: the checkout may lie where others may not look."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    left_out = shutil.ignore_patterns("__pycache__", "tiny", "perf", "reports")
    shutil.copytree(Path(pytest_modeleval.__file__).parent, folder / "pytest_modeleval", ignore=left_out)
    for path in (folder / "pytest_modeleval").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    yield folder
    shutil.rmtree(folder)


def as_another(script: str, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    """A script run by root as a user of its own, by a Python that every user may read: this one may lie in root's home."""
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    assert python, "no Python that every user may run"
    return subprocess.run(
        [python, "-c", script, *arguments],
        user=61234,
        group=61234,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        env={"TMPDIR": "/tmp", "PATH": path},
    )


@pytest.fixture(params=["alone", "with namespaces"], scope="module")
def sandbox(request: pytest.FixtureRequest, own_folder: None) -> Iterator[ProcessSandbox]:
    """A sandbox of the kind `process`, in both of its forms, whose server is gone without a trace at the end."""
    opened = ProcessSandbox(namespaces=request.param == "with namespaces", cores=1)
    yield opened
    asyncio.run(opened.close())
    assert (servers(), folders()) == (set(), [])


@pytest.fixture(scope="module")
def bwrap(own_folder: None) -> Iterator[ServedSandbox]:
    """A sandbox of the kind `bwrap`, whose server is gone without a trace at the end."""
    opened, tried = asyncio.run(open_bwrap("", cores=1))
    if opened is None:
        pytest.skip("; ".join(tried))
    yield opened
    asyncio.run(opened.close())
    assert (servers(), folders()) == (set(), [])


@pytest.fixture
def run_boxed(bwrap: ServedSandbox) -> Run:
    """Runs a program with all its processes in bwrap, and has nothing but the server there afterwards."""

    def outcome(program: Program) -> Outcome:
        found = asyncio.run(bwrap.run(program))
        assert len(servers()) == 1
        return found

    return outcome


@pytest.fixture
def run(sandbox: ProcessSandbox) -> Run:
    """Runs a program, and has nothing but the server there afterwards."""

    def outcome(program: Program) -> Outcome:
        found = asyncio.run(sandbox.run(program))
        assert len(servers()) == 1
        return found

    return outcome
