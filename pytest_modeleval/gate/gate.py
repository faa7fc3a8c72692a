"""One run's gate: its baseline and thresholds, what they say together, and the exit status."""

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pytest_modeleval.gate.baseline import (
    Baseline,
    Part,
    read_baseline,
    refuse_other_content,
    refuse_other_names,
    refuse_other_pins,
    refuse_other_scale,
    write_baseline,
)
from pytest_modeleval.gate.early import EarlyStop, refuse_options
from pytest_modeleval.gate.ledger import Ledger, Outcomes
from pytest_modeleval.gate.verdict import Result, Threshold, Verdict, adjusted, advised, against_least, compared
from pytest_modeleval.names import NO_IDS, Ids
from pytest_modeleval.options.options import Options, unknown
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.record import Record
from pytest_modeleval.statistics.paired import needed_pairs
from pytest_modeleval.statistics.scale import PLAIN, Scale


class Exit(enum.IntEnum):
    """The exit status of a run; 2 to 5 keep pytest's own meaning."""

    PASSED = 0
    REGRESSION = 1
    INCONCLUSIVE = 6
    TOO_MANY_ERRORS = 7
    BUDGET_SPENT = 8
    INVALID = 9
    MOSTLY_ERRORS = 10


@dataclass(frozen=True)
class Rate:
    """The share of one benchmark's samples that are errors, against the most that is accepted.

    ``skipped`` are further ones without a verdict: those that the test skipped when it had their answers.
    """

    name: str
    errors: int
    n: int
    most: float
    skipped: int = 0

    @property
    def result(self) -> Result:
        """Passed, or failed for too many errors."""
        return Result.PASSED if self.errors + self.skipped <= self.most * self.n else Result.FAILED


@dataclass(frozen=True)
class GateDecision:
    """What a gate says of a run."""

    verdicts: Sequence[Verdict] = ()
    thresholds: Sequence[Threshold] = ()
    rates: Sequence[Rate] = ()

    def exit_status(self, *, inconclusive_passes: bool) -> Exit:
        """The worst of what was found: too many errors, then a regression, then an inconclusive gate."""
        results = {verdict.result for verdict in self.verdicts} | {each.result for each in self.thresholds}
        if any(rate.result is Result.FAILED for rate in self.rates):
            return Exit.TOO_MANY_ERRORS
        if Result.FAILED in results:
            return Exit.REGRESSION
        if Result.INCONCLUSIVE in results and not inconclusive_passes:
            return Exit.INCONCLUSIVE
        return Exit.PASSED


@dataclass(frozen=True)
class Regressed:
    """A sample that scored worse than before. ``flaky`` is its history's word, where that was looked at.

    What it asked, expected and got now is empty where nobody may see it, and where the store does not have it.
    """

    model: str
    benchmark: str
    sample: str
    before: float
    after: float
    flaky: bool = False
    asked: str = ""
    expected: str = ""
    got: str = ""


