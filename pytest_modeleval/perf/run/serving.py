"""Models of this machine, served to a load by `transformers serve` for as long as the run takes."""

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import IO

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.hub import place_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import StopRun

_HOST = "127.0.0.1"
# Seconds for loading the model, and for fetching it first.
_PATIENCE = 1800.0
# What an alias' args are called on the server's command line.
_FLAGS = {
    "dtype": "--dtype",
    "device_map": "--device",
    "attn_implementation": "--attn-implementation",
    "trust_remote_code": "--trust-remote-code",
    "chat_template_kwargs": "--chat-template-kwargs",
}
# How a model in this process is asked, which is the server's own business here.
_OURS = ("batch_size", "batching")
# No proxy of the environment is between two processes of this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Local:
    """A server of this machine: its base URL, and its last words ("" while it runs)."""

    url: str
    last_words: Callable[[], str]


class Serving:
    """Serves one local model at a time, as two would slow each other."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._served: ModelSpec | None = None
        self._local = Local("", lambda: "")
        # What a user should know, a line each.
        self.notes: list[str] = []

    def reached(self, spec: ModelSpec) -> ModelSpec:
        """The model behind an address: a local one is served from now on, every other is as it was."""
        if not spec.way.is_local:
            return spec
        try:
            spec = replace(spec, model=place_of(spec))
        except StopRun as error:
            raise pytest.UsageError(str(error)) from None
        if self._served != spec:
            self.close()
            self._local = self._open.enter_context(served(spec))
            self._served = spec
            self.notes.append(f"{spec.name}: served by transformers serve on this machine, beside the load")
        return replace(spec, api="openai", base_url=self._local.url)

    def refuse_dead(self) -> None:
        """`pytest.UsageError` when what is served has ended by itself."""
        if self._served and (why := self._local.last_words()):
            raise pytest.UsageError(f"transformers serve ended while {self._served.model} was loaded: {why}")

    def close(self) -> None:
        """End what is served."""
        self._served = None
        self._open.close()


@contextlib.contextmanager
def served(spec: ModelSpec) -> Iterator[Local]:
    """A server of a local model, on a free port that this machine alone can reach; ends with the block."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "fastapi", "uvicorn")):
        raise pytest.UsageError(
            f"a load on the local model {spec.name!r} needs transformers' server: "
            "pip install 'pytest-modeleval[serve]', or give the base_url of another one in an alias"
        )
    port = _free_port()
    command = ["transformers.cli.transformers", "serve", spec.model, *_flags(spec)]
    with tempfile.TemporaryFile() as said:
        # In a session of its own, as Ctrl-C is for the load, which then tells what it has. It ends with its input,
        # so with this process, however that ends.
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pytest_modeleval.perf.server.attended",
                *command,
                "--host",
                _HOST,
                f"--port={port}",
            ],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            # Where the package was found, should it not be installed.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            start_new_session=True,
        )
        try:
            _await(process, f"http://{_HOST}:{port}/health", spec, said)
            yield Local(f"http://{_HOST}:{port}/v1", lambda: "" if process.poll() is None else _last_line(said))
        finally:
            process.kill()
            process.communicate()


def _flags(spec: ModelSpec) -> Iterator[str]:
    for name, value in spec.args.items():
        if name in _OURS:
            if value == "continuous":
                yield "--continuous-batching"
        elif name not in _FLAGS:
            raise unknown(f"key in args of model {spec.name!r}, which is served here:", name, [*_FLAGS, *_OURS])
        elif isinstance(value, bool):
            yield _FLAGS[name] if value else _FLAGS[name].replace("--", "--no-", 1)
        else:
            yield from (_FLAGS[name], value if isinstance(value, str) else json.dumps(value))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_HOST, 0))
        return int(free.getsockname()[1])


def _await(process: "subprocess.Popen[bytes]", health: str, spec: ModelSpec, said: IO[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            _direct.open(health, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    why = f"nothing within {_PATIENCE:g} s" if process.poll() is None else _last_line(said)
    raise pytest.UsageError(f"transformers serve could not serve {spec.model}: {why}")


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    return one_line(lines[-1], 400) if lines else "it said nothing"
