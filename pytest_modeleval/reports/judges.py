"""The lines that say what judges' verdicts were worth, and what a score would be without their failures."""

from collections.abc import Iterator, Mapping, Sequence

from pytest_modeleval.foreign import one_line
from pytest_modeleval.record import JudgeUse
from pytest_modeleval.reports.columns import counted
from pytest_modeleval.results.results import TableRow
from pytest_modeleval.statistics.means import wilson


def lines(
    judges: Mapping[str, JudgeUse], split: int, rows: Sequence[TableRow], *, battles: bool = False
) -> Iterator[str]:
    """A line for each judge, one for votes that differ, one for each benchmark without some verdicts.

    The last says what the score would be, where its scale is that of right and wrong. Of ``battles`` an arena counts
    the orders that differ.
    """
    for name, use in judges.items():
        yield f"{one_line(name, 60)}: {'; '.join(_said(use))}"
    if split and not (battles and len(judges) == 1):
        what = counted(split, "battle" if battles else "answer")
        yield f"the judges' votes were not at one about {what}"
    for row in rows:
        if row.part or row.metric != "main":
            continue
        if row.judge_errors:
            yield _unjudged(row)
        if any(use.get("own") for use in row.judges.values()):
            yield (
                f"{row.benchmark}: own rubric, not comparable with published figures (the official text: judge_prompt "
                f'= "file:…" in [benchmarks.{row.benchmark}])'
            )


def _unjudged(row: TableRow) -> str:
    has = "has" if row.judge_errors == 1 else "have"
    said = f"{row.benchmark}: {counted(row.judge_errors, 'answer')} {has} no verdict"
    if row.bounds is None:
        return said
    low, high = row.bounds
    return f"{said}; the score is {low:.3f} if all of them are wrong, {high:.3f} if all are right"


def _said(use: JudgeUse) -> Iterator[str]:
    yield counted(use.verdicts, "verdict")
    if use.errors:
        yield f"{counted(use.errors, 'reply', 'replies')} without one"
    if use.again:
        yield f"{use.again:,} asked again"
    if use.pairs:
        yield f"the same in both orders {use.consistent / use.pairs:.0%} of {counted(use.pairs, 'pair')}"
    if use.won:
        # By pairs, as both games of one are by the same answers; at most as many as there are of these.
        share = use.first / use.won
        low, high = wilson(share * (use.pairs or use.won), use.pairs or use.won)
        yield f"chose the one shown first in {share:.0%} ({low:.0%} to {high:.0%})"
    if use.probed:
        were = "was" if use.probed == 1 else "were"
        yield f"took over {use.swayed:,} of {counted(use.probed, 'verdict')} that {were} put into answers"
