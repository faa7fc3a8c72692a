"""The table [judge] of modeleval.toml: how judges are asked, and what their verdicts are good for."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.judging.believed import Demands, demands_of
from pytest_modeleval.judging.labels import kept_gives
from pytest_modeleval.judging.rubric import PLAIN_FIELDS, Labels, Preference, Rating, Rubric
from pytest_modeleval.judging.verdict import AGGREGATIONS, MEAN
from pytest_modeleval.options.config import Table
from pytest_modeleval.options.parsers import text
from pytest_modeleval.options.where import Where

AUTO, RULE, ALWAYS, RECALL = STRATEGIES = ("auto", "rule", "always", "recall")
LABELS, NUMBER = KINDS = ("labels", "number")
SWAPS = ("auto", "on", "off")
# What answers are judged by where the user asks for a judge and says no more.
RIGHT_OR_NOT: Mapping[str, float] = {"CORRECT": 1.0, "INCORRECT": 0.0}


@dataclass(frozen=True)
class JudgeSettings:
    """What the user says of judges.

    ``prompt``, ``scores`` (labels with their values), ``kind`` and ``pattern`` (an official mark) take the place of
    what rubrics over a question, a reference and an answer say; ``system`` is every judge's system prompt. ``repeats``
    are the verdicts that each judge gives, ``swap`` says whether two answers are shown in both orders ("auto": they
    are), ``aggregation`` how verdicts are joined, ``min_valid`` how many judges must have given one. ``strategy`` is
    for benchmarks that have a rule too: "auto" (the judge counts where there is one), "rule" (no judge is asked),
    "always", or "recall" (only what the rule calls wrong is judged). ``probe`` answers are judged once more with a
    verdict put into them. ``labels`` is a file of people's verdicts, ``believe`` what a gate wants these to show.
    """

    prompt: str | None = None
    system: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    kind: str | None = None
    pattern: str | None = None
    repeats: int = 1
    swap: str = "auto"
    aggregation: str = MEAN
    min_valid: int = 1
    strategy: str = AUTO
    probe: int = 0
    labels: Path | None = None
    believe: Demands = field(default_factory=Demands)

    def over(self, rubric: Rubric, prompt: str | None = None) -> Rubric:
        """The rubric with what the user says in its place; ``prompt`` is that of its benchmark.

        `pytest.UsageError` for one that lacks an answer that the rubric asks about.
        """
        system = rubric.system if self.system is None else self.system
        if rubric.is_plain and isinstance(rubric.gives, Labels | Rating):
            rubric = replace(rubric, gives=self._gives(rubric.gives))
            prompt = prompt or self.prompt
        try:
            rubric = rubric if prompt is None else rubric.with_prompt(prompt)
        except TypeError as error:
            # A text for another number of answers.
            raise pytest.UsageError(f"judge_prompt: {error}") from None
        return replace(rubric, system=system)

    def _gives(self, own: Labels | Rating) -> Labels | Rating:
        kind = self.kind or (LABELS if self.scores or isinstance(own, Labels) else NUMBER)
        if kind == LABELS:
            scores = self.scores or (own.values if isinstance(own, Labels) else RIGHT_OR_NOT)
            weights = own.weights if isinstance(own, Labels) else {}
            return Labels(scores, self.pattern or own.mark, weights)
        mark = self.pattern or own.mark
        return replace(own, mark=mark) if isinstance(own, Rating) else Rating(0, 1, mark)

    @property
    def pin(self) -> Mapping[str, Any]:
        """What a verdict depends on: two runs with other settings are not compared."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _NO_PIN}
        return {name: value for name, value in told.items() if value != getattr(_DEFAULT, name)}


@dataclass(frozen=True)
class JudgeSetup:
    """How a run asks its judges: the user's settings, and the secret that the marks around answers are made of.

    ``probed`` are the names of samples whose answers are judged once more with a verdict put into them, ``who`` says
    who the judges are.
    """

    settings: JudgeSettings = field(default_factory=JudgeSettings)
    secret: str = ""
    probed: frozenset[str] = frozenset()
    who: str = ""

    def pin(self, rubric: Rubric) -> str:
        """What stands for who judges by a rubric, and how: verdicts of another pin tell nothing of these.

        One hash for each of `PINNED`, as `pins_that_differ` reads it.
        """
        gives = [kept_gives(rubric.gives), rubric.gives.mark]
        told = [self.who, self.settings.pin, [rubric.prompt, rubric.system, gives]]
        return _PARTED.join(_short(json.dumps(each, sort_keys=True)) for each in told)