class Gate:
    """The gate that the options ask for; reads the baseline at once, so that a broken one costs no answer."""

    def __init__(self, options: Options, *, lines: bool = False, ids: Ids = NO_IDS) -> None:
        self.options = options
        self.ledger = Ledger(twice=options.aa)
        self.baseline = read_baseline(options.baseline, lines=lines, ids=ids) if options.baseline else None
        self.early = self._early_stop()
        if self.decides and options.cache in (Cache.ONLY, Cache.ANY):
            raise pytest.UsageError(
                f"a gate judges answers of its own run, and a baseline is made of such: leave --eval-cache "
                f"{options.cache.value} out"
            )

    def _early_stop(self) -> EarlyStop | None:
        if not self.options.stop_early:
            return None
        refuse_options(self.options)
        assert self.baseline is not None
        return EarlyStop(self.options.margin, self.options.seed, self.baseline.parts)

    @property
    def is_active(self) -> bool:
        """Whether the exit status is the gate's."""
        return self.baseline is not None or bool(self.options.min_score)

    @property
    def decides(self) -> bool:
        """Whether the run's answers are judged or blessed, so that they must be its own."""
        return self.is_active or self.options.save_baseline is not None

    def discordance(self, benchmark: str) -> float | None:
        """The share of samples on which two runs of the baseline's model differ; None where no baseline tells."""
        part = self.baseline.parts.get(benchmark) if self.baseline else None
        return part.discordance if part else None

    def refuse_pins(self, benchmark: str, pins: Mapping[str, str]) -> None:
        """`pytest.UsageError` when the run would ask or score in another way than the baseline's did."""
        if self.baseline is None:
            return
        part = self._part(benchmark)
        known = {self.baseline.run, *part.pins.get("answers", "").split()}
        if not known.isdisjoint(pins.get("answers", "").split()):
            raise pytest.UsageError(
                f"{benchmark}: the baseline {self.options.baseline} was made of these recorded answers, and no "
                "model is compared with another: replay another system's, or ask the model"
            )
        refuse_other_pins(benchmark, part, pins, self.options.waive)

    def refuse_selection(self, samples: Mapping[str, Collection[str]], parts: Mapping[str, Collection[str]]) -> None:
        """`pytest.UsageError` when benchmarks or samples are selected that the gate does not know, or the reverse.

        ``samples`` and ``parts`` (subsets and groups) are those of this run, by benchmark.
        """
        for spec in self.options.min_score:
            benchmark, _, part = spec.partition(":")
            if benchmark not in samples:
                raise unknown("benchmark in --eval-min-score, none of this run:", benchmark, samples)
            if part and part not in parts[benchmark]:
                raise unknown(f"part of {benchmark} in --eval-min-score:", part, parts[benchmark])
        for benchmark, names in samples.items() if self.baseline else ():
            part_of = self._part(benchmark)
            self.refuse_least(benchmark, part_of.scale)
            refuse_other_names(benchmark, _of(part_of, names), names, whole=self._is_whole)
            self._refuse_unresolvable(benchmark, part_of, len(names))

    def add(self, record: Record) -> None:
        """Count a record; `pytest.UsageError` where it tells that a least score can never be reached, or always is."""
        self.ledger.add(record)
        if record.scores:
            self.refuse_least(record.benchmark, record.scales.get("main", PLAIN))

    def refuse_least(self, benchmark: str, scale: Scale) -> None:
        """`pytest.UsageError` for a least score that no sample of this scale can have."""
        for spec, least in self.options.min_score.items():
            if spec.partition(":")[0] == benchmark and not scale.holds(least):
                share = max(f"{least / 100:.2f}", f"{least / 100:g}", key=len)
                meant = f"; did you mean {share}?" if scale.ends == PLAIN.ends and 1 < least <= 100 else ""
                raise pytest.UsageError(
                    f"--eval-min-score {spec} takes a score such as those of {benchmark}, {scale.said_range}, "
                    f"not {least:g}{meant}"
                )

    def decide(self, advice: Mapping[tuple[str, str], str]) -> GateDecision:
        """What the outcomes so far say; `pytest.UsageError` when they cannot be compared.

        Of a model and benchmark with an ``advice``, that nothing is decided, and why.
        """
        rates = [self._rate(*key, part) for key, part in self.ledger.outcomes.items()]
        verdicts = adjusted([advised(verdict, advice.get(key, "")) for key, verdict in self._verdicts()])
        thresholds = [advised(threshold, advice.get(key, "")) for key, threshold in self._thresholds()]
        return GateDecision(verdicts, thresholds, rates)

    def _rate(self, model: str, benchmark: str, part: Outcomes) -> Rate:
        """The share of errors, with what a test skips by its answer, unless the baseline's run skipped it too."""
        before = self.baseline.parts.get(benchmark) if self.baseline else None
        skipped = len(part.passed_over if before is None else part.passed_over & before.samples.keys())
        return Rate(
            self._name(model, benchmark), part.errors, part.asked + skipped, self.options.max_error_rate, skipped
        )

    @property
    def regressed(self) -> list[Regressed]:
        """The samples that scored worse than in the baseline."""
        found = []
        for (model, benchmark), now in self.ledger.outcomes.items() if self.baseline else ():
            part = self.baseline.parts.get(benchmark) if self.baseline else None
            before = part.samples if part else {}
            found += [
                Regressed(model, benchmark, name, before[name].score, outcome.score)
                for name, outcome in now.samples.items()
                if name in before and now.scale.sign * (outcome.score - before[name].score) < 0
            ]
        return found

    @property
    def left_out(self) -> list[str]:
        """A line where the baseline has benchmarks or subsets of which this run asked nothing."""
        if self.baseline is None:
            return []
        missing: dict[str, int] = {}
        for benchmark, part in self.baseline.parts.items():
            now = [outcomes for (_, name), outcomes in self.ledger.outcomes.items() if name == benchmark]
            asked = {_start(name) for outcomes in now for name in outcomes.samples.keys() | outcomes.unscored}
            for name in part.samples:
                if _start(name) not in asked:
                    what = f"{benchmark}:{_start(name)}" if asked else benchmark
                    missing[what] = missing.get(what, 0) + 1
        names = ", ".join(f"{what} ({n:,} samples)" for what, n in missing.items())
        return [f"the baseline also has {names}, of which this run asked nothing: the gate says nothing of it"] * bool(
            names
        )

    def save(self, path: Path, run: str) -> None:
        """Write this run's outcomes as the new baseline."""
        parts = {
            benchmark: Part(part.pins, part.samples, part.discordance, part.unscored - part.samples.keys(), part.scale)
            for (_, benchmark), part in self.ledger.outcomes.items()
        }
        (model,) = {model for model, _ in self.ledger.outcomes} or {""}
        if not any(part.samples for part in parts.values()):
            raise pytest.UsageError("nothing was scored: there is nothing to save as a baseline")
        write_baseline(path, Baseline(model, parts, run))

    def _name(self, model: str, benchmark: str) -> str:
        return benchmark if len({name for name, _ in self.ledger.outcomes}) == 1 else f"{model} {benchmark}"

    @property
    def _is_whole(self) -> bool:
        return not (self.options.limit or self.options.limit_per_subset)

    def _part(self, benchmark: str) -> Part:
        assert self.baseline is not None
        if benchmark not in self.baseline.parts:
            raise unknown(f"benchmark in the baseline {self.options.baseline}:", benchmark, self.baseline.parts)
        return self.baseline.parts[benchmark]

    def _verdicts(self) -> Iterator[tuple[tuple[str, str], Verdict]]:
        if self.baseline is None:
            return
        if not any(part.asked for part in self.ledger.outcomes.values()):
            raise pytest.UsageError("nothing was scored: there is nothing to compare with the baseline")
        for key, now in self.ledger.outcomes.items():
            benchmark = key[1]
            part, samples = self._part(benchmark), now.samples
            decision, counted = self.early.outcome(benchmark) if self.early else (None, None)
            whole = self._is_whole and (decision is None or decision.seen == decision.total)
            if samples:
                refuse_other_scale(benchmark, part.scale, now.scale)
            names = samples.keys() | now.in_error | now.passed_over
            refuse_other_names(benchmark, _of(part, names), names, whole=whole)
            if not {"data", "prompt"} & set(self.options.waive):
                refuse_other_content(benchmark, part, samples)
            after = samples if counted is None else {name: samples[name] for name in counted}
            verdict = compared(benchmark, part.samples, after, margin=self.options.margin, scale=part.scale)
            is_unlike = now.is_aggregated or any(weight != 1 for weight in now.weights.values())
            verdict = replace(verdict, is_unlike=is_unlike)
            yield key, replace(verdict, result=decision.result, claim=decision.claim) if decision else verdict

    def _refuse_unresolvable(self, benchmark: str, part: Part, n: int) -> None:
        """A margin below the model's own noise would never pass: say how many samples it needs."""
        if part.discordance is None or not n:
            return
        margin = self.options.margin
        if (need := needed_pairs(margin, part.discordance, alpha=0.05)) > n:
            raise pytest.UsageError(
                f"{benchmark}: a margin of {margin * 100:g} pp cannot be seen with {n:,} samples, as two runs of the "
                f"same model differ on {part.discordance:.1%} of them: it needs {need:,}. Give a wider --eval-margin, "
                "or more samples"
            )

    def _thresholds(self) -> Iterator[tuple[tuple[str, str], Threshold]]:
        for spec, least in self.options.min_score.items():
            benchmark, _, part = spec.partition(":")
            if benchmark not in {asked for _, asked in self.ledger.outcomes}:
                # No test ran its body, as with --setup-only.
                yield ("", benchmark), against_least(spec, [], least)
            for (model, asked), outcomes in self.ledger.outcomes.items():
                if asked != benchmark:
                    continue
                samples = outcomes.samples
                names = outcomes.parts.get(part, []) if part else list(samples)
                name = self._name(model, benchmark) + (f":{part}" if part else "")
                weights = [outcomes.weights[each] for each in names]
                found = [samples[each] for each in names]
                threshold = against_least(name, found, least, weights, scale=outcomes.scale)
                yield (model, asked), replace(threshold, is_unlike=outcomes.is_aggregated)


def _of(part: Part, names: Iterable[str]) -> Part:
    """The baseline's samples of the subsets that some samples are of."""
    asked = set(map(_start, names))
    return replace(part, samples={name: outcome for name, outcome in part.samples.items() if _start(name) in asked})


def _start(name: str) -> str:
    return name.rpartition(":")[0] or name.rpartition("-")[0]
