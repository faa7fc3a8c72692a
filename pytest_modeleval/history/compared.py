"""What a run's end reads of the store: how its models compare, and what regressed samples asked and got."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from pytest_modeleval.gate.gate import Regressed
from pytest_modeleval.gate.ledger import Outcomes
from pytest_modeleval.gate.verdict import compared
from pytest_modeleval.history.difference import outcomes
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.results.finished import Comparison
from pytest_modeleval.statistics.means import finite
from pytest_modeleval.store.rows import StoredSample


def comparisons(folder: Path, run: Run, models: Sequence[str]) -> list[Comparison]:
    """How each two models of a run compare."""
    if len(models) < 2:
        return []
    with closing(Past(folder)) as past:
        return list(_comparisons(models, outcomes(past, run)))


def told(folder: Path, run: str, regressed: Sequence[Regressed]) -> list[Regressed]:
    """The samples with what they asked, expected and got; of several repeats, by the worst."""
    if not regressed:
        return []
    found: dict[tuple[str, str, str], StoredSample] = {}
    wanted = {(each.model, each.benchmark, each.sample) for each in regressed}
    with closing(Past(folder)) as past:
        for sample in past.samples(run, answers=False):
            key = sample.main.model, sample.main.benchmark, sample.main.name
            if key in wanted and (key not in found or _worth(sample) < _worth(found[key])):
                found[key] = sample
    return [_told(each, found.get((each.model, each.benchmark, each.sample))) for each in regressed]


def _worth(sample: StoredSample) -> float:
    """How good its score is: the higher, the better."""
    return sample.main.values_are.sign * (sample.main.value or 0)


def _told(each: Regressed, sample: StoredSample | None) -> Regressed:
    if sample is None:
        return each
    expected, got = sample.told.expected or sample.target or "", sample.told.got or ""
    return replace(each, asked=sample.asked, expected=expected, got=got)


def _comparisons(models: Sequence[str], of_models: Mapping[tuple[str, str], Outcomes]) -> Iterator[Comparison]:
    benchmarks = list(dict.fromkeys(benchmark for _, benchmark in of_models))
    samples = {key: found.samples for key, found in of_models.items()}
    # Of one that was in error throughout nobody knows what its scores would be.
    scales = {key: found.scale for key, found in of_models.items() if samples[key]}
    for one, two in combinations(models, 2):
        for benchmark in benchmarks:
            scale = scales.get((one, benchmark))
            if scale is None or scale != scales.get((two, benchmark)):
                continue
            # Both ends at 2.5 % are a 95 % interval.
            found = compared(
                benchmark,
                samples[one, benchmark],
                samples[two, benchmark],
                margin=0.01,
                alpha=0.025,
                scale=scale,
            )
            if found.n:
                better = found.regressions, found.fixes
                ends = finite(found.low), finite(found.high)
                yield Comparison(benchmark, (one, two), found.n, found.change, *ends, *better)
