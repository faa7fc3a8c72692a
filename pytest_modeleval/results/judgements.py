"""What judges said of a sample and came to, as rows of the store."""

from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.judging.labels import key_of
from pytest_modeleval.store.blobs import storable
from pytest_modeleval.store.rows import JudgementRow, VerdictRow

# What an error says of a sample whose texts are hidden: its own words may quote them.
UNSHOWN = "no verdict"


def judge_rows(
    run: str, node: str, trial: Trial | None, sample: str, hidden: str = ""
) -> list[VerdictRow | JudgementRow]:
    """Each verdict on the item's answers, and what they came to; ``sample`` is the hash of what it asks and expects.

    Where the texts are ``hidden``, and why, labels and values alone.
    """
    return [*verdict_rows(run, node, trial, hidden), *_judgements(run, node, trial, sample)] if trial else []


def verdict_rows(run: str, node: str, trial: Trial, hidden: str = "", *, behind: int = 0) -> list[VerdictRow]:
    """Each verdict, ``behind`` so many others on the item."""
    return [
        VerdictRow(
            run=run,
            item=node,
            number=number,
            judge=told.judge,
            name=storable(told.name),
            order=told.order,
            repeat=told.repeat,
            again=told.again,
            probe=told.probe,
            label=storable(told.label),
            value=told.value,
            reason="" if hidden else storable(told.reason),
            error=UNSHOWN if hidden and told.error else storable(told.error),
            completion="" if hidden else told.key,
        )
        for number, told in enumerate(trial.judged, behind)
    ]


def _judgements(run: str, node: str, trial: Trial, sample: str) -> list[JudgementRow]:
    return [
        JudgementRow(
            run=run,
            item=node,
            number=number,
            name=storable(each.name),
            about=key_of(sample, each.name, each.judged),
            pin=each.pin,
            gives=storable(each.gives),
            label=storable(each.label),
            value=each.value,
        )
        for number, each in enumerate(trial.judgements)
    ]
