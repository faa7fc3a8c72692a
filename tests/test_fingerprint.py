"""What a run's scores depend on, and what of it a gate compares."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.datasets.generated import generated
from pytest_modeleval.gate.baseline import MATTERS
from pytest_modeleval.items.declare import Benchmark, Shots
from pytest_modeleval.items.filters import read_filter
from pytest_modeleval.items.prompts import Cloze
from pytest_modeleval.items.settings import Settings
from pytest_modeleval.items.source import Source
from pytest_modeleval.judging.rubric import Judging
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.images import ImageLimit
from pytest_modeleval.results.fingerprint import pins_of
from pytest_modeleval.sample import Sample
from pytest_modeleval.scorers.numbers import same_number
from pytest_modeleval.scorers.texts import same_text
from tests.conftest import ANSWERS, FaultyServer, run

ROWS = generated(lambda subset, index: {"q": index}, {"main": 1})
# Another value of each setting than that of `Settings()`.
OTHER: dict[str, Any] = {
    "shots": 2,
    "shots_draw": "seeded",
    "shots_as": "message",
    "choices": "loglikelihood",
    "system": "Be brief.",
    "prompt": "Question: {q}",
    "image_limit": ImageLimit(side=512),
    "filters": (read_filter("here", "strip"),),
    "rule": "text",
    "judge_prompt": "{answer}?",
    "own": {"start_date": "2025-01-01"},
}


def body(sample: Sample, completion: object, rule: object) -> None:
    assert sample


BENCHMARK = Benchmark(
    dataset=ROWS,
    to_sample=lambda row: Sample(row, "1"),
    prompt="{q}",
    cloze=Cloze(),
    tags=(),
    shots=Shots(1, "train"),
    harmonic={},
    aggregates={},
    rules={"number": same_number, "text": same_text},
    protected=False,
    probe=False,
    judging=Judging(),
    body=body,
)


def pins(folder: Path, settings: Settings, **spec: Any) -> dict[str, str]:
    source = Source(BENCHMARK, rows=None, settings=settings)  # type: ignore[arg-type]
    found = pins_of(
        source, ModelSpec("m", "openai", "m", **spec), folder / "datasets.json", {"judge": "gpt5"}, "strict"
    )
    return {pin: found.get(pin, "") for pin in MATTERS}


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_that_shapes_a_question_or_its_score_is_pinned(tmp_path: Path, name: str) -> None:
    assert OTHER[name] != getattr(Settings(), name)

    assert pins(tmp_path, replace(Settings(), **{name: OTHER[name]})) != pins(tmp_path, Settings())


def test_the_models_own_settings_are_pinned(tmp_path: Path) -> None:
    assert pins(tmp_path, Settings(), generation={"seed": 1}) != pins(tmp_path, Settings())


HELPERS = """
LEAST = 40

def passes(text):
    return int(text) > LEAST

def unrelated(text):
    return text
"""

READING = """
from helpers import passes
""" + ANSWERS.replace("assert same_number", "assert passes(completion.text) and same_number")


@pytest.fixture
def helped(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A benchmark that scores by a module of helpers, with a baseline of it."""
    project.makepyfile(test_answers=READING, helpers=HELPERS)
    result = compare(project, "--eval-save-baseline", "b.json")
    assert result.ret == 0
    return project


def compare(project: pytest.Pytester, *flags: str) -> pytest.RunResult:
    return run(project, "--model", "faulty", "test_answers.py", *(flags or ("--eval-baseline", "b.json")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def unrelated", "def same_set(text):\n    return set(text)\n\n\ndef unrelated"),
        ("    return text", "    return text.strip()"),
        ("int(text) > LEAST", "(\n        int(text) > LEAST  # at least\n    )"),
    ],
    ids=["a function more", "another function", "the layout"],
)
def test_what_a_scorer_does_not_reach_may_change_under_a_baseline(
    helped: pytest.Pytester, before: str, after: str
) -> None:
    helped.makepyfile(helpers=HELPERS.replace(before, after))

    result = compare(helped)

    assert "scorer" not in result.stderr.str()
    result.stdout.re_match_lines([r"answers  (passed|inconclusive) +change .*"])


def test_a_constant_that_a_scorer_reads_is_pinned(helped: pytest.Pytester) -> None:
    helped.makepyfile(helpers=HELPERS.replace("LEAST = 40", "LEAST = 41"))

    result = compare(helped)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: answers: the baseline's scorer was code:*, this run's is code:*"])


def test_a_baseline_of_a_version_before_says_so_in_one_line_and_may_be_waived(helped: pytest.Pytester) -> None:
    path = helped.path / "b.json"
    text = path.read_text()
    written = text[text.index('"scorer": "code:') :].partition('"scorer": "')[2].partition('"')[0]
    path.write_text(text.replace(written, "0123456789abcdef"))

    result = compare(helped)
    waived = compare(helped, "--eval-baseline", "b.json", "--eval-set", "gate.waive=scorer")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert line.startswith("ERROR: answers: the baseline was made by a version before")
    assert line.endswith("Bless a new run, or waive it with --eval-set gate.waive=scorer")
    waived.stdout.re_match_lines([r"answers  (passed|inconclusive) +change .*"])
