"""What was spent of the budget: a line for people, an object for JSON."""

from collections.abc import Mapping

from pytest_modeleval.asking.spending import Spent

# By the cap that was met. Of a small one nothing may be spent.
_OVER = {
    "tokens": "spent: a request may take more tokens than are left",
    "dollars": "spent: a request may take more dollars than are left",
    "seconds": "spent: no more seconds",
}


def line(spent: Spent) -> str:
    """What was spent of what, in one line."""
    budget = spent.budget
    parts = [_of(f"{spent.tokens:,}", None if budget.tokens is None else f"{budget.tokens:,}") + " tokens"]
    if spent.dollars is not None:
        parts.append(_of(f"${spent.dollars:.4f}", None if budget.dollars is None else f"${budget.dollars:g}"))
    parts.append(_of(f"{spent.seconds:,.1f}", None if budget.seconds is None else f"{budget.seconds:,g}") + " s")
    end = f"; {_OVER[spent.ran_out]}, so the rest was not asked" if spent.ran_out else ""
    return f"budget: {', '.join(parts)}{end}"


def document(spent: Spent) -> Mapping[str, object]:
    """The same as the results' ``run.budget``."""
    return {
        "spent": {"tokens": spent.tokens, "dollars": spent.dollars, "seconds": round(spent.seconds, 3)},
        "caps": {"tokens": spent.budget.tokens, "dollars": spent.budget.dollars, "seconds": spent.budget.seconds},
        "ran_out": spent.ran_out,
    }


def _of(spent: str, cap: str | None) -> str:
    return spent if cap is None else f"{spent} of {cap}"
