"""What pytest tells about itself works beside the plugin."""

import pytest

from pytest_modeleval.options.options import FLAGS
from pytest_modeleval.options.where import Where
from pytest_modeleval.perf.options.options import FLAGS as PERF_FLAGS
from tests.conftest import run

WITH_AND_WITHOUT_MODEL = pytest.mark.parametrize(
    "model", [(), ("--model", "tiny"), ("--model", "tiny", "--perf-parallel", "1")]
)


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run in a worker themselves, where pytest-benchmark warns of every run that loads."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


@WITH_AND_WITHOUT_MODEL
def test_help_shows_every_flag_and_its_percent_signs(project: pytest.Pytester, model: tuple[str, ...]) -> None:
    result = run(project, *model, "--help")

    assert result.ret == 0
    shown = " ".join(result.stdout.str().split())
    assert not [flag.name for flag in (*FLAGS, *PERF_FLAGS) if not flag.settings_only and f" {flag.name}" not in shown]
    assert "or such as 10% of their number (default: 0)" in shown
    assert "10%%" not in shown


def test_the_defaults_that_help_tells_are_those_that_hold() -> None:
    fixed = [flag for flag in (*FLAGS, *PERF_FLAGS) if flag.default not in (None, (), {}, False)]
    told = {flag.name: flag.help.rpartition("(default: ")[2].removesuffix(")") for flag in fixed}

    assert {flag.name: flag.read(Where(flag.name), told[flag.name]) for flag in fixed} == {
        flag.name: flag.default for flag in fixed
    }


@WITH_AND_WITHOUT_MODEL
@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("--markers", "@pytest.mark.perf(parallel=…, slo=…): a load test"),
        ("--fixtures", "completion -- "),
        ("--fixtures-per-test", ""),
        ("--version", "pytest "),
    ],
)
def test_what_pytest_knows_is_shown(project: pytest.Pytester, model: tuple[str, ...], asked: str, shown: str) -> None:
    result = run(project, *model, asked)

    assert result.ret == 0
    assert shown in result.stdout.str() + result.stderr.str()
