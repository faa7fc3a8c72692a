"""The kinds of sandbox beside `process` and `bwrap`: what they say where they cannot be had, and what they do."""

import asyncio
import math
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sandbox.boxed import of_way, open_bwrap, open_container, open_macos
from pytest_modeleval.sandbox.kinds import open_sandbox
from pytest_modeleval.sandbox.process import ServedSandbox
from pytest_modeleval.sandbox.program import MEMORY, OUTPUT, TIMEOUT, Limits, Program, SandboxError
from tests.sandbox.conftest import folders, servers

LITTLE = Limits(seconds=0.5, wall=4)
# An image with Python 3.11 or newer, bash and a compiler, which nobody pulls for these tests:
# debootstrap --include=python3,g++ bookworm root; tar -C root -c . | podman import - modeleval-test
IMAGE = "localhost/modeleval-test"


def lines_of(opened: tuple[ServedSandbox | None, object]) -> str:
    """What was tried in vain."""
    sandbox, tried = opened
    assert sandbox is None
    assert isinstance(tried, list)
    return "; ".join(tried)


def test_a_command_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert lines_of(asyncio.run(open_container("podman", ""))) == "podman: there is no such command"
    assert lines_of(asyncio.run(open_container("docker", ""))) == (
        "docker: there is no such command (docker is untested: no daemon was there where this was written)"
    )
    assert lines_of(asyncio.run(open_bwrap("", cores=1))) == ("bwrap: there is no such command (install bubblewrap)")


@pytest.mark.skipif(
    shutil.which("docker") is None or Path("/var/run/docker.sock").exists(), reason="needs docker without its daemon"
)
def test_docker_without_its_daemon() -> None:
    line = lines_of(asyncio.run(open_container("docker", "python:3.12-slim")))

    assert line.startswith("docker with the image python:3.12-slim: ")
    assert "Cannot connect to the Docker daemon" in line
    assert line.endswith("(docker is untested: no daemon was there where this was written)")


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")
def test_an_image_that_is_missing() -> None:
    line = lines_of(asyncio.run(open_container("podman", "localhost/none-such")))

    assert line.startswith("podman with the image localhost/none-such: ")
    assert line.endswith("(to get an image: podman pull localhost/none-such)")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has it")
def test_macos_elsewhere() -> None:
    assert lines_of(asyncio.run(open_macos(""))).startswith("macos: it needs macOS, and this is ")


