"""What is said of a whole run in a line each, in every report."""

from typing import TYPE_CHECKING

from pytest_modeleval.reports import budget

if TYPE_CHECKING:
    from pytest_modeleval.evaluation import Evaluation


def notes(evaluation: "Evaluation") -> list[str]:
    """How many answers are new, and what was spent of a budget."""
    answers = evaluation.results.reuse.said
    return [
        *([f"answers: {answers}"] if answers else []),
        *([budget.line(evaluation.spent)] if evaluation.spent else []),
    ]
