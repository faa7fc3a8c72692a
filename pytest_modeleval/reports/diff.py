"""The difference of two runs as lines, and as JSON (diff.schema.json, docs/history.md)."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.gate.gate import GateDecision
from pytest_modeleval.history.difference import Change, Difference, Part, Side
from pytest_modeleval.reports.columns import fitted
from pytest_modeleval.reports.gate import lines as gate_lines
from pytest_modeleval.results.verdicts import shortened
from pytest_modeleval.statistics.means import finite

# Samples of each kind, and repeats of each sample, that are shown unless all are asked for.
_FIRST, _REPEATS = 20, 3


def diff_lines(found: Difference, *, every: bool) -> list[str]:
    """Regressed, fixed and flipping samples side by side, then counts and the paired comparison."""
    kinds = {
        "regressed": [change for change in found.changes if change.regressed and not change.flaky],
        "fixed": [change for change in found.changes if not change.regressed and not change.flaky],
        "flipping (flaky over all runs)": [change for change in found.changes if change.flaky],
    }
    first, second = found.runs
    lines = [f"from run {first.short} ({first.time}) to run {second.short} ({second.time})"]
    for title, changes in kinds.items():
        lines += _section(title, changes, every=every)
    lines += ["", *_counts(found.parts, found.changes), ""]
    verdicts = [part.verdict for part in found.parts if part.is_comparison]
    lines += [f"{line.name}  {line.result}  {line.why}" for line in gate_lines(GateDecision(verdicts))]
    return lines + [note for part in found.parts for note in part.notes]


def _section(title: str, changes: Sequence[Change], *, every: bool) -> list[str]:
    if not changes:
        return []
    shown = changes if every else changes[:_FIRST]
    lines = ["", f"{title}: {len(changes):,}"]
    for each in shown:
        asked = f"{each.benchmark}[{each.sample}]  asked {shortened(each.asked)}, expected {shortened(each.expected)}"
        lines.append(f"{asked}, got {_got(each.before)} → {_got(each.after)}")
    return lines + (
        [f"… and {len(changes) - len(shown):,} more (--all shows all)"] if len(shown) < len(changes) else []
    )


def _got(side: Side) -> str:
    more = f" and {len(side.got) - _REPEATS} more" if len(side.got) > _REPEATS else ""
    return ", ".join(map(shortened, side.got[:_REPEATS])) + more


def _counts(parts: Iterable[Part], changes: Sequence[Change]) -> list[str]:
    titles = ["benchmark", "model", "in both", "regressed", "fixed", "flaky", "errors", "only in one"]
    cells = [titles]
    for part in parts:
        model = " → ".join(dict.fromkeys(part.models))
        counts = part.verdict.n, part.verdict.regressions, part.verdict.fixes, _flaky(part, changes)
        cells.append(
            [part.benchmark, model, *(f"{count:,}" for count in counts), *map(_pair, (part.errors, part.only))]
        )
    return fitted(cells, [False, False, True, True, True, True, True, True], names=2)


def _flaky(part: Part, changes: Iterable[Change]) -> int:
    return sum(each.flaky for each in changes if (each.benchmark, each.models) == (part.benchmark, part.models))


def _pair(counts: tuple[int, int]) -> str:
    return f"{counts[0]:,} → {counts[1]:,}"


def write_diff(path: Path, found: Difference) -> None:
    """Write the difference to a file, making its folder; raises `OSError` when that cannot be."""
    document = {
        "schema": "pytest-modeleval/diff/1",
        "runs": [{"id": run.id, "started": run.started} for run in found.runs],
        "benchmarks": [_part(part, found.changes) for part in found.parts],
        "samples": [_sample(change) for change in found.changes],
    }
    write_whole(path, json.dumps(document, indent=1) + "\n")


def _part(part: Part, changes: Iterable[Change]) -> dict[str, Any]:
    verdict = part.verdict
    return {
        "benchmark": part.benchmark,
        "models": part.models,
        "samples": verdict.n,
        "regressed": verdict.regressions,
        "fixed": verdict.fixes,
        "flaky": _flaky(part, changes),
        "errors": part.errors,
        "only": part.only,
        "asked_differently": part.asked_differently,
        "same_answers": part.same_answers,
        "judges": part.judges,
        "judged_otherwise": part.judged_otherwise,
        "result": verdict.result.value,
        "change": verdict.change,
        "low": finite(verdict.low),
        "high": finite(verdict.high),
        "p_value": verdict.p_value,
        "margin": verdict.margin,
        "detectable": verdict.detectable,
    }


def _sample(change: Change) -> dict[str, Any]:
    return {
        "benchmark": change.benchmark,
        "models": change.models,
        "sample": change.sample,
        "change": "regressed" if change.regressed else "fixed",
        "flaky": change.flaky,
        "asked": change.asked,
        "expected": change.expected,
        "before": {"score": change.before.score, "got": change.before.got},
        "after": {"score": change.after.score, "got": change.after.got},
    }