def test_the_remedies_name_what_was_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    hook = pytest.PytestPluginManager().hook

    with pytest.raises(pytest.UsageError) as refused:
        asyncio.run(open_sandbox("podman:a", hook))

    assert str(refused.value) == (
        "no sandbox for programs that a model wrote. podman: there is no such command. Give it what it lacks, or "
        "--eval-sandbox process, docker or bwrap; --eval-sandbox none runs programs without any protection"
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"code": b"1"}, "a program's code is a text, not a bytes"),
        ({"code": "", "stdin": b"1"}, "a program's stdin is a text, not a bytes"),
        (
            {"code": "", "function": "f", "calls": [1]},
            "each of a program's calls is a list of its arguments, such as [[1], [2]], not a int",
        ),
        ({"code": "", "calls": [[1]]}, "a program's calls are of its function"),
    ],
)
def test_what_is_no_program(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Program(**given)


@pytest.mark.parametrize("given", [-1, 0, math.nan])
def test_limits_within_which_nothing_runs(given: float) -> None:
    with pytest.raises(ValueError, match=f"Limits: seconds takes more than 0, not {given}"):
        Limits(seconds=given)


@pytest.fixture(params=["none", "podman"], scope="module")
def sandbox(request: pytest.FixtureRequest, own_folder: None) -> Iterator[ServedSandbox]:
    """A sandbox of another kind, of which nothing is left at the end."""
    if request.param == "none":
        opened: ServedSandbox = of_way("none", cores=1)
    else:
        if shutil.which("podman") is None:
            pytest.skip("podman is not installed")
        found, tried = asyncio.run(open_container("podman", IMAGE, cores=1))
        if found is None:
            pytest.skip("; ".join(tried))
        opened = found
    yield opened
    asyncio.run(opened.close())
    # The command of a container that was removed takes a moment to end.
    until = time.monotonic() + 10
    while servers() and time.monotonic() < until:
        time.sleep(0.05)
    assert (servers(), folders()) == (set(), [])
    if request.param == "podman":
        own = f"name=modeleval-{os.getpid()}-"
        left = subprocess.run(["podman", "ps", "-aq", "--filter", own], capture_output=True, check=True)
        assert not left.stdout


def test_programs_of_python(sandbox: ServedSandbox) -> None:
    script = asyncio.run(sandbox.run(Program("print(input())", "é", files={"a": "b"})))
    assert (script.stdout, script.status) == ("é\n", 0)
    assert asyncio.run(sandbox.run(Program("def f(x): return x", tests="assert f(1) == 1"))).passed
    assert not asyncio.run(sandbox.run(Program("import os; os._exit(0)", tests="pass"))).passed
    assert asyncio.run(sandbox.run(Program("def f(x): return {x}", function="f", calls=[(1,)]))).values == ({1},)
    environment = "import os\nprint([name for name in os.environ if name.endswith('_KEY')], os.listdir('.'))"
    assert asyncio.run(sandbox.run(Program(environment))).stdout == "[] []\n"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("while True: pass", TIMEOUT),
        ("import subprocess; subprocess.run(['sleep', '99'])", TIMEOUT),
        ("import subprocess; subprocess.run(['yes'])", OUTPUT),
        ("x = bytearray(8 << 30)", MEMORY),
        ("while True: open(str(__import__('time').time()), 'wb').write(b'x' * (1 << 20))", "files"),
    ],
)
def test_what_takes_too_much(sandbox: ServedSandbox, code: str, kind: str) -> None:
    assert asyncio.run(sandbox.run(Program(code, limits=LITTLE))).kind == kind


def test_nothing_of_a_program_is_left(sandbox: ServedSandbox) -> None:
    daemon = "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: time.sleep(778)\n os._exit(0)\nopen('x', 'w')"
    shell = "nohup setsid sleep 778 >/dev/null 2>&1 & echo left > x"

    asyncio.run(sandbox.run(Program(daemon)))
    asyncio.run(sandbox.run(Program(shell, language="sh")))

    assert asyncio.run(sandbox.run(Program("import os; print(os.listdir('.'))"))).stdout == "[]\n"
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if _reads(path) == b"sleep\x00778\x00"]


def _reads(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_session(sandbox: ServedSandbox) -> None:
    async def steps() -> list[object]:
        session = await sandbox.session(Program("x = 1"))
        await session.run("x += 1; import time; time.sleep(0.1)")
        said = await session.run("print(x)")
        value = await session.call("abs", -1)
        await session.close()
        return [said.stdout, value.why]

    assert asyncio.run(steps()) == ["2\n", "the program has no abs"]


def test_a_container_holds_what_would_end_its_server(sandbox: ServedSandbox) -> None:
    if sandbox.name == "none":
        pytest.skip("nothing holds it there")
    probe = (
        "import os, socket\nfor pid in (1, os.getppid(), -1):\n try: os.kill(pid, 9)\n except OSError: print('no')\n"
        "for what in (lambda: socket.socket(), lambda: open('/x', 'w'), lambda: os.setuid(0), lambda: os.listdir('/run/modeleval-cores')):\n"
        " try: what()\n except OSError: print('no')\n"
    )

    assert asyncio.run(sandbox.run(Program(probe))).stdout.count("no") in (2, 6, 7)
    bomb = "import os\ntry:\n while True: os.fork()\nexcept OSError: pass"
    asyncio.run(sandbox.run(Program(bomb, limits=LITTLE)))
    assert asyncio.run(sandbox.run(Program("print(1)"))).stdout == "1\n"


def test_a_program_that_reads_files_is_no_other_kinds() -> None:
    sandbox = of_way("bwrap", 1)

    with pytest.raises(SandboxError, match="a program of bwrap cannot read /data/numbers: only one of process can"):
        asyncio.run(sandbox.run(Program("pass", reads=("/data/numbers",))))
