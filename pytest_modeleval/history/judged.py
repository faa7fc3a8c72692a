"""What judges said in a stored run, of each answer."""

from collections.abc import Mapping, Sequence
from itertools import groupby, permutations
from operator import attrgetter

from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.judging.fence import inside, without_keys
from pytest_modeleval.judging.judged import JudgedAnswer, Scored
from pytest_modeleval.judging.labels import choices_of, hash_of, key_of
from pytest_modeleval.judging.verdict import Vote
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.sample import text_of
from pytest_modeleval.store.rows import StoredSample, VerdictRow


def judged_answers(past: Past, run: Run, benchmark: str = "") -> list[JudgedAnswer]:
    """Each question to the judges of a run, or of one of its benchmarks, that they came to a verdict on."""
    scores = {attempt.item: attempt for attempt in past.attempts(run, benchmark)}
    verdicts = past.verdicts(run.id)
    votes, asked = _votes(verdicts), _asked(verdicts)
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
                    item=row.item,
                    asked=asked.get((row.item, row.name), ()),
                )
            )
    return found


def scored_in(past: Past, run: Run, answers: Sequence[JudgedAnswer], how: str) -> dict[tuple[str, str], Scored]:
    """The scores of the judged benchmarks, of votes that are joined like this.

    Samples count what their verdicts do, and the same where these say nothing: the store keeps no weights.
    """
    weights = {each.item: each.weighed(how)[1] for each in answers if each.name == "main"}
    found = {}
    for key in dict.fromkeys((each.model, each.benchmark) for each in answers):
        of = [attempt for attempt in past.attempts(run, key[1]) if attempt.model == key[0]]
        values = [(each.value, weights.get(each.item, 1.0)) for each in of if each.value is not None]
        score = (
            sum(value * weight for value, weight in values) / sum(weight for _, weight in values) if values else None
        )
        failed = sum(attempt.mistake == Mistake.JUDGE for attempt in of)
        found[key] = Scored(score, len(values), failed)
    return found


def texts_of(sample: StoredSample, answer: JudgedAnswer) -> tuple[list[str], str]:
    """The one or two texts that were judged, in the order in which they were named, and what a judge was told of one.

    Empty where the store does not have them: they are those by which the answer goes.
    """
    for exchange in (each for each in sample.exchanges if each.to.startswith("judge=")):
        asked = text_of(exchange.asked[-1]) if exchange.asked else ""
        for texts in permutations(inside(asked), 2 if answer.choices.is_pair else 1):
            if key_of(sample.main.content, answer.name, hash_of(texts)) == answer.about:
                return list(texts), "" if answer.choices.is_pair else without_keys(asked)
    return [], ""


def _asked(rows: Sequence[VerdictRow]) -> Mapping[tuple[str, str], list[str]]:
    """The judges that were asked, by item and question, whether or not they gave a verdict."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for row in rows:
        if not row.probe:
            found.setdefault((row.item, row.name), {})[row.judge] = None
    return {key: list(names) for key, names in found.items()}


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
