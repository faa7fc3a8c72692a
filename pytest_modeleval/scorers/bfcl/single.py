"""Whether one answer calls what a row of a single turn wants."""

from pytest_modeleval.calls import BAD_ARGUMENTS
from pytest_modeleval.sample import Completion
from pytest_modeleval.scorers.bfcl.checker import NO_CALL, Expected, Wrong, wrong_calls, wrong_relevance
from pytest_modeleval.scorers.bfcl.figures import RELEVANCE
from pytest_modeleval.scorers.bfcl.modes import Mode
from pytest_modeleval.scorers.bfcl.rows import Row


def wrong_single(completion: Completion, row: Row, mode: Mode) -> Wrong | None:
    """What is wrong with the answer to a row of one turn; None where nothing is.

    What cannot be read calls nothing, as there: it is wrong but where nothing is to be called.
    """
    unread = ""
    try:
        calls = mode.read(completion)
    except ValueError as error:
        calls, unread = [], str(error)
    if row.category in RELEVANCE:
        wrong = wrong_relevance(calls, relevant="irrelevance" not in row.category)
    elif calls:
        expected = Expected(row.functions, row.gold, row.language, mode.has_underscores)
        wrong = wrong_calls(calls, expected, any_order="parallel" in row.category)
    else:
        wrong = Wrong(NO_CALL, f"nothing was called, not {len(row.gold)}")
    if wrong is not None and unread and mode.is_native:
        return Wrong(BAD_ARGUMENTS, unread)
    return wrong


def target_of(row: Row) -> str:
    """What is right of a row, for people to read."""
    if row.category in RELEVANCE:
        return "no call" if "irrelevance" in row.category else "a call"
    return "; ".join(map(str, row.gold))
