"""Whether a process still runs, by what it called itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_modeleval.store import alive
from pytest_modeleval.store.alive import is_alive, this_process

CODE = "import time; from pytest_modeleval.store.alive import this_process; print(this_process(), flush=True); time.sleep(60)"


@pytest.mark.parametrize("files", ["/proc", "/nowhere"], ids=["proc", "ps"])
def test_a_process_is_alive_until_it_ends(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before anybody has waited for it. Where there is no /proc, `ps` tells."""
    command = (
        f"from pathlib import Path; from pytest_modeleval.store import alive; alive.PROC = Path({files!r}); {CODE}"
    )
    monkeypatch.setattr(alive, "PROC", Path(files))
    process = subprocess.Popen([sys.executable, "-c", command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        called = process.stdout.readline().strip()

    before = is_alive(called)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    unreaped = is_alive(called)
    process.wait()

    assert (before, unreaped, is_alive(called)) == (True, False, False)


def test_another_start_or_machine_is_another_process() -> None:
    machine, number, start = this_process().split()

    assert is_alive(f"{machine} {number} {start}")
    assert not is_alive(f"{machine} {number} {start}0")
    assert not is_alive(f"not-{machine} {number} {start}")


@pytest.mark.parametrize("called", [None, "", "here", "here 1", "here x 5", "here -1 5", 7, ["here", 1]])
def test_what_names_no_process_is_not_alive(called: object) -> None:
    assert not is_alive(called)
