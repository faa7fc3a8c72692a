"""Loads in bad weather: what cannot be set up, what dies meanwhile, what never ends, and what was broken off."""

import contextlib
import importlib
import json
import os
import shlex
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.run import serving
from pytest_modeleval.perf.run.serving import Local
from pytest_modeleval.perf.server.process import BenchServer, bench_server
from tests.conftest import WITHOUT, FaultyServer, alias, run, send
from tests.perf.conftest import FEW, INTERRUPTING, perf

pytestmark = pytest.mark.usefixtures("whatever_machine")
calibrate = importlib.import_module("pytest_modeleval.perf.verdict.calibrate")


# What cannot be set up.


def limited(project: pytest.Pytester, limit: str, *arguments: str) -> pytest.RunResult:
    """A run under a limit of the shell's ``ulimit``."""
    command = shlex.join(
        [sys.executable, "-m", "pytest", *WITHOUT, "-p", "no:cacheprovider", "--model", "bench", *arguments]
    )
    return project.run("sh", "-c", f"ulimit {limit}; exec {command}")


def test_too_few_files_are_one_line_before_anything_is_sent(served: pytest.Pytester, bench: BenchServer) -> None:
    result = limited(served, "-n 64", "--perf-parallel", "1,128")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: 128 connections need \d+ open files, and 64 are allowed: see ulimit -n"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert bench.truth()["served"] == []


def test_a_few_connections_need_few_files(served: pytest.Pytester) -> None:
    assert limited(served, "-n 64", "--perf-parallel", "2", *FEW, "--perf-cached").ret in (0, 9)


def test_a_store_that_cannot_grow_is_one_line_before_anything_is_sent(
    served: pytest.Pytester, bench: BenchServer
) -> None:
    result = limited(served, "-f 8", "--perf-parallel", "2", *FEW)

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: cannot open the run store .*store.sqlite: "])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()
    assert bench.truth()["served"] == []


@pytest.mark.parametrize(
    ("blocked", "arguments", "message"),
    [
        (".modeleval", [], r"ERROR: cannot open the run store .*\.modeleval/store.sqlite: "),
        ("out", ["--perf-out", "out"], r"ERROR: --perf-out .*out cannot be written: File exists"),
        ("x", ["--perf-out", "/proc/none"], r"ERROR: --perf-out /proc/none cannot be written: "),
    ],
    ids=["store", "out", "no disk"],
)
def test_a_folder_that_cannot_be_written_is_one_line_before_anything_is_sent(
    served: pytest.Pytester, bench: BenchServer, blocked: str, arguments: list[str], message: str
) -> None:
    (served.path / blocked).write_text("a file")
    result = perf(served, "--perf-parallel", "2", *FEW, *arguments)

    assert result.ret == 4
    result.stderr.re_match_lines([message])
    assert bench.truth()["served"] == []


def test_a_load_that_cannot_be_kept_is_one_line_and_shown(served: pytest.Pytester) -> None:
    served.makeconftest(
        """
        import contextlib, sqlite3
        def pytest_runtest_setup(item):
            with contextlib.closing(sqlite3.connect(".modeleval/store.sqlite")) as connection:
                connection.execute("drop table loads")
        """
    )
    served.makepyfile(test_mine=LOADED)
    result = perf(served, "test_mine.py", "--perf-parallel", "2", *FEW, "--perf-out", "out")

    assert result.ret not in (0, 2, 3)
    result.stdout.re_match_lines([r"cannot write the run store .*no such table: loads.*", r"parallel=2 +16 +0 "])
    assert len(json.loads((served.path / "out" / "perf.json").read_text())["loads"]) == 1


# What dies.


