"""Which samples to ask again, by what earlier runs said of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_modeleval.gate.baseline import read_baseline
from pytest_modeleval.gate.ledger import kept
from pytest_modeleval.history.flips import Key, flips_of
from pytest_modeleval.history.past import Past
from pytest_modeleval.items.collect import reported_name, selected
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import NO_IDS, Ids, by_number
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.record import ERROR, UNSCORED, WRONG
from pytest_modeleval.store.rows import RenamedRow, ScoreRow


@dataclass
class _Latest:
    """What the latest run said of a sample, and the score of the run before."""

    run: str = ""
    wrong: bool = False
    error: bool = False
    total: float = 0.0
    scored: int = 0
    before: float | None = None
    sign: int = 1

    def add(self, attempt: ScoreRow) -> None:
        if attempt.run != self.run:
            self.before = self.total / self.scored if self.scored else self.before
            self.run, self.wrong, self.error, self.total, self.scored = attempt.run, False, False, 0.0, 0
        self.wrong |= attempt.outcome == WRONG
        self.error |= attempt.outcome == ERROR
        if attempt.is_scored and attempt.value is not None:
            self.total += attempt.value
            self.scored += 1
            self.sign = attempt.values_are.sign

    def is_below(self, score: float | None) -> bool:
        """Whether it is scored, and worse."""
        if not self.scored or score is None:
            return False
        return self.sign * (kept(self.total / self.scored) - kept(score)) < 0


def read_only(folder: Path, models: Sequence[ModelSpec], options: Options, ids: Ids) -> list[Key] | None:
    """The samples that --eval-only names, by the store in ``folder``; None without the flag.

    What it, or the baseline, calls by a number is called by its id where ``ids`` have one.

    `pytest.UsageError` where a gate is asked for, or no run has asked these models.
    """
    if options.only is None:
        return None
    _refuse_gate(options)
    with closing(Past(folder)) as past:
        return to_rerun(past, [spec.name for spec in models], options, ids)


def leave_out(items: list[pytest.Item], wanted: Iterable[Sequence[str]], config: pytest.Config) -> None:
    """Deselect the items of all other samples."""
    keys = set(map(tuple, wanted))
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        (kept if _key(item) in keys else left).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=left)


def _key(item: pytest.Item) -> Key | None:
    """An item's sample as the history names it."""
    ref = selected(item)
    return ref and (ref.asked, reported_name(item, ref), str(ref.name))


def _refuse_gate(options: Options) -> None:
    """`pytest.UsageError` for a gate over samples that were chosen for how they went."""
    gates = {
        "--eval-min-score": options.min_score,
        "--eval-save-baseline": options.save_baseline,
        "--eval-baseline": options.baseline and options.only != "regressed",
    }
    for flag, given in gates.items():
        if given:
            raise pytest.UsageError(
                f"--eval-only {options.only} asks samples chosen for how they went, which no gate can weigh: "
                f"leave {flag} out"
            )


def to_rerun(past: Past, models: Sequence[str], options: Options, ids: Ids = NO_IDS) -> list[Key]:
    """The samples that --eval-only names, each by what the latest run of that model that asked it said."""
    runs = past.runs()
    known = {model for run in runs for model in past.models(run)}
    for model in models:
        if model not in known:
            raise unknown("model in the run store, for --eval-only:", model, known)
    attempts = _called(ids, (each for run in runs for each in past.attempts(run) if each.model in models))
    if options.only == "flaky":
        return sorted(key for key, flips in flips_of(attempts).items() if flips.is_flaky)
    latest = _latest(attempts)
    if options.only == "failed":
        return sorted(key for key, found in latest.items() if found.wrong)
    if options.only == "errors":
        return sorted(key for key, found in latest.items() if found.error)
    if options.baseline:
        scores = _scores(options, models, ids)
        return sorted(key for key, found in latest.items() if found.is_below(scores.get(key)))
    return sorted(key for key, found in latest.items() if found.is_below(found.before))


def _called(ids: Ids, attempts: Iterable[ScoreRow]) -> Iterator[ScoreRow]:
    """The attempts, by their samples' ids where they go by numbers: no later run may say yet which ids those have."""
    today = {benchmark: by_number(own) for benchmark, own in ids.items()}
    for each in attempts:
        name = today.get(each.benchmark, {}).get(each.name)
        yield RenamedRow.of(each, name) if name else each


def _latest(attempts: Iterable[ScoreRow]) -> dict[Key, _Latest]:
    found: dict[Key, _Latest] = {}
    for attempt in attempts:
        if attempt.outcome != UNSCORED:
            found.setdefault((attempt.model, attempt.benchmark, attempt.name), _Latest()).add(attempt)
    return found


def _scores(options: Options, models: Collection[str], ids: Ids) -> dict[Key, float]:
    """The baseline's scores, for each of the models: it may have been blessed under another name."""
    assert options.baseline is not None
    return {
        (model, benchmark, name): outcome.score
        for benchmark, part in read_baseline(options.baseline, ids=ids).parts.items()
        for name, outcome in part.samples.items()
        for model in models
    }
