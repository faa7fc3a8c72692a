"""vLLM serves the bundled model on the CPU: the same answers as in this process, and a load test."""

import importlib.util
import json
import sys
from collections.abc import Iterator

import pytest

from pytest_modeleval import evaluate
from pytest_modeleval.models.spec import TINY
from tests.conftest import alias, run, served
from tests.perf.truth import assert_honest

if not importlib.util.find_spec("vllm"):
    pytest.skip("vllm is not installed: tox -e partners", allow_module_level=True)


@pytest.fixture(scope="module")
def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of vLLM with the bundled model; its model's name is the bundled folder."""
    # Not by the command `vllm`: that of the CPU's wheel asks for a package of its name (0.32.0).
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(TINY), "--dtype", "float32"]
    command += ["--max-model-len", "512", "--enforce-eager"]
    environment = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    with served(command, tmp_path_factory.mktemp("vllm"), 240, **environment) as address:
        yield address


def test_its_answers_are_those_of_the_same_model_here(
    pytester: pytest.Pytester, vllm_server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    alias(pytester, "served", base_url=vllm_server, model=str(TINY), generation={"temperature": 0})
    here, there = (evaluate(name, eval="arithmetic", limit=60) for name in ("tiny", "served"))

    pairs = [
        (one["got"], other["got"], one["completion_tokens"] == other["completion_tokens"])
        for one, other in zip(here.samples, there.samples, strict=True)
    ]
    with capsys.disabled():
        print(f"\nvLLM: {len(pairs)} answers, differ {sum(one != other for one, other, _ in pairs)}")
    assert len(pairs) == 60
    assert all(one == other and same for one, other, same in pairs)


def test_it_is_loaded(pytester: pytest.Pytester, vllm_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    pytester.makeini("[pytest]")
    alias(pytester, "served", base_url=vllm_server, model=str(TINY), generation={"temperature": 0})
    arguments = ["--perf-parallel", "2", "--perf-number", "16", "--perf-output", "8", "--perf-extend", "0"]
    arguments += ["--perf-input", "90", "--perf-tokenizer", str(TINY), "--perf-out", "out"]
    result = run(pytester, "--model", "served", *arguments)

    (found,) = json.loads((pytester.path / "out" / "perf.json").read_text())["loads"]
    assert_honest(found, result.ret)
    assert (found["requests"], found["errors"]) == (16, {})
    # Its own count, by the chat template that both have.
    assert found["figures"]["mean_input_tokens"] == 90
    assert found["figures"]["max_output_tokens"] == 8
    assert 0 < found["figures"]["p50_ttft"] < found["figures"]["p50_latency"]
