"""The bench server, in a process of its own for all tests of a file."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server

# As fast as a server can be that still takes its time.
QUICK = Behaviour(ttft=0.02, gap=0.001, tokens=16)


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
