"""How models think, as every report shows it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from pytest_modeleval.foreign import harmless
from pytest_modeleval.results.finished import GateLine
from pytest_modeleval.thinking.answers import CUT_OFF, KINDS
from pytest_modeleval.thinking.measures import MEASURES, Level, Mean
from pytest_modeleval.thinking.plot import small_multiples

# What a benchmark's whole is called among its levels.
ALL = "all"
WITHOUT_SOLUTIONS = (
    "no process efficiency: no judge said which solutions are new "
    "(--model judge=NAME --eval-set run.thinking=solutions)"
)


@dataclass(frozen=True)
class Thinking:
    """What was measured: the section of a `FinishedRun`, and what `modeleval thinking` shows.

    ``levels`` are each model's on each benchmark, the whole before its levels; ``models`` are all that were asked, also
    those that did not think. ``counting`` says by model how its
    tokens were counted, ``remarks`` what else is to be known.
    """

    levels: Sequence[Level]
    models: Sequence[str]
    counting: Mapping[str, str]
    remarks: Sequence[str] = ()
    means: Mapping[int, Mapping[str, Mean]] = field(init=False)

    def __post_init__(self) -> None:
        # Each is computed once, by resampling.
        object.__setattr__(self, "means", {id(level): level.means() for level in self.levels})

    @property
    def title(self) -> str:
        """Nothing: it stands beside a run's scores."""
        return ""

    def document(self) -> Mapping[str, object]:
        """By benchmark, measure, level and model: the mean, its 95 % interval, over how many samples."""
        measures: dict[str, dict[str, dict[str, dict[str, object]]]] = {}
        for level in self.levels:
            for name, mean in self.means[id(level)].items():
                of_level = measures.setdefault(level.benchmark, {}).setdefault(name, {})
                of_level.setdefault(level.level or ALL, {})[level.model] = asdict(mean)
        counts = [
            {
                "model": level.model,
                "benchmark": level.benchmark,
                "level": level.level or ALL,
                "measured": len(level.thoughts),
                "not_measured": dict(level.others),
                "cut_off_tokens": level.cut_off_tokens,
                "first_right_by": dict(level.found),
                "right_without": level.not_found,
                "judge_errors": level.unjudged,
                "without_solutions": level.unparted,
            }
            for level in self.levels
        ]
        return {"thinking": {"measures": measures, "answers": counts, "tokens": dict(self.counting)}}

    def tables(self) -> Mapping[str, Sequence[Sequence[str]]]:
        """A table of each benchmark: a line a level and model, a column a measure."""
        return {f"Thinking: {name}": self._cells(levels) for name, levels in self._benchmarks() if _measured(levels)}

    def _cells(self, levels: Sequence[Level]) -> list[list[str]]:
        # Also where the others did not think on this benchmark: whose row it is would not be known.
        several = len(self.models) > 1
        columns = {name: measure.column for name, measure in MEASURES.items() if measure.column}
        shown = [name for name in columns if any(name in self.means[id(level)] for level in levels)]
        cells = [["level", "n", *map(columns.__getitem__, shown)]]
        order = list(dict.fromkeys(level.level for level in levels))
        for level in sorted(levels, key=lambda each: order.index(each.level)):
            means = self.means[id(level)]
            name = f"{level.level or ALL}, {level.model}" if several else level.level or ALL
            cells.append(
                [name, f"{len(level.thoughts):,}", *(_shown(measure, means.get(measure)) for measure in shown)]
            )
        return cells

    def gate(self) -> Iterable[GateLine]:
        """Nothing is judged."""
        return ()

    def figures(self) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Each model's means over a whole benchmark, for a tracker."""
        for level in self.levels:
            if not level.level:
                means = self.means[id(level)].items()
                yield level.model, {f"{level.benchmark}/thinking/{name}": mean.value for name, mean in means}

    def notes(self) -> list[str]:
        """Which answers are not measured, how first right paragraphs were found and tokens counted."""
        lines = [_said(level) for level in self.levels if not level.level]
        for how in dict.fromkeys(self.counting.values()):
            models = [harmless(model) for model, said in self.counting.items() if said == how]
            lines.append(f"tokens of the thoughts of {', '.join(models)}: {how}")
        thinking = {level.model for level in self.levels}
        if self.levels and not any("process_efficiency" in means for means in self.means.values()):
            lines.append(WITHOUT_SOLUTIONS)
        lines += [f"{harmless(model)}: no thoughts" for model in self.models if model not in thinking]
        return [*lines, *self.remarks]

    def plots(self) -> Mapping[str, str]:
        """A picture of each benchmark, by title."""
        found = {}
        for name, levels in self._benchmarks():
            parts = [level for level in levels if level.level] or list(levels)
            if _measured(parts):
                found[f"Thinking: {name}"] = small_multiples(f"Thinking on {name} (95% bands)", parts, self.models)
        return found

    def _benchmarks(self) -> list[tuple[str, list[Level]]]:
        names = dict.fromkeys(level.benchmark for level in self.levels)
        return [(name, [level for level in self.levels if level.benchmark == name]) for name in names]


def _measured(levels: Sequence[Level]) -> bool:
    return any(level.thoughts for level in levels)


def _shown(measure: str, mean: Mean | None) -> str:
    if mean is None:
        return "-"
    if MEASURES[measure].is_share:
        return f"{mean.value:.3f}"
    return f"{mean.value:,.0f}" if mean.value >= 100 else f"{mean.value:.1f}"


def _said(level: Level) -> str:
    """Which answers of a model on a benchmark are measured, and in how many of them a right one was found."""
    cut_off = level.cut_off_tokens
    mean = {CUT_OFF: f" ({cut_off:,.0f} tokens on average)"} if cut_off else {}
    others = [f"{level.others[kind]:,} {kind}{mean.get(kind, '')}" for kind in KINDS if kind in level.others]
    total = len(level.thoughts) + sum(level.others.values())
    parts = [", ".join([f"{len(level.thoughts):,} of {total:,} thoughts measured", *others])]
    if level.found:
        several = len(level.found) > 1
        by = ", ".join(f"{count:,} by {who}" if several else f"by {who}" for who, count in level.found.items())
        parts.append(f"the right answer stands in {sum(level.found.values()):,}, found {by}")
    if level.not_found:
        parts.append(f"{level.not_found:,} with a right answer in which it was not found count as 0")
    if level.unjudged:
        parts.append(f"of {level.unjudged:,} the judge gave no verdict")
    if level.unparted:
        parts.append(f"of {level.unparted:,} the judge named no solutions")
    return f"{level.benchmark}, {harmless(level.model)}: {'; '.join(parts)}"
