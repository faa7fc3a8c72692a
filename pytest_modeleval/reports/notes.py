"""What is said of a whole run in a line each, in every report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_modeleval.reports import budget
from pytest_modeleval.results import INTERRUPTED

if TYPE_CHECKING:
    from pytest_modeleval.evaluation import Evaluation


def notes(evaluation: "Evaluation") -> list[str]:
    """How many answers are new, which stored ones served or would have, what was spent, what was judged or blessed."""
    answers = evaluation.results.reuse.said(evaluation.began)
    return [
        *([f"answers: {answers}"] if answers else []),
        *evaluation.remarks,
        *([budget.line(evaluation.spent)] if evaluation.spent else []),
        *_broken_off(evaluation),
        *_blessed(evaluation),
    ]


def _blessed(evaluation: "Evaluation") -> Iterator[str]:
    if evaluation.blessed:
        yield f"baseline saved: {evaluation.blessed}"
    elif evaluation.options.save_baseline and evaluation.judgement:
        yield "no baseline saved: the gate did not pass"


def _broken_off(evaluation: "Evaluation") -> Iterator[str]:
    results, expected = evaluation.results, evaluation.expected
    if evaluation.ended == INTERRUPTED and expected.total:
        why = f"interrupted: {expected.total - expected.left:,} of {expected.total:,} selected tests were reported"
    elif evaluation.spent is not None and evaluation.spent.ran_out:
        why = "the budget ran out"
    elif results.mostly_errors(evaluation.options.max_error_rate):
        asked = results.right + results.wrong + results.errors
        why = f"{results.errors:,} of {asked:,} samples are errors, which is most of them"
    else:
        return
    yield why + ("; no gate was judged and no baseline saved" if evaluation.gate.judges else "")
    if evaluation.ended == INTERRUPTED and expected.left and evaluation.kept:
        same = ", where the same model answers" if evaluation.gate.judges else ""
        yield f"the answers are kept: the same command goes on with them{same}"
