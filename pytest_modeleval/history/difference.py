"""Two runs, sample by sample: what regressed, what was fixed, and which of it changes all the time anyway."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from pytest_modeleval.gate.baseline import refuse_other_scale
from pytest_modeleval.gate.ledger import Ledger, Outcomes
from pytest_modeleval.gate.verdict import Verdict, adjusted, compared
from pytest_modeleval.history.flips import flips_of
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.settings import PINNED, pins_that_differ
from pytest_modeleval.names import SampleName
from pytest_modeleval.record import Record
from pytest_modeleval.statistics.scale import PLAIN, Scale
from pytest_modeleval.store.rows import ScoreRow


@dataclass(frozen=True)
class Side:
    """One run's part in a change: the sample's mean score, and what each repeat got."""

    score: float
    got: list[str] = field(default_factory=list)


@dataclass
class Change:
    """A sample whose score is another one in the second run. ``flaky`` is its history's word over all runs."""

    benchmark: str
    models: tuple[str, str]
    sample: str
    flaky: bool
    before: Side
    after: Side
    asked: str = ""
    expected: str = ""
    scale: Scale = PLAIN

    @property
    def regressed(self) -> bool:
        """Whether the second run's score is the worse one."""
        return self.scale.sign * (self.after.score - self.before.score) < 0


@dataclass(frozen=True)
class Part:
    """One benchmark in both runs; pairs are (first run's, second run's)."""

    benchmark: str
    models: tuple[str, str]
    verdict: Verdict
    errors: tuple[int, int]
    only: tuple[int, int]
    asked_differently: int
    same_answers: int = 0
    judges: tuple[Sequence[str], Sequence[str]] = ((), ())
    # What is not the same of judges of the same names: of `judging.settings.PINNED`.
    judged_otherwise: Sequence[str] = ()

    @property
    def is_comparison(self) -> bool:
        """Whether two answers were compared anywhere, not a stored one with itself, and judged in the same way."""
        is_judged_alike = self.judges[0] == self.judges[1] and not self.judged_otherwise
        return (not self.same_answers or self.same_answers < self.verdict.n) and is_judged_alike

    @property
    def notes(self) -> Iterator[str]:
        """What is to be known of it, in lines."""
        before, after = (", ".join(names) or "no judge" for names in self.judges)
        if before != after:
            yield f"{self.benchmark}: judged by {before}, then by {after}: what changed may be their doing"
        elif self.judged_otherwise:
            how = " and ".join(self.judged_otherwise)
            yield f"{self.benchmark}: judged by {before} with other {how} than before: what changed may be their doing"
        if self.same_answers:
            yield f"{self.benchmark}: {self.same_answers:,} samples were judged by the same stored answers twice"
        if self.asked_differently:
            yield f"{self.benchmark}: {self.asked_differently:,} samples ask or expect something else than before"


@dataclass(frozen=True)
class Difference:
    """All that two runs have in common."""

    runs: tuple[Run, Run]
    parts: Sequence[Part]
    changes: Sequence[Change]


def difference(past: Past, runs: tuple[Run, Run], *, margin: float) -> Difference:
    """What changed from the first run to the second; `pytest.UsageError` when they have nothing in common."""
    before, after = (outcomes(past, run) for run in runs)
    pairs = _pairs(runs, before, after)
    verdicts = adjusted([_verdict(before[m, b], after[n, b], b, margin) for m, n, b in pairs])
    parts = [
        replace(
            _part(pair, verdict, before[pair[0], pair[2]], after[pair[1], pair[2]]),
            same_answers=_same_answers(past, runs, pair),
            judges=(past.judges(runs[0], pair[0], pair[2]), past.judges(runs[1], pair[1], pair[2])),
            judged_otherwise=_judged_otherwise(past, runs, pair),
        )
        for pair, verdict in zip(pairs, verdicts, strict=True)
    ]
    changed: dict[tuple[str, str, str, str], Change] = {}
    for one, two, benchmark in pairs:
        flaky = _flaky(past, (one, two), benchmark)
        for name, was, now in _changed(before[one, benchmark], after[two, benchmark]):
            changed[one, two, benchmark, name] = Change(
                benchmark, (one, two), name, name in flaky, Side(was), Side(now), scale=after[two, benchmark].scale
            )
    _add_texts(past, runs, changed)
    return Difference(runs, parts, list(changed.values()))


def _verdict(before: Outcomes, after: Outcomes, benchmark: str, margin: float) -> Verdict:
    if before.samples and after.samples:
        refuse_other_scale(benchmark, before.scale, after.scale)
    return compared(benchmark, before.samples, after.samples, margin=margin, scale=after.scale)


def outcomes(past: Past, run: Run) -> Mapping[tuple[str, str], Outcomes]:
    """A stored run's outcomes by model and benchmark; samples go by their names in items' ids."""
    ledger = Ledger()
    for record in records(past, run):
        ledger.add(record)
    return ledger.outcomes


