"""Servers for the tests: a real one, and one that misbehaves on purpose."""

import contextlib
import importlib
import io
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import pytest_modeleval
from pytest_modeleval.asking import asker as asking
from pytest_modeleval.commands.main import main
from pytest_modeleval.models.spec import TINY
from tests import installed

# Imported here once, all of it, as a run inside a test forgets what it imported, and reads, rewrites and compiles it
# again: two thirds of such a run's time. `pytest --model NAME` in a checkout reads this file too, with whatever extras
# there are.
for name in (
    "pyarrow.parquet",
    *(module.name for module in pkgutil.walk_packages(pytest_modeleval.__path__, "pytest_modeleval.")),
):
    if not name.endswith(("__main__", "symbolic_worker", "schema_worker", "sandbox.server", "scicode_numbers")):
        with contextlib.suppress(ImportError, pytest.UsageError):
            importlib.import_module(name)

installed.remember()

with contextlib.suppress(ImportError):
    from hypothesis import settings

    # How long an example takes is that of the machine and of what else it does.
    settings.register_profile("untimed", settings(), deadline=None)
    settings.load_profile("untimed")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


class NamedFailures:
    """Names a test that fails as soon as it has: the whole takes minutes."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line(f"\nFAILED {report.nodeid} ({report.when})", red=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(NamedFailures(terminal))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have warnings be errors, and a test that hangs fail with what every thread was doing.

    Here, of the tests here, and not in the project's config: that one is also read when models are evaluated. By
    pytest-timeout, as pytest's own `faulthandler_timeout` is called off by a failure in a run inside a test.
    """
    patience = [] if config.getoption("timeout", 0) is not None else [pytest.mark.timeout(300)]
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for mark in (pytest.mark.filterwarnings("error"), *patience):
                item.add_marker(mark, append=False)


@pytest.fixture
def real_data() -> Path:
    """The folder with copies of the real datasets, where there is one."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no copies of the real datasets in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session", autouse=True)
def _heed_ctrl_c() -> None:
    """Some tests send Ctrl-C, and what a shell starts in the background does not heed it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_user_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CI", "BUILD_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    # A model of our own, so that sentences end at the same places on every machine.
    monkeypatch.setenv("NLTK_DATA", str(Path(__file__).parent / "nltk_data"))
    # Nothing may be fetched: what is not there is an error, at once.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A failed request is asked again sooner, in this process; how long it waits is tested in test_asking.py."""
    if request.path.name != "test_asking.py":
        monkeypatch.setattr(asking, "FIRST_PAUSE", 0.02)


@contextlib.contextmanager
def served(command: Sequence[str], folder: Path, patience: float, **environment: str) -> Iterator[str]:
    """The base URL of a server that a command starts; it says its health, and takes ``--host`` and ``--port``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said, until = folder / "said", time.monotonic() + patience
    with said.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
    try:
        while True:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[2]} does not serve: {said.read_text(errors='replace')[-2000:]}")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def transformers_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of `transformers serve` with the bundled model; its model's name is the bundled folder."""
    pytest.importorskip("transformers.cli.transformers", reason="this transformers has no serve", exc_type=ImportError)
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(TINY), "--device", "cpu"]
    with served(command, tmp_path_factory.mktemp("transformers"), 60) as address:
        yield address


class Patient(ThreadingHTTPServer):
    """A server that says nothing of a client which hangs up before it has its answer."""

    # More may knock at once than Python's five: the kernel drops the others' packets, and they knock again a second on.
    request_queue_size = 1024

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FaultyServer:
    """A chat server whose every request is answered by ``fault``; remembers what it was asked."""

    def __init__(self) -> None:
        self.fault: Callable[[BaseHTTPRequestHandler, dict[str, Any]], None] = answer("42")
        self.models = ["faulty"]
        # What it says of them beside their names, and what some tests let it wait for.
        self.says: dict[str, Any] = {}
        self.lists = True
        self.released = threading.Event()
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the kernel keeps an answer's second piece for 40 ms, until the first is acknowledged.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                if not outer.lists:
                    send(self, 503, {"error": "shutting down"})
                    return
                send(self, 200, {"data": [{"id": name, **outer.says} for name in outer.models]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.asked.append(body)
                outer.headers.append(dict(self.headers.items()))
                outer.paths.append(self.path)
                outer.fault(self, body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = Patient(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: object, **headers: str) -> None:
    """A whole JSON response."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def answer(
    text: str, fingerprint: str | None = None, **message: Any
) -> Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]:
    """A right response with this answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return lambda handler, _: send(
        handler, 200, {"choices": [choice], "usage": usage, "system_fingerprint": fingerprint}
    )


@pytest.fixture
def faulty_server() -> Iterator[FaultyServer]:
    """A server that answers 42 until told otherwise."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def other_server() -> Iterator[FaultyServer]:
    """A second one."""
    server = FaultyServer()
    yield server
    server.close()


# A benchmark of ten questions with the answer 42.
ANSWERS = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}: what is 6 * 7?"}, {"easy": 6, "hard": 4})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"), tags=["math"])
def test_answers(sample: Sample, completion: Completion) -> None:
    assert same_number(completion, sample.target)
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project with the benchmark ANSWERS in it."""
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_answers=ANSWERS)
    return pytester


@pytest.fixture
def faulty(project: pytest.Pytester, faulty_server: FaultyServer) -> FaultyServer:
    """The faulty server as the alias ``faulty`` of the project, with two attempts."""
    alias(project, "faulty", base_url=faulty_server.url, model="faulty", retries=1, timeout=60)
    return faulty_server


def alias(project: pytest.Pytester, name: str, **keys: object) -> None:
    """Add an alias to the project's modeleval.toml."""

    def toml(value: object) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
        return json.dumps(value)

    add_settings(project, "\n".join([f"[models.{name}]", *(f"{key} = {toml(value)}" for key, value in keys.items())]))


def add_settings(project: pytest.Pytester, toml: str) -> None:
    """Add tables to the project's modeleval.toml."""
    with (project.path / "modeleval.toml").open("a") as file:
        file.write(f"{toml}\n")


# Without what a user's project need not have; `-p NAME` brings one back (test_other_plugins.py).
OTHERS = (
    *("asyncio", "benchmark", "hypothesispytest", "html", "metadata"),
    *("pytest_cov", "randomly", "repeat", "rerunfailures", "timeout"),
)
WITHOUT = [argument for name in OTHERS for argument in ("-p", f"no:{name}")]


# What this file imports is there before the run that would rewrite its assertions.
IMPORTED = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in the project, in this process."""
    return project.runpytest(*WITHOUT, *arguments, *IMPORTED)


def modeleval(*arguments: str) -> pytest.RunResult:
    """Run `modeleval` in the current folder, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = int(str(end.code))
    return pytest.RunResult(status, out.getvalue().splitlines(), err.getvalue().splitlines(), 0)


def run_alone(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in the project in a process of its own, as torch wants it: it cannot be imported twice."""
    return project.runpytest_subprocess(*WITHOUT, *arguments)
