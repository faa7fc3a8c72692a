"""Terminal-Bench: harbor's own results, as scores."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.harbor import rewarded
from tests.conftest import run


def trial(reward: float | None, *, valid: bool, raised: str = "") -> dict[str, Any]:
    """What harbor 0.26 writes of a trial, as far as it is read."""
    return {
        "task_name": "terminal-bench/x",
        "trial_name": "x__1",
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "exception_info": {"exception_type": raised, "exception_message": "m"} if raised else None,
        "reward_valid": valid,
    }


@pytest.mark.parametrize(
    ("found", "value", "why"),
    [
        (trial(1.0, valid=True), 1.0, ""),
        (trial(0, valid=True), 0.0, ""),
        (trial(0.5, valid=True), 0.5, ""),
        # It has a reward all the same: `harbor.models.trial.error_policy`.
        (trial(0.0, valid=True, raised="AgentTimeoutError"), 0.0, "AgentTimeoutError m"),
    ],
)
def test_a_reward_is_the_score(found: dict[str, Any], value: float, why: str) -> None:
    score = rewarded(found)
    assert (score.value, score.passed, score.why) == (value, value == 1, why)


@pytest.mark.parametrize(
    "found",
    [
        trial(None, valid=False, raised="EnvironmentStartTimeoutError"),
        trial(0.0, valid=False, raised="ApiRateLimitError"),
        trial(None, valid=False),
        {"verifier_result": {"rewards": {"one": 1, "two": 0}}, "reward_valid": True},
    ],
)
def test_what_has_no_reward_is_an_error(found: dict[str, Any]) -> None:
    with pytest.raises(SampleError, match="harbor gave"):
        rewarded(found)


def test_a_job_is_read_as_harbor_left_it(pytester: pytest.Pytester) -> None:
    job = pytester.path / "data" / "terminal_bench"
    results = {"a": trial(1.0, valid=True), "b": trial(0.0, valid=True), "c": trial(None, valid=False), "d": "{"}
    for name, found in results.items():
        (job / f"{name}__1").mkdir(parents=True)
        (job / f"{name}__1" / "result.json").write_text(found if isinstance(found, str) else json.dumps(found))
    # The job's own, which is no trial's.
    (job / "result.json").write_text("{}")

    result = run(pytester, "--model", "tiny", "--eval", "terminal_bench", "--eval-data", "data")

    assert result.parseoutcomes() == {"passed": 1, "failed": 1, "errors": 2}
    result.stdout.fnmatch_lines(["*main-00003?*result.json is no result of harbor: *"])


def test_without_a_job_it_says_what_makes_one(pytester: pytest.Pytester, tmp_path: Path) -> None:
    result = run(pytester, "--model", "tiny", "--eval", "terminal_bench", "--eval-data", str(tmp_path))
    result.stderr.fnmatch_lines(["*terminal_bench has no finished trials in *: harbor run -d terminal-bench@2.0 *"])