def test_a_local_models_server_that_dies_ends_its_load_in_one_line(
    pytester: pytest.Pytester, bench: BenchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(["", ""])

    @contextlib.contextmanager
    def dying(_: ModelSpec) -> Iterator[Local]:
        yield Local(f"{bench.url}/v1", lambda: next(looks, "Killed: out of memory"))

    monkeypatch.setattr(serving, "served", dying)
    alias(pytester, "local", model=str(TINY))
    result = run(pytester, "--model", "local", "--perf-parallel", "2", "--perf-duration", "60s", "--perf-input", "40")

    assert result.ret == 1
    (said,) = {line for line in result.outlines if line.startswith("transformers serve ended while")}
    assert said.endswith("was loaded: Killed: out of memory")
    assert "Traceback" not in result.stdout.str()


def test_what_broke_a_load_is_one_line(served: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    session = importlib.import_module("pytest_modeleval.perf.run.session")

    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session, "run_load", broken)
    result = perf(served, "--perf-parallel", "2", *FEW)

    assert result.ret == 1
    result.stdout.re_match_lines([r"the load cannot go on: \[Errno 28\] No space left on device"])
    assert "Traceback" not in result.stdout.str()


def test_a_bench_server_that_dies_ends_a_calibration_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with bench_server() as bench:
        made = run_load

        def killing(*arguments: Any, **options: Any) -> Any:
            seen = made(*arguments, **options)
            os.kill(bench.process, signal.SIGKILL)
            return seen

        monkeypatch.setattr(calibrate, "run_load", killing)
        monkeypatch.setattr(calibrate, "bench_server", lambda _: contextlib.nullcontext(bench))
        with pytest.raises(pytest.UsageError, match="--perf-calibrate: this machine's own server ended: "):
            calibrate.calibrate(1, seconds=0.1)


# What never ends.


def drip(piece: bytes) -> tuple[list[int], Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]]:
    """A response that goes on for ever, a piece at a time, and the pieces sent of each."""
    sent: list[int] = []

    def respond(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "stream" not in body:
            send(handler, 400, {})
            return
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        count = 0
        with contextlib.suppress(OSError):
            while count < 2000:
                handler.wfile.write(piece)
                count += 1
                time.sleep(0.01)
        sent.append(count)
        handler.close_connection = True

    return sent, respond


@pytest.mark.parametrize(
    "piece",
    [b": ping\n\n", b"d", b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'],
    ids=["pings", "bytes", "tokens"],
)
def test_a_timeout_bounds_the_whole_request(faulty_server: FaultyServer, piece: bytes) -> None:
    sent, faulty_server.fault = drip(piece)
    asked = [LoadRequest(b'{"stream": true, "messages": []}')] * 2
    seen = run_load(reach(f"{faulty_server.url}/chat/completions"), asked, Plan(parallel=2, number=2, timeout=0.3))

    assert Counter(seen.records.texts("error")) == {"timeout": 2}
    assert seen.records.details["timeout"] == "not done after 0.3 s"
    assert [record.status for record in seen.records] == [200, 200]
    # Each was given up long before its end.
    while len(sent) < 2:
        time.sleep(0.01)
    assert max(sent) < 2000


def test_a_flood_is_given_up(faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.perf.client import pool

    monkeypatch.setattr(pool, "MOST_BYTES", 1 << 20)

    def flood(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "stream" not in body:
            send(handler, 400, {})
            return
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(b'data: {"choices": [{"index": 0, "delta": {"content": "x"}}]}\n\n' * 1000)

    faulty_server.fault = flood
    asked = [LoadRequest(b'{"stream": true, "messages": []}')]
    seen = run_load(reach(f"{faulty_server.url}/chat/completions"), asked, Plan(parallel=1, number=1, timeout=60))

    assert Counter(seen.records.texts("error")) == {"protocol": 1}
    assert seen.records.details["protocol"] == "an answer of more than 1 MiB"
    # Of what came nothing is read, which would take minutes and gigabytes.
    assert [list(record.clumps) for record in seen.records] == [[]]


@pytest.mark.parametrize("after", ["99999999999999999999", "Fri, 31 Dec 99999 23:59:59 GMT", "-1", "NaN"])
def test_a_load_heeds_no_retry_after(faulty_server: FaultyServer, after: str) -> None:
    faulty_server.fault = lambda handler, _: send(handler, 429, {"error": "slow down"}, retry_after=after)
    target = reach(f"{faulty_server.url}/chat/completions")
    seen = run_load(target, [LoadRequest(b"{}")] * 4, Plan(parallel=2, number=4))

    assert Counter(seen.records.texts("error")) == {"http 429": 4}


# What was broken off.

LOADED = """
import pytest

@pytest.mark.perf(parallel=2, number=20000, slo="p50_ttft<=10s", extend=0, prompt="Who?", output=8)
def test_mine(load):
    pass
"""


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_a_load_that_was_broken_off_passes_nothing(served: pytest.Pytester, bench: BenchServer, times: int) -> None:
    served.makeconftest(INTERRUPTING.format(url=bench.url, times=times))
    served.makepyfile(test_mine=LOADED)
    arguments = [
        "test_mine.py",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "--perf-out",
        "out",
        "--eval-write",
        "run.json",
    ]
    result = served.runpytest_subprocess("--model", "bench", *arguments)

    assert result.ret == 2
    assert not [line for line in result.outlines if " 1 passed" in line]
    assert json.loads((served.path / "run.json").read_text())["run"]["ended"] == "interrupted"
    if times == 1:
        result.stdout.re_match_lines(
            [r"parallel=2 .* INVALID", r"INVALID: it was broken off \(Ctrl-C\) with (1 request|2 requests) on"]
        )
        (found,) = json.loads((served.path / "out" / "perf.json").read_text())["loads"]
        assert "broken off" in " ".join(found["invalid"])
        assert [each["result"] for each in found["slo"]] == ["invalid"]
        assert not [line for line in result.outlines if line.startswith("passed")]
        result.stdout.re_match_lines([r"parallel=2 +\d+ +0 ", r"ended early: interrupted, [12] on their way"])
        assert len((served.path / "out" / "bench-test_mine-parallel=2.jsonl").read_text().splitlines()) >= 10
    (served.path / "conftest.py").unlink()
    gate = ["--perf-compare", "last", "--perf-compare-fail", "p50_ttft:300%", "--perf-number", "16"]
    assert perf(served, "test_mine.py", *gate).ret == 6


def test_loads_that_were_not_come_to_are_missed(served: pytest.Pytester) -> None:
    files = ("--eval-write", "run.json", "--eval-write", "run.md")
    result = perf(served, "--perf-parallel", "1,2,4", *FEW, "--perf-slo", "p50_latency<=1us", *files, "-x")

    assert result.ret == 1
    assert json.loads((served.path / "run.json").read_text())["run"]["ended"] == "interrupted"
    assert "interrupted: 1 of 3 selected tests were reported" in (served.path / "run.md").read_text().splitlines()


# What a server says.


def test_what_a_server_says_is_harmless_wherever_it_is_shown(
    served: pytest.Pytester, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("allure_pytest")
    monkeypatch.setenv("SERVERS_KEY", "key-1234567890")
    hostile = "\x1b]52;c;AAAA\x07\u202e<script>alert(1)</script> =HYPERLINK(1) my key-1234567890"

    def respond(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "stream" in body:
            send(handler, 500, hostile.encode())
        else:
            send(handler, 400, {})

    faulty_server.fault = respond
    alias(served, "s", base_url=faulty_server.url, model="m", headers={"x-key": "$SERVERS_KEY"})
    written = ["--eval-write", "page.html", "--junitxml", "junit.xml", "--alluredir", "allure", "--perf-out", "out"]
    result = run(served, "--model", "s", "--perf-parallel", "1", "--perf-number", "3", "--perf-prompt", "Hi", *written)

    shown = r"3 of 3 requests failed.*3 http 500 \(\\x1b\]52;c;AAAA\\x07\\u202e<script>.* my \*\*\*\)"
    result.stdout.re_match_lines([shown])
    assert faulty_server.headers[-1]["x-key"] == "key-1234567890"
    written_ = [path for path in served.path.rglob("*") if path.is_file() and ".pytest_cache" not in path.parts]
    texts = {path: path.read_bytes() for path in written_ if path.name != "modeleval.toml"}
    assert len(texts) > 5
    for path, text in [*texts.items(), (Path("terminal"), result.stdout.str().encode())]:
        assert b"key-1234567890" not in text, path
        assert b"\x1b]52" not in text, path
        assert "\u202e".encode() not in text, path
        assert b"<script>alert(1)" not in text or path.suffix not in (".html", ".svg"), path


def test_the_store_is_closed_when_a_run_is_over(served: pytest.Pytester) -> None:
    perf(served, "--perf-parallel", "2", *FEW)

    with contextlib.closing(sqlite3.connect(served.path / ".modeleval" / "store.sqlite")) as connection:
        assert connection.execute("select count(*) from runs where finished is not null").fetchone() == (1,)
    assert threading.active_count() < 50
