"""Servers that wait, that are gone, and whose client is."""

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pytest_modeleval.sandbox.process import _request
from pytest_modeleval.sandbox.program import Program
from pytest_modeleval.sandbox.servers import Server, folder_of_cores
from tests.sandbox.conftest import folders


@pytest.fixture
def core(own_folder: None) -> Iterator[int]:
    """The lock of the first core, which another run has."""
    held = os.open(folder_of_cores() / "core-0", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    yield held
    os.close(held)


@pytest.mark.parametrize("way", ["landlock", "namespaces"])
@pytest.mark.parametrize("alone", [False, True])
def test_one_that_waits_for_a_core_ends_with_its_client(core: int, way: str, alone: bool) -> None:
    async def ask_and_go() -> None:
        connection = await server._connected()
        await connection.send(_request(Program("print(1)"), alone=alone))
        await asyncio.sleep(0.2)
        connection.close()

    server = Server(0, 1, way)
    asyncio.run(ask_and_go())

    assert server._process is not None
    assert server._process.wait(5) == 0
    assert folders() == []


def test_one_that_waits_for_a_core_runs_what_it_was_asked(core: int) -> None:
    async def ask() -> str:
        asking = asyncio.create_task(server.ask(_request(Program("print(1)")), 5))
        await asyncio.sleep(1.2)
        fcntl.flock(core, fcntl.LOCK_UN)
        return str((await asking)["stdout"])

    server = Server(0, 1, "landlock")

    assert asyncio.run(ask()) == "1\n"
    server.end()


def test_a_step_that_waits_for_a_core_ends_with_its_session(own_folder: None) -> None:
    async def begin_and_go() -> None:
        session = await server.begin(_request(Program("import time"), is_session=True))
        await session.receive()
        held = os.open(folder_of_cores() / "core-0", os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        await session.send({"code": "print(1)"})
        await asyncio.sleep(0.2)
        session.close()
        await asyncio.sleep(1.5)
        assert server._process is not None
        found = subprocess.run(
            ["ps", "-o", "stat=", "--ppid", str(server._process.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        assert all(state.startswith("Z") for state in found)
        os.close(held)

    server = Server(0, 1, "landlock")
    asyncio.run(begin_and_go())
    server.end()


LIMITED = """
import asyncio, resource
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Program
resource.setrlimit(resource.RLIMIT_NOFILE, LIMITS)
async def main():
    sandbox = ProcessSandbox(namespaces=False, cores=1)
    try:
        print((await sandbox.run(Program("print(1)"))).stdout)
    except Exception as error:
        print(error)
    await sandbox.close()
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("(100, 1024)", "1"),
        ("(100, 200)", "the sandbox broke: OSError it may open 100 files at once (ulimit -Hn), and needs 512"),
    ],
)
def test_few_open_files(limits: str, said: str) -> None:
    script = LIMITED.replace("LIMITS", limits)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert told.stdout.strip() == said, told.stderr
