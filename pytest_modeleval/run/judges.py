"""How a run asks its judges: the user's settings, the store's secret, and the samples that are probed."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from pytest_modeleval.asking.given import taken_roles
from pytest_modeleval.items.collect import selected
from pytest_modeleval.judging.settings import JudgeSettings, JudgeSetup, judge_settings
from pytest_modeleval.judging.votes import read_votes
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import Options
from pytest_modeleval.options.sources import Settings
from pytest_modeleval.store.store import Store


def settings_of_judges(settings: Settings, options: Options) -> JudgeSettings:
    """What [judge] says; `pytest.UsageError` for what it cannot mean."""
    return judge_settings(settings.tables["judge"], options.set.get("judge", {}))


def setup_of_judges(
    settings: JudgeSettings, who: str, store: Store, items: Sequence[pytest.Item], seed: int
) -> JudgeSetup:
    """How the judges, ``who`` they are (`who_has`), are asked; every process probes the same samples."""
    if not who:
        return JudgeSetup(settings)
    judged = sorted({str(ref.item) for item in items if (ref := selected(item)) and "judge" in taken_roles(item)})
    probed = Random(f"{seed} probe").sample(judged, min(settings.probe, len(judged)))
    return JudgeSetup(settings, store.secret, frozenset(probed), who)


def with_settings(roles: Mapping[str, str], settings: JudgeSettings) -> dict[str, str]:
    """Who has each role (`who_has`), the judges with what [judge] says of them."""
    said = json.dumps(settings.pin, sort_keys=True) if settings.pin else ""
    return {role: f"{who} {said}".strip() if role == "judge" else who for role, who in roles.items()}


def refuse_judges(judges: Sequence[ModelSpec], settings: JudgeSettings) -> None:
    """`pytest.UsageError` for a judge that is named twice, and for fewer judges than are to agree."""
    seen: dict[str, str] = {}
    for judge in judges:
        if (other := seen.setdefault(_who(judge), judge.name)) != judge.name or judges.count(judge) > 1:
            raise pytest.UsageError(f"{judge.name}: this judge is given twice, also as {other}: leave one of them out")
    if judges and settings.min_valid > len(judges):
        given = "1 is" if len(judges) == 1 else f"{len(judges)} are"
        raise pytest.UsageError(
            f"min_valid = {settings.min_valid} of [judge] wants a verdict of so many judges, and {given} given"
        )


def partial_judges(models: Sequence[ModelSpec], judges: Sequence[ModelSpec]) -> list[str]:
    """A line for each judge that is a model under evaluation: judges prefer their own words (arXiv:2404.13076)."""
    own = {_who(model): model.name for model in models}
    return [
        f"{judge.name} is {own[_who(judge)]}, the model under evaluation: judges prefer their own words"
        for judge in judges
        if _who(judge) in own
    ]


def passed_over(settings: JudgeSettings) -> list[str]:
    """A line for what [judge] says of single answers, in an arena, where it says nothing."""
    default = JudgeSettings()
    named = [key for key in ("prompt", "strategy", "probe") if getattr(settings, key) != getattr(default, key)]
    if not named:
        return []
    instead = "; arena_prompt of [run] is what is asked" if "prompt" in named else ""
    are = "are" if len(named) > 1 else "is"
    return [f"{' and '.join(named)} of [judge] {are} about single answers, not battles{instead}"]


def idle_votes(judges: Sequence[ModelSpec], used: Collection[str]) -> list[str]:
    """A line for people's votes none of which is on two answers of the run."""
    return [
        f"{judge.name}: none of its votes is on two answers of this run, which may be others than those voted on"
        for judge in judges
        if judge.way.is_votes and judge.name not in used
    ]


def seeds_of_votes(judges: Sequence[ModelSpec]) -> dict[str, int | None]:
    """The seed by which those pairs were drawn that people voted on, by the judge that their votes are."""
    return {judge.name: read_votes(Path(judge.model)).seed for judge in judges if judge.way.is_votes}


def _who(spec: ModelSpec) -> str:
    return json.dumps([spec.identity or [spec.api, spec.endpoint, spec.model], sorted(spec.args)], default=str)
