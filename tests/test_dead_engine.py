"""The thread that asks dies: the run ends in one line instead of waiting for ever."""

import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import ANSWERS, FaultyServer, answer, run

KILLER = """
import ctypes
import threading

def pytest_runtest_logfinish(nodeid):
    # asyncio takes one that comes while it writes to a socket for the server's fault: then the next one is due.
    if nodeid.endswith(("03]", "53]")):
        # One that an earlier test left behind and that waits for ever would never take it, and nothing else run on.
        for thread in [each for each in threading.enumerate() if each.name == "modeleval-engine"][-1:]:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(MemoryError))
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_dead_thread_is_one_line_and_blesses_nothing(
    project: pytest.Pytester, faulty: FaultyServer, workers: tuple[str, ...]
) -> None:
    project.makeconftest(KILLER)
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 200}'))

    def in_its_time(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        """So that the thread waits for most of its life, and its last answers come after its death is due."""
        time.sleep(0.04)
        answer("42")(handler, body)

    faulty.fault = in_its_time
    flags = ["--eval-concurrency", "2", "--eval-save-baseline", "b.json", *workers]
    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the thread that asks the model has ended (MemoryError: ). What was answered*"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert not (project.path / "b.json").exists()


@pytest.mark.parametrize(
    "ending", ["raise SystemExit('x')", "raise KeyboardInterrupt('x')", "import sys; sys.exit('x')"]
)
def test_a_benchmark_that_ends_python_has_an_error(project: pytest.Pytester, faulty: FaultyServer, ending: str) -> None:
    declared = ANSWERS.replace('lambda row: Sample(row["q"], "42")', "to_sample")
    function = f"def to_sample(row):\n    if row['q'].startswith('easy 0'):\n        {ending}\n    return Sample(row['q'], '42')\n\n@"
    project.makepyfile(test_answers=declared.replace("@", function, 1))

    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(["*: x*"])
