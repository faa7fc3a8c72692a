"""The bench server in a process of its own, for as long as it is wanted."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_modeleval.perf.server.behaviour import Behaviour

# No proxy of the environment is between two processes of this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class BenchServer:
    """A running bench server."""

    # Of the server's root; the API is below ``/v1``.
    url: str
    process: int

    def truth(self) -> dict[str, Any]:
        """What it really did since the last `behave`: `serve.Served` of every request, and connections accepted."""
        with _direct.open(f"{self.url}/truth", timeout=60) as response:
            return dict(json.load(response))

    def behave(self, behaviour: Behaviour) -> None:
        """Behave so from now on, with an empty memory."""
        body = json.dumps(asdict(behaviour)).encode()
        _direct.open(urllib.request.Request(f"{self.url}/reset", body), timeout=10).close()


@contextlib.contextmanager
def bench_server(behaviour: Behaviour | None = None, *, tls: Path | None = None) -> Iterator[BenchServer]:
    """A bench server on a free port of this machine, ended with the block.

    With a certificate and key (PEM), ``truth`` and ``behave`` cannot be used, as nothing here trusts it.
    """
    flags = ["--attended", *(["--tls", str(tls)] if tls else [])]
    for name, value in asdict(behaviour or Behaviour()).items():
        flag = name.replace("_", "-")
        flags += [f"--{flag}" if value else f"--no-{flag}"] if isinstance(value, bool) else [f"--{flag}", str(value)]
    command = [sys.executable, "-m", "pytest_modeleval.perf.server", *flags]
    # Where the package was found, should it not be installed.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        address = process.stdout.readline()
        if not address:
            raise OSError(f"the bench server did not start: {' '.join(command)}")
        host, port = json.loads(address)
        yield BenchServer(f"{'https' if tls else 'http'}://{host}:{port}", process.pid)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
