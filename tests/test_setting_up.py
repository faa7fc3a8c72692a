"""A machine that has no room: setting up fails in one true line."""

import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ANSWERS, WITHOUT, FaultyServer, answer, run

# Makes the disk under a project read-only, or full; given its path.
Spoil = Callable[[Path], None]


def limited(project: pytest.Pytester, limit: int, value: int, *flags: str) -> tuple[int, str]:
    """A run with a limit on a resource: its exit status, and all that it says."""
    command = [sys.executable, "-m", "pytest", *WITHOUT, "-p", "no:cacheprovider", "--model", "faulty", *flags]
    done = subprocess.run(
        command,
        cwd=project.path,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(limit, (value, value)),
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("limit", "value", "flags", "said"),
    [
        (
            resource.RLIMIT_NOFILE,
            64,
            ["--eval-concurrency", "128"],
            "ERROR: there are too few file handles for 128 requests in flight: ",
        ),
        (resource.RLIMIT_NOFILE, 24, [], "ERROR: there are too few file handles for requests: 0 are free"),
        (resource.RLIMIT_FSIZE, 2048, [], "store.sqlite: disk I/O error (a file may have 2,048 bytes (ulimit -f))"),
        (resource.RLIMIT_AS, 80_000_000, [], "(80,000,000 bytes of memory may be used (ulimit -v))"),
    ],
    ids=["handles in flight", "handles", "file size", "memory"],
)
def test_what_the_process_may_not_use_is_said(
    project: pytest.Pytester, faulty: FaultyServer, limit: int, value: int, flags: list[str], said: str
) -> None:
    status, output = limited(project, limit, value, "test_answers.py", *flags)

    assert status == pytest.ExitCode.USAGE_ERROR, output
    assert said in output
    assert "Traceback" not in output
    assert "did you mean" not in output
    assert faulty.asked == []


def test_no_more_is_in_flight_than_there_are_handles(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 300}'))

    status, output = limited(project, resource.RLIMIT_NOFILE, 64, "test_answers.py")

    assert (status, len(faulty.asked)) == (0, 300), output


def test_a_store_that_may_grow_no_more_keeps_what_it_has(project: pytest.Pytester, faulty: FaultyServer) -> None:
    status, output = limited(project, resource.RLIMIT_FSIZE, 98304, "test_answers.py")

    assert status == pytest.ExitCode.USAGE_ERROR
    assert "(a file may have 98,304 bytes (ulimit -f)). What it holds is kept: make room" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("table", ["completions", "scores", "models", "servers"])
def test_a_damaged_store_ends_a_run_in_one_line(project: pytest.Pytester, faulty: FaultyServer, table: str) -> None:
    project.makepyfile(test_answers=ANSWERS)
    faulty.fault = answer("3")
    run(project, "--model", "faulty", "test_answers.py")
    path = project.path / ".modeleval" / "store.sqlite"
    with closing(sqlite3.connect(path)) as store:
        (page,) = store.execute("select rootpage from sqlite_master where name = ?", (table,)).fetchone()
        (size,) = store.execute("pragma page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)

    before = threading.enumerate()

    result = run(project, "--model", "faulty", "test_answers.py")
    output = result.stdout.str() + result.stderr.str()

    assert not [each for each in threading.enumerate() if each not in before and each.name == "modeleval-engine"]
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"cannot (open|read|write) the run store .*: database disk image is malformed", output)
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output


@pytest.fixture
def small(project: pytest.Pytester) -> Iterator[Path]:
    """The project on a disk of 256 KiB."""
    place = project.path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no disk may be mounted here: {mounted.stderr.decode().strip()}")
    shutil.copy(project.path / "test_answers.py", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def read_only(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)


def full(place: Path) -> None:
    try:
        with (place / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
    except OSError:
        pass


DISKS = pytest.mark.parametrize(
    ("spoil", "why"), [(read_only, "is on a read-only disk"), (full, "its disk has 0 bytes left")], ids=["ro", "full"]
)


def on(place: Path, *flags: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", *WITHOUT, "-p", "no:cacheprovider", *flags]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=120, env=environment)
    return done.returncode, done.stdout + done.stderr


@DISKS
@pytest.mark.parametrize("flags", [["test_answers.py"], ["-k", "answers", "test_answers.py"]], ids=["path", "-k"])
def test_a_store_that_cannot_be_made_is_said(
    small: Path, faulty: FaultyServer, spoil: Spoil, why: str, flags: list[str]
) -> None:
    (small / "modeleval.toml").write_text(f'[models.faulty]\nbase_url = "{faulty.url}"\nmodel = "faulty"\n')
    spoil(small)

    status, output = on(small, "--model", "faulty", *flags)

    assert status == pytest.ExitCode.USAGE_ERROR, output
    assert "ERROR: cannot open the run store " in output
    assert why in output
    assert "Traceback" not in output
    assert "did you mean" not in output


@DISKS
def test_data_that_cannot_be_made_ready_is_said(small: Path, real_data: Path, spoil: Spoil, why: str) -> None:
    (small / "modeleval.toml").write_text('[models.m]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    spoil(small)

    status, output = on(small, "--model", "m", "-k", "gsm8k", "--eval-data", str(real_data))

    assert status == pytest.ExitCode.USAGE_ERROR, output
    assert "ERROR: gsm8k: cannot make its data ready: " in output
    assert why in output
    assert "Traceback" not in output
    assert "did you mean" not in output


def test_a_file_that_cannot_be_collected_makes_no_benchmark_unknown(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makepyfile(test_broken="raise OSError(24, 'Too many open files')")
    command = ["--model", "faulty", "-k", "broken", "test_broken.py", "test_answers.py"]

    status, output = on(project.path, *command)

    assert status == pytest.ExitCode.INTERRUPTED
    assert "Too many open files" in output
    assert "unknown benchmark" not in output