def pins_that_differ(one: str, other: str) -> list[str]:
    """Which of `PINNED` two pins do not have in common."""
    parts = zip(PINNED, one.split(_PARTED), other.split(_PARTED), strict=False)
    return [name for name, before, after in parts if before != after]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


# What the parts of a pin stand for, in words for people: the models and their generation settings; what [judge] says;
# a rubric's texts, and the verdicts that it asks for.
PINNED = ("models or their generation", "settings of [judge]", "prompt")
_PARTED = "-"
_DEFAULT = JudgeSettings()
# What changes no verdict.
_NO_PIN = {"probe", "labels", "believe"}
_TYPES: dict[str, tuple[type, ...]] = {
    "prompt": (str,),
    "system": (str,),
    "scores": (dict,),
    "kind": (str,),
    "pattern": (str,),
    "repeats": (int,),
    "swap": (str,),
    "aggregation": (str,),
    "min_valid": (int,),
    "strategy": (str,),
    "probe": (int,),
    "labels": (str,),
    "believe": (dict,),
}
assert set(_TYPES) == {each.name for each in fields(JudgeSettings)}


def judge_settings(tables: Mapping[str, Table], said: Mapping[str, Any]) -> JudgeSettings:
    """What the tables [judge] say, and over them what ``--eval-set judge.…`` has ``said``.

    `pytest.UsageError` for a key or value that is none.
    """
    settings: dict[str, Any] = {}
    for table in (*tables.values(), Table("--eval-set judge", said)):
        settings |= _checked(table)
    return JudgeSettings(**settings)


def prompt_of(where: str, template: str) -> str:
    """A judge's prompt that a user gives; `pytest.UsageError` where it has no answer, nor two of them."""
    try:
        is_pair = "{first}" in template and "{answer}" not in template
        Rubric(template, Preference() if is_pair else Labels(RIGHT_OR_NOT))
    except TypeError as error:
        raise pytest.UsageError(f"{where}: {error}") from None
    return template


def _checked(table: Table) -> dict[str, Any]:
    settings = table.checked(_TYPES)
    for key, least in (("repeats", 1), ("min_valid", 1), ("probe", 0)):
        if settings.get(key, least) < least:
            raise pytest.UsageError(f"{table.where}: {key} is a whole number of at least {least}, not {settings[key]}")
    for key, known in (("swap", SWAPS), ("aggregation", AGGREGATIONS), ("strategy", STRATEGIES), ("kind", KINDS)):
        if key in settings and settings[key] not in known:
            raise pytest.UsageError(f"{table.where}: {key} is one of {', '.join(known)}, not {settings[key]!r}")
    for key in settings.keys() & {"system", "prompt"}:
        settings[key] = text(Where(f"{table.where}: {key}", table.folder), settings[key])
    try:
        if "scores" in settings:
            settings["scores"] = Labels(settings["scores"]).values
        if "pattern" in settings:
            Rating(0, 1, settings["pattern"])
    except TypeError as error:
        raise pytest.UsageError(f"{table.where}: {error}") from None
    if settings.get("kind") == NUMBER and settings.get("scores"):
        raise pytest.UsageError(f'{table.where}: scores are for kind = "{LABELS}": leave one of them out')
    if "prompt" in settings:
        _refuse_other_fields(table.where, settings["prompt"])
    if "labels" in settings:
        settings["labels"] = Where(table.where, table.folder).path(settings["labels"])
    if "believe" in settings:
        settings["believe"] = demands_of(f"{table.where}: believe", settings["believe"])
    return settings


def _refuse_other_fields(where: str, template: str) -> None:
    try:
        rubric = Rubric(template, Labels(RIGHT_OR_NOT))
    except TypeError as error:
        raise pytest.UsageError(f"{where}: {error}") from None
    if others := rubric.fields - PLAIN_FIELDS:
        known = ", ".join(f"{{{name}}}" for name in sorted(PLAIN_FIELDS))
        raise pytest.UsageError(f"{where}: prompt has the field {{{min(others)}}}, and a judge is given {known}")
