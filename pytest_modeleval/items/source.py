"""An opened benchmark: its samples as they are asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

import pytest

from pytest_modeleval.datasets import Row, Rows
from pytest_modeleval.datasets.hub import HubRows
from pytest_modeleval.items.declare import Benchmark, Rule
from pytest_modeleval.items.image_limit import limited
from pytest_modeleval.items.prompts import composed, weighed
from pytest_modeleval.items.settings import Settings
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import Sample, SampleError


def numbers_of(benchmark: Benchmark, settings: Settings, rows: Rows, subset: str) -> Sequence[int]:
    """The rows of a subset that a benchmark's own settings leave, by their numbers: without such settings all."""
    among = benchmark.among
    # A collection's lines were chosen before.
    if among is None or not isinstance(rows, HubRows):
        return range(rows.count(subset))
    return rows.numbers(subset, lambda value: among(value, settings.own))


@dataclass
class Source:
    """A benchmark with its rows and the user's settings."""

    benchmark: Benchmark
    rows: Rows
    settings: Settings = field(default_factory=Settings)
    seed: int = 0
    repeats: int = 1
    shown: bool = False
    # The split that examples come from, by subset.
    _splits: dict[str, Sequence[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.settings.shots and self.benchmark.shots is None:
            raise pytest.UsageError(
                f"{self.benchmark.name} has no split of solved examples: ask it with 0 shots, not {self.settings.shots}"
            )
        rules = self.benchmark.rules
        if self.settings.rule is not None and not rules:
            raise pytest.UsageError(
                f"{self.benchmark.name} offers no rules to choose among: leave rule = {self.settings.rule!r} out"
            )
        if self.settings.rule is not None and self.settings.rule not in rules:
            raise unknown(f"rule of {self.benchmark.name}:", self.settings.rule, rules)

    @property
    def rule(self) -> str:
        """The name of the rule that scores, "" where the benchmark has no rules to choose from."""
        return self.settings.rule or next(iter(self.benchmark.rules), "")

    @property
    def scorer(self) -> Rule:
        """The rule itself; `pytest.UsageError` where the benchmark has none."""
        if not self.rule:
            raise pytest.UsageError(f"{self.benchmark.where}: {self.benchmark.name} takes a rule and declares none")
        return self.benchmark.rules[self.rule]

    @cached_property
    def aggregates(self) -> Mapping[str, Sequence[Any]]:
        """The benchmark's figures that are no means, as JSON, but those whose file is not beside the rows'."""
        folder = getattr(self.rows, "folder", None)
        found = {name: each.beside(folder) for name, each in self.benchmark.aggregates.items()}
        return {name: each.kept for name, each in found.items() if each is not None}

    def numbers(self, subset: str) -> Sequence[int]:
        """The rows of a subset that the settings leave, by their numbers."""
        return numbers_of(self.benchmark, self.settings, self.rows, subset)

    @property
    def hidden(self) -> str:
        """Why the sample's texts are in no report, and what shows them; empty where they are."""
        is_hidden = self.benchmark.protected and not self.shown
        return f"protected: {shows(self.benchmark.name)} shows its texts" if is_hidden else ""

    @property
    def shots(self) -> int:
        """How many solved examples a prompt has."""
        declared = self.benchmark.shots.number if self.benchmark.shots else 0
        return declared if self.settings.shots is None else self.settings.shots

    def sample(self, subset: str, index: int) -> Sample:
        """The sample of a row; `SampleError` when the row cannot be read or lacks a field."""
        row = self.rows.row(subset, index)
        to_sample, settings = self.benchmark.to_sample, self.settings
        sample = to_sample(row)
        examples = [to_sample(example) for example in self._examples(subset, index, row)]
        if settings.choices == "loglikelihood" and sample.options and not self.benchmark.is_async:
            return weighed(sample, examples, self.benchmark.cloze)
        asked = composed(
            sample,
            examples,
            template=settings.prompt or self.benchmark.prompt,
            system=settings.system,
            turns=settings.shots_as == "turns",
        )
        return asked if settings.image_limit is None else limited(asked, settings.image_limit)

    def _examples(self, subset: str, index: int, row: Row) -> list[Row]:
        """The sample's solved examples: a row with the sample's own content is never one of them."""
        number = self.shots
        if not number:
            return []
        assert self.benchmark.shots is not None
        split = self.benchmark.shots.split
        if subset not in self._splits:
            self._splits[subset] = self.rows.examples(subset, split)
        found: list[Row] = []
        for example in self._drawn(subset, index):
            if example != row:
                found.append(example)
            if len(found) == number:
                return found
        raise SampleError(
            f"{self.benchmark.name}: {subset}/{split} has {len(self._splits[subset])} rows, "
            f"{number} examples are asked for"
        )

    def _drawn(self, subset: str, index: int) -> Iterator[Row]:
        rows = self._splits[subset]
        if self.settings.shots_draw == "first":
            assert self.benchmark.shots is not None
            return (rows[place] for place in range(self.benchmark.shots.skipped, len(rows)))
        # One more than needed: the sample itself may be among them.
        random = Random(f"{self.seed} {self.benchmark.name} {subset} {index} shots")
        return (rows[place] for place in random.sample(range(len(rows)), min(len(rows), self.shots + 1)))


def shows(benchmark: str) -> str:
    """What is added to a command that is to show a protected benchmark's texts, by its name in tables."""
    return f"--eval-set run.show={benchmark.partition(' (')[0]}"
