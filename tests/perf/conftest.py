"""The bench server, in a process of its own for all tests of a file, and runs of pytest against it."""

import importlib
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server
from pytest_modeleval.perf.verdict.validity import Bounds, decide
from tests.conftest import alias, run

# As fast as a server can be that still takes its time.
QUICK = Behaviour(ttft=0.02, gap=0.001, tokens=16)
FEW = ["--perf-number", "16", "--perf-input", "40", "--perf-output", "8", "--perf-extend", "0"]
# A conftest whose run is interrupted, as often, when the bench server has answered twenty requests.
INTERRUPTING = """
import json, os, signal, threading, time, urllib.request

def interrupt():
    while len(json.load(urllib.request.urlopen("{url}/truth"))["served"]) < 20:
        time.sleep(0.05)
    for _ in range({times}):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)

def pytest_runtest_setup(item):
    threading.Thread(target=interrupt, daemon=True).start()
"""
# In the process of the tests, so that what is set in them holds for the runs inside a test.
session = importlib.import_module("pytest_modeleval.perf.run.session")


@pytest.fixture(scope="module")
def _bench() -> Iterator[BenchServer]:
    with bench_server(QUICK) as server:
        yield server


@pytest.fixture
def bench(_bench: BenchServer) -> BenchServer:
    """A bench server that forgot what it did before."""
    _bench.behave(QUICK)
    return _bench


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key, a certificate for this machine and for model.invalid, and both in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,DNS:model.invalid,IP:127.0.0.1"]
    try:
        subprocess.run(
            [*command, *names, "-keyout", folder / "key", "-out", folder / "certificate"],
            check=True,
            capture_output=True,
        )
    except OSError:
        pytest.skip("no openssl to make a certificate with")
    (folder / "both").write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return folder


@pytest.fixture
def whatever_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads of a few short requests on whatever machine: only what the server does makes them invalid.

    What a machine's own slowness makes of the verdict is tested with `assert_honest`, under the bounds that users have.
    """
    anything = Bounds(own=9, parallel=0, rate=9)
    monkeypatch.setattr(session, "decide", partial(decide, bounds=anything))
    # By this pytest-benchmark takes a run inside a test for one of a worker, when these tests run under -n.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@pytest.fixture
def served(pytester: pytest.Pytester, bench: BenchServer) -> pytest.Pytester:
    """A project whose alias ``bench`` is the bench server."""
    pytester.makeini("[pytest]")
    alias(pytester, "bench", base_url=f"{bench.url}/v1", model="bench")
    return pytester


def perf(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A run of the project against the bench server."""
    return run(project, "--model", "bench", *arguments)
