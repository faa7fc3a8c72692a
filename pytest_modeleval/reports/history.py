"""The history of one sample over all runs, or of a benchmark's flakiest samples, as lines."""

import re
from collections.abc import Iterator, Sequence

import pytest

from pytest_modeleval.foreign import harmless
from pytest_modeleval.history.flips import Flips, flips_of
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.verdict import FIRST_RIGHT
from pytest_modeleval.names import id_part
from pytest_modeleval.options.options import unknown
from pytest_modeleval.record import ERROR
from pytest_modeleval.reports.columns import aligned, decimal
from pytest_modeleval.results.verdicts import shortened
from pytest_modeleval.store.rows import ScoreRow

# Samples that are listed unless all are asked for.
_FIRST = 20
_RULE = (
    "A flip is a change between right and wrong from one answer to the next of the same model to the same question "
    "(stored answers and errors left out); flaky is what changed and changed back, or differs among one run's repeats."
)


def history(past: Past, name: str, *, every: bool) -> list[str]:
    """What ``gsm8k[main-00042]`` or ``gsm8k`` did over all runs; `pytest.UsageError` for what no run asked."""
    match = re.fullmatch(r"(?:.*::)?(?:test_)?([^\[\]]+)(?:\[(.+)\])?", name)
    if match is None:
        raise pytest.UsageError(
            f"a history is that of a benchmark or of a sample such as gsm8k[main-00042], not of {name!r}"
        )
    benchmark, sample = match.groups()
    if benchmark not in (known := past.benchmarks()):
        raise unknown("benchmark in the run store:", benchmark, known)
    if sample is None:
        return _benchmark(past, benchmark, every=every)
    names: set[str] = set()
    found = []
    wanted = _spellings(past, sample)
    for attempt in _attempts(past, benchmark):
        names.add(attempt.name)
        if any(map(attempt.is_called, wanted)):
            found.append(attempt)
    if not found:
        # Thousands of samples are not listed: the closest is enough.
        how = f" modeleval history {benchmark} lists the flakiest."
        raise pytest.UsageError(str(unknown(f"sample of {benchmark}", sample, names)).partition(" Known:")[0] + how)
    return _sample(past, found)


def _spellings(past: Past, sample: str) -> set[str]:
    """What the sample may be called, where pytest's id of it has a model before it and a repeat behind it."""
    name = re.sub(r"-r\d+$", "", sample)
    models = {model for run in past.runs() for model in past.models(run)}
    return {name, *(name.removeprefix(f"{id_part(model)}-") for model in models)}


def _attempts(past: Past, benchmark: str) -> Iterator[ScoreRow]:
    for run in past.runs():
        yield from past.attempts(run, benchmark)


def _sample(past: Past, attempts: Sequence[ScoreRow]) -> list[str]:
    # In the order of time.
    runs = {run.id: run for run in past.runs()}
    order = list(runs)
    attempts = sorted(attempts, key=lambda each: (order.index(each.run), each.model, each.repeat))
    last = next((each for each in reversed(attempts) if each.expected is not None), attempts[-1])
    asked = shortened(past.asked(last.sample))
    judges = [_judges(past, attempt) for attempt in attempts]
    judged = int(any(judges))
    cells = [["run", "time", "model", "repeat", *["judge"] * judged, "outcome", "score", "seconds", "got"]]
    for attempt, names in zip(attempts, judges, strict=True):
        by = ", ".join(name.removeprefix("judge=") for name in names) or "-"
        cells.append(_cells(runs[attempt.run], attempt, [by] * judged))
    right = [False, False, False, True, *[False] * judged, False, True, True, False]
    lines = [f"{last.benchmark}[{last.name}]  asked {asked}, expected {shortened(last.expected or '')}", ""]
    lines += [*aligned(cells, right), ""]
    lines += [f"{harmless(model)}: {_told(flips)}" for (model, _, _), flips in flips_of(attempts).items()]
    return [*lines, _RULE]


def _judges(past: Past, attempt: ScoreRow) -> list[str]:
    """The names of those that were asked about one answer."""
    return sorted({row.judge for row in past.verdicts(attempt.run, item=attempt.item) if row.name != FIRST_RIGHT})


def _cells(run: Run, attempt: ScoreRow, judged_by: Sequence[str]) -> list[str]:
    seconds = "stored" if attempt.stored is not None else "-" if attempt.seconds is None else f"{attempt.seconds:.1f}"
    got = attempt.got if attempt.outcome != ERROR else attempt.why
    who = [run.short, run.time, attempt.model, str(attempt.repeat + 1), *judged_by]
    return [*who, attempt.outcome, decimal(attempt.value), seconds, "-" if got is None else shortened(got)]


def _told(flips: Flips) -> str:
    if flips.rate is None:
        return "one answer, so no flip rate yet"
    steady = "flaky" if flips.is_flaky else "not flaky"
    times = "1 flip" if flips.flips == 1 else f"{flips.flips} flips"
    return f"{times} in {flips.pairs + 1} answers, flip rate {flips.rate:.2f}: {steady}"


def _benchmark(past: Past, benchmark: str, *, every: bool) -> list[str]:
    found = flips_of(_attempts(past, benchmark))
    changed = {key: flips for key, flips in found.items() if flips.flips}
    order = sorted(changed, key=lambda key: (not changed[key].is_flaky, -(changed[key].rate or 0), key))
    flaky = sum(flips.is_flaky for flips in changed.values())
    lines = [f"{benchmark}: {len(found):,} samples by model, {len(changed):,} changed, {flaky:,} flaky", ""]
    if changed:
        shown = order if every else order[:_FIRST]
        cells = [["sample", "model", "flips", "flip rate", ""]]
        for key in shown:
            flips = changed[key]
            rate = f"{flips.flips}/{flips.pairs}", decimal(flips.rate), "flaky" if flips.is_flaky else ""
            cells.append([f"{benchmark}[{key[2]}]", key[0], *rate])
        lines += aligned(cells, [False, False, True, True, False])
        lines += [f"… and {len(order) - len(shown):,} more (--all shows all)"] if len(shown) < len(order) else []
        lines.append("")
    return [*lines, _RULE]
