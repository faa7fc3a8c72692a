"""What harbor's verifier said of a trial (harbor 0.26, `harbor.models.trial.result.TrialResult`)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval.sample import SampleError, Score


def rewarded(trial: Mapping[str, Any]) -> Score:
    """The trial's reward, which is passed where it is 1; `SampleError` where harbor says that it has no valid one.

    An agent that ran out of time, or of context, has a reward; a machine, a verifier or an API that failed gave none
    (`harbor.models.trial.error_policy`).
    """
    raised = trial.get("exception_info") or {}
    why = f"{raised.get('exception_type', '')} {raised.get('exception_message', '')}".strip()
    rewards = (trial.get("verifier_result") or {}).get("rewards") or {}
    # Written since 0.20; before, a trial with rewards had valid ones.
    if not trial.get("reward_valid", bool(rewards)) or not rewards:
        raise SampleError(f"harbor gave {trial.get('trial_name', 'the trial')} no reward: {why or 'no reason is told'}")
    if len(rewards) > 1 and "reward" not in rewards:
        raise SampleError(
            f"harbor gave several rewards, and none of them is called reward: {', '.join(sorted(rewards))}"
        )
    value = float(rewards["reward"] if "reward" in rewards else next(iter(rewards.values())))
    return Score(value, value == 1.0, f"reward {value:g}", "reward 1", why)
