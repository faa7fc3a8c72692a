"""What judges said in a stored run, of each answer."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.judged import JudgedAnswer
from pytest_modeleval.judging.labels import choices_of
from pytest_modeleval.judging.verdict import Vote
from pytest_modeleval.store.rows import VerdictRow


def judged_answers(past: Past, run: Run, benchmark: str = "") -> list[JudgedAnswer]:
    """Each question to the judges of a run, or of one of its benchmarks, that they came to a verdict on."""
    scores = {attempt.item: attempt for attempt in past.attempts(run, benchmark)}
    votes = _votes(past.verdicts(run.id))
    found = []
    for row in past.judgements(run.id):
        score = scores.get(row.item)
        try:
            choices = choices_of(row.gives)
        except ValueError:
            # In a file that was edited or is damaged.
            continue
        if score is not None:
            found.append(
                JudgedAnswer(
                    model=score.model,
                    benchmark=score.benchmark,
                    sample=score.name,
                    repeat=score.repeat,
                    name=row.name,
                    about=row.about,
                    pin=row.pin,
                    choices=choices,
                    value=row.value,
                    score=score.value,
                    votes=votes.get((row.item, row.name), ()),
                )
            )
    return found


def _votes(rows: Sequence[VerdictRow]) -> Mapping[tuple[str, str], list[Vote]]:
    """The votes by item and question: valid ones, those of two orders where both are."""
    found: dict[tuple[str, str], list[Vote]] = {}
    for item, of_item in groupby(rows, attrgetter("item")):
        by_vote: dict[tuple[str, str, int], dict[str, VerdictRow]] = {}
        said = [row for row in of_item if not row.probe]
        for row in said:
            own = by_vote.setdefault((row.name, row.judge, row.repeat), {})
            if not row.error and row.value is not None:
                own[row.order] = row
        for (name, judge, repeat), orders in by_vote.items():
            asked = {row.order for row in said if (row.name, row.judge, row.repeat) == (name, judge, repeat)}
            if orders.keys() == asked:
                found.setdefault((item, name), []).extend(
                    Vote(judge, row.label, row.value or 0.0, row.reason, repeat, row.order) for row in orders.values()
                )
    return found
