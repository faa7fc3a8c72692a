"""A run that may fetch nothing asks no hub for models either."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import run_alone
from tests.hubs import HubServer


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    yield server
    server.close()


@pytest.mark.parametrize("early", ["", "import huggingface_hub.constants"], ids=["late", "imported before"])
@pytest.mark.parametrize("flags", [["test_answers.py"], ["--perf-speed"]], ids=["evaluation", "load"])
def test_no_model_is_looked_for_on_a_hub(
    project: pytest.Pytester, hub: HubServer, early: str, flags: list[str]
) -> None:
    project.makeconftest(early)

    result = run_alone(project, "--model", "owner/none", "--eval-offline", *flags)

    if flags == ["test_answers.py"]:
        result.stderr.fnmatch_lines(["ERROR: owner/none is not on this machine, *: hf download owner/none"])
    assert "owner/none" in result.stdout.str() + result.stderr.str()
    assert result.ret != 0
    assert not hub.asked
