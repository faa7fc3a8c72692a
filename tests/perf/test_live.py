"""The live line, as a terminal and as a log show it."""

import os
import pty
import subprocess
import sys

import pytest

from pytest_modeleval.perf.reports import live
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from tests.perf.conftest import perf

# Longer than it takes until the progress is looked at.
LOAD = ["--perf-parallel", "2", "--perf-prompt", "hi", "--perf-output", "8", "--perf-duration", "1500ms"]


def on_a_terminal(project: pytest.Pytester, *arguments: str) -> str:
    """What a run writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pytest", "--model", "bench", *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, cwd=project.path, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        # A terminal that nobody writes to any more is an error on Linux, and an end elsewhere.
        try:
            while read := os.read(ours, 1 << 16):
                written += read
        except OSError:
            pass
        process.wait()
    os.close(ours)
    return written.decode()


@pytest.mark.parametrize("flags", [[], ["-n", "0"], ["-q"], ["-v"], ["-s"]], ids=lambda flags: "".join(flags) or "-")
def test_a_load_is_followed_on_a_terminal(served: pytest.Pytester, bench: BenchServer, flags: list[str]) -> None:
    bench.behave(Behaviour(ttft=0.05, gap=0.005, tokens=8))
    written = on_a_terminal(served, *LOAD, *flags)

    drawn = [text.partition("\r")[0] for text in written.split("\r\x1b[K")[1:]]
    lines = [text for text in drawn if text.startswith("test_load[parallel=2]: ")]
    assert lines, written
    assert all("req/s, 0 errors, " in line and " s left, TTFT " in line and len(line) < 80 for line in lines)
    assert "parallel=2" in written.rpartition("\x1b[K")[2], "the table follows the erased line"


def test_a_log_has_a_line_now_and_then(
    served: pytest.Pytester, bench: BenchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EVERY", 0.1)
    bench.behave(Behaviour(ttft=0.05, gap=0.005, tokens=8))
    result = perf(served, *LOAD)

    result.stdout.re_match_lines([r"test_load\[parallel=2\]: \d+, .* req/s, 0 errors, \d s left, TTFT .*"])
    assert "\x1b[K" not in result.stdout.str()
