"""Load tests of real parts: `transformers serve`, and a model in this process."""

import contextlib
import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_modeleval.models.spec import TINY, resolve
from pytest_modeleval.perf import speed
from tests.conftest import alias, run, run_alone
from tests.perf.truth import assert_honest


@pytest.mark.parametrize("endpoint", ["chat", "responses", "completions"])
def test_transformers_serve_is_loaded(
    pytester: pytest.Pytester, transformers_server: str, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    # By this pytest-benchmark takes a run inside a test for one of a worker, when these tests run under -n.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeini("[pytest]")
    alias(pytester, "served", base_url=transformers_server, model=str(TINY), generation={"temperature": 0})
    arguments = ["--perf-parallel", "2", "--perf-number", "8", "--perf-extend", "0", "--perf-output", "8"]
    arguments += ["--perf-input", "90", "--perf-tokenizer", str(TINY), "--perf-endpoint", endpoint, "--perf-out", "out"]
    result = run(pytester, "--model", "served", *arguments)

    (found,) = json.loads((pytester.path / "out" / "perf.json").read_text())["loads"]
    # On a busy machine the verdict may be that it cannot be measured there; what came is the same.
    assert_honest(found, result.ret)
    assert (found["requests"], found["errors"]) == (8, {})
    assert found["figures"]["mean_input_tokens"] == 90
    assert 0 < found["figures"]["max_output_tokens"] <= 8
    assert 0 < found["figures"]["p50_ttft"] < found["figures"]["p50_latency"]


def test_the_speed_of_the_bundled_model(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    result = run_alone(
        pytester, "--model", "tiny", "--perf-speed", "--perf-speed-lengths", "1,64,510", "--perf-output", "4", "-rs"
    )

    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.re_match_lines(
        [
            r"model +prompt +prefill tok/s +decode tok/s +first token +peak memory +device",
            r"tiny +1 +[\d.,]+ +[\d.,]+ +[\d.,]+ m?s +\d+\.\d\d GiB +\w+",
            r"tiny +64 ",
            r"SKIPPED .*510 tokens of prompt and 4 of answer are longer than the context of 512",
        ]
    )


def test_the_clock_is_read_when_the_device_has_done_what_it_was_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU is asked ahead of what it does."""
    events: list[str] = []

    def clock() -> int:
        events.append("clock")
        return len(events)

    model, _ = speed._opened(speed._Key(resolve("tiny", {}, {})))
    asked = model.register_forward_hook(lambda *_: events.append("ask"))
    monkeypatch.setattr(speed, "_finish", lambda _: events.append("done"))
    monkeypatch.setattr(speed, "time", SimpleNamespace(perf_counter=clock))

    first, whole = speed._run(model, 3, 2)

    asked.remove()
    assert events == ["done", "clock", "ask", "done", "clock", "ask", "done", "clock"]
    assert (first, whole) == (3, 6)


def test_a_served_model_has_no_speed_here(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    alias(pytester, "served", base_url="http://127.0.0.1:9/v1", model="m")
    result = run(pytester, "--model", "served", "--perf-speed")

    assert result.ret == 4
    result.stderr.re_match_lines([r"ERROR: --perf-speed measures a model in this process, and 'served' is behind http"])


# Ctrl-C as soon as some requests were answered.
INTERRUPTED = """
import signal
from pytest_modeleval.perf.reports.live import LiveLine

LiveLine.draw = lambda self, name, plan, progress: progress.done and signal.raise_signal(signal.SIGINT)
"""


def test_a_local_model_is_served_for_its_load_and_ends_with_ctrl_c(pytester: pytest.Pytester) -> None:
    pytest.importorskip("transformers.cli.transformers", reason="this transformers has no serve", exc_type=ImportError)
    pytester.makeini("[pytest]")
    pytester.makeconftest(INTERRUPTED)
    shutil.copytree(TINY, pytester.path / "folder")
    alias(pytester, "local", model="folder", args={"dtype": "float32", "device_map": "cpu"})
    arguments = ["--perf-parallel", "1", "--perf-number", "10000", "--perf-prompt", "Who?", "--perf-output", "4"]
    result = run_alone(pytester, "--model", "local", *arguments, "--perf-out", "out")

    assert result.ret == 2
    result.stdout.fnmatch_lines(["local: served by transformers serve on this machine, beside the load"])
    (found,) = json.loads((pytester.path / "out" / "perf.json").read_text())["loads"]
    assert (found["requests"] > 0, found["errors"]) == (True, {})
    assert not [path for path in Path("/proc").glob("[0-9]*/cwd") if _is_within(path, pytester.path)]


def _is_within(process: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return process.readlink() == folder and process.parent.name != str(os.getpid())
    return False