def records(past: Past, run: Run) -> Iterator[Record]:
    """A stored run's records, with what the store keeps of them: of the scores the sample's own alone."""
    for each in past.attempts(run):
        name = SampleName.parse(each.name, each.subset) or SampleName(each.name, 0)
        scores = [("main", each.value, 1.0)] if each.is_scored and each.value is not None else []
        row = each.row if name.row is None else name.row
        who = each.model, each.benchmark, name.subset, each.group, row or 0, each.repeat
        scales = {"main": each.values_are} if each.scale else {}
        yield Record(*who, each.outcome, scores, scales, sample=each.content, line=name.line, id=name.id)


def _pairs(
    runs: tuple[Run, Run], before: Collection[tuple[str, str]], after: Collection[tuple[str, str]]
) -> list[tuple[str, str, str]]:
    """(first run's model, second run's model, benchmark): models by their names, or one with one whatever they are."""
    models = [sorted({model for model, _ in outcomes}) for outcomes in (before, after)]
    same = [(m, m) for m in models[0] if m in models[1]]
    if all(len(names) == 1 for names in models):
        same = [(models[0][0], models[1][0])]
    pairs = [(m, n, b) for m, n in same for _, b in sorted(key for key in before if key[0] == m) if (n, b) in after]
    if pairs:
        return pairs
    had = [", ".join(f"{b} of {m}" for m, b in sorted(outcomes)) for outcomes in (before, after)]
    raise pytest.UsageError(
        f"the runs {runs[0].short} and {runs[1].short} have nothing in common: the first asked {had[0]}, the second "
        f"{had[1]}"
    )


def _part(pair: tuple[str, str, str], verdict: Verdict, before: Outcomes, after: Outcomes) -> Part:
    was, now = before.samples, after.samples
    other = sum(was[name].content != now[name].content for name in was.keys() & now.keys())
    only = len(was.keys() - now.keys()), len(now.keys() - was.keys())
    return Part(pair[2], pair[:2], verdict, (before.errors, after.errors), only, other)


def _same_answers(past: Past, runs: tuple[Run, Run], pair: tuple[str, str, str]) -> int:
    """The samples that both runs scored by the same stored answers."""
    keys: list[dict[str, set[str | None]]] = [{}, {}]
    for run, model, found in zip(runs, pair[:2], keys, strict=True):
        for each in past.attempts(run, pair[2]):
            if each.model == model and each.is_scored:
                found.setdefault(each.name, set()).add(each.completion)
    before, after = keys
    return sum(before[name] == after[name] != {None} for name in before.keys() & after.keys())


def _judged_otherwise(past: Past, runs: tuple[Run, Run], pair: tuple[str, str, str]) -> list[str]:
    """What judges were, or were asked by, otherwise in the second run, on the samples that both have."""
    before, after = (_pins(past, run, model, pair[2]) for run, model in zip(runs, pair[:2], strict=True))
    told = {(before[key], after[key]) for key in before.keys() & after.keys()}
    found = {name for pins in told for name in pins_that_differ(*pins)}
    return [name for name in PINNED if name in found]


def _pins(past: Past, run: Run, model: str, benchmark: str) -> Mapping[tuple[str, str], str]:
    """The pin of each judgement on a model's answers, by the sample's hash and the judgement's name."""
    samples = {each.item: each.sample for each in past.attempts(run, benchmark) if each.model == model}
    return {(samples[row.item], row.name): row.pin for row in past.judgements(run.id) if row.item in samples}


def _changed(before: Outcomes, after: Outcomes) -> Iterator[tuple[str, float, float]]:
    now = after.samples
    for name, outcome in before.samples.items():
        if name in now and now[name].score != outcome.score:
            yield name, outcome.score, now[name].score


def _flaky(past: Past, models: Collection[str], benchmark: str) -> set[str]:
    attempts = (each for run in past.runs() for each in past.attempts(run, benchmark) if each.model in models)
    return {name for (_, _, name), flips in flips_of(attempts).items() if flips.is_flaky}


def _add_texts(past: Past, runs: tuple[Run, Run], changed: Mapping[tuple[str, str, str, str], Change]) -> None:
    """What the changed samples asked, expected and got, out of the second look at both runs."""
    for number, run in enumerate(runs):
        wanted = {(key[number], key[2], key[3]): change for key, change in changed.items()}
        for each in past.attempts(run):
            change = wanted.get((each.model, each.benchmark, each.name))
            if change is not None and each.is_scored:
                _add_text(past, change, (change.before, change.after)[number], each)


def _add_text(past: Past, change: Change, side: Side, attempt: ScoreRow) -> None:
    side.got.append(attempt.got if attempt.got is not None else attempt.why or "")
    change.expected = attempt.expected or change.expected
    change.asked = past.asked(attempt.sample) or change.asked
