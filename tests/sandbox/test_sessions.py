"""Sessions whose program, or whose user, does what it should not."""

import asyncio
import contextlib
import fcntl
import os

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import FINISHED, OUTPUT, Limits, Program, SandboxError
from pytest_modeleval.sandbox.servers import folder_of_cores

WRITES = "import os\nfor end in range(3, 64):\n try: os.write(end, LINE + b'\\n')\n except OSError: pass"


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"{}",
        b"[]",
        b"5",
        b'{"value": {"int": 5}}',
        b'{"value": {"complex": [1, 2, 3]}}',
        b"[" * 5000,
        b"\xff",
    ],
)
def test_a_step_that_writes_its_results_itself_is_wrong_and_no_error(sandbox: ProcessSandbox, line: bytes) -> None:
    async def steps() -> list[tuple[str, int | None, bool]]:
        session = await sandbox.session(Program("x = 1"))
        outcomes = [await session.run(code) for code in (WRITES.replace("LINE", repr(line)), "print(x)")]
        await session.close()
        return [(outcome.kind, outcome.status, outcome.ended_well) for outcome in outcomes]

    assert asyncio.run(steps()) == [(FINISHED, 1, False)] * 2


def test_steps_that_are_asked_for_at_once_come_one_after_another(sandbox: ProcessSandbox) -> None:
    async def steps() -> list[object]:
        session = await sandbox.session(Program("def f(x): return x"))
        outcomes = await asyncio.gather(*(session.call("f", number) for number in range(20)))
        await session.close()
        return [outcome.values[0] for outcome in outcomes]

    assert asyncio.run(steps()) == list(range(20))


def test_what_comes_of_a_step_that_nobody_waits_for_is_not_the_next_ones(sandbox: ProcessSandbox) -> None:
    async def steps() -> None:
        session = await sandbox.session(Program("import time"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.run("time.sleep(0.5); print(1)"), 0.1)
        with pytest.raises(SandboxError, match="the session is over"):
            await session.run("print(2)")
        await session.close()

    asyncio.run(steps())


def test_a_session_that_nobody_waits_for_is_not_the_next_answer(sandbox: ProcessSandbox) -> None:
    async def steps() -> str:
        for _ in range(20):
            beginning = asyncio.create_task(sandbox.session(Program("x = 1")))
            await asyncio.sleep(0.001)
            beginning.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                # It had begun.
                await (await beginning).close()
        return (await sandbox.run(Program("print(1)"))).stdout

    assert asyncio.run(steps()) == "1\n"


def test_waiting_for_a_core_is_none_of_a_sessions_time(sandbox: ProcessSandbox) -> None:
    async def steps() -> str:
        await sandbox.run(Program("pass"))
        held = os.open(folder_of_cores() / "core-0", os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        beginning = asyncio.create_task(sandbox.session(Program("x = 1", limits=Limits(seconds=0.2, wall=3))))
        await asyncio.sleep(1)
        os.close(held)
        session = await beginning
        said = await session.run("print(x)")
        await session.close()
        return said.stdout

    assert asyncio.run(steps()) == "1\n"


def test_a_traceback_shows_the_step(sandbox: ProcessSandbox) -> None:
    async def steps() -> list[str]:
        session = await sandbox.session(Program("x = 1"))
        outcomes = [await session.run(code) for code in ("def f():\n    return 1 / 0", "f()")]
        await session.close()
        return outcomes[1].stderr.splitlines()

    lines = asyncio.run(steps())
    assert lines[1:3] == ['  File "step2.py", line 1, in <module>', "    f()"]
    assert lines[3:5] == ['  File "step1.py", line 2, in f', "    return 1 / 0"]


def test_after_a_step_that_wrote_too_much_the_session_is_over(sandbox: ProcessSandbox) -> None:
    async def steps() -> list[str]:
        session = await sandbox.session(Program("x = 1", limits=Limits(output=1000)))
        outcomes = [await session.run(code) for code in ("print('x' * 2000)", "print(x)")]
        await session.close()
        return [outcome.kind for outcome in outcomes]

    assert asyncio.run(steps()) == [OUTPUT, OUTPUT]
