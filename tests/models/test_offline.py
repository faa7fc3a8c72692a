"""Models come from the hub of --eval-hub, and a run that may fetch nothing asks none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.models.spec import TINY
from tests.conftest import FaultyServer, alias, run_alone
from tests.hubs import HubServer
from tests.perf.conftest import FEW


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "cache"))
    yield server
    server.close()


@pytest.mark.parametrize("where", ["modelscope", "huggingface"])
@pytest.mark.parametrize("early", ["", "import huggingface_hub.constants"], ids=["late", "imported before"])
@pytest.mark.parametrize("flags", [["test_answers.py"], ["--perf-speed"]], ids=["evaluation", "load"])
def test_no_model_is_looked_for_on_a_hub(
    project: pytest.Pytester, hub: HubServer, early: str, flags: list[str], where: str
) -> None:
    project.makeconftest(early)

    result = run_alone(project, "--model", "owner/none", "--eval-hub", where, "--eval-offline", *flags)

    if flags == ["test_answers.py"]:
        fetched = "hf" if where == "huggingface" else where
        result.stderr.fnmatch_lines([f"ERROR: owner/none is not on this machine, *: {fetched} download owner/none"])
    assert "owner/none" in result.stdout.str() + result.stderr.str()
    assert result.ret != 0
    assert not hub.asked


TINY_FILES = {path.name: path.read_bytes() for path in TINY.iterdir() if path.is_file()}


def test_a_model_is_fetched_from_modelscope_once_and_is_there_offline(project: pytest.Pytester, hub: HubServer) -> None:
    commit = hub.commit("owner/tiny", {**TINY_FILES, "weights.gguf": b"x", "config.json": TINY_FILES["config.json"]})
    alias(project, "mine", model="owner/tiny", generation={"max_tokens": 4}, args={"dtype": "float32"})

    first = run_alone(project, "--model", "mine", "test_answers.py")
    asked = len(hub.asked)
    again = run_alone(project, "--model", "mine", "--eval-offline", "test_answers.py", "--eval-generation", "seed=1")

    for result in (first, again):
        result.assert_outcomes(failed=10)
    assert "model.safetensors" in hub.downloads()
    assert "weights.gguf" not in hub.downloads()
    assert any(commit in path for path in hub.asked)
    assert len(hub.asked) == asked


def test_an_alias_names_its_own_hub_and_a_wrong_one_is_one_line(project: pytest.Pytester) -> None:
    alias(project, "mine", model="owner/none", hub="huggingface")
    alias(project, "slip", model="owner/none", hub="hugingface")

    result = run_alone(project, "--model", "mine", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: *slip*: hub takes one of modelscope, huggingface, not 'hugingface'"])


def test_a_load_tests_tokenizer_comes_from_the_same_hub_without_weights(
    project: pytest.Pytester, hub: HubServer, faulty_server: FaultyServer
) -> None:
    hub.commit("owner/tiny", TINY_FILES)
    asked = ["--perf-tokenizer", "owner/tiny", "--perf-parallel", "1", *FEW]

    result = run_alone(project, "--model", faulty_server.url, *asked)
    offline = run_alone(project, "--model", faulty_server.url, *asked, "--eval-offline")

    assert "tokenizer.json" in hub.downloads()
    assert "model.safetensors" not in hub.downloads()
    for each in (result, offline):
        each.stdout.fnmatch_lines(["load test of faulty at *"])
        assert "--perf-tokenizer" not in each.stderr.str()


def test_a_model_that_modelscope_has_not_is_one_line(project: pytest.Pytester, hub: HubServer) -> None:
    result = run_alone(project, "--model", "owner/none", "test_answers.py")

    result.stderr.fnmatch_lines(
        [
            "ERROR: owner/none cannot be fetched from ModelScope: *; Hugging Face's is fetched with --eval-hub huggingface"
        ]
    )
