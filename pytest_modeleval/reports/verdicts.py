"""Every verdict on a sample, as a table of texts: what all judges came to, then each vote, then what only probes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_modeleval.judging.verdict import SHOWN
from pytest_modeleval.store.rows import JudgementRow, StoredSample, VerdictRow

# Of a long reason, so many characters of its beginning and its end.
_ENDS = 300
HEAD = ("asked", "judge", "shown", "verdict", "said")


def cells(sample: StoredSample) -> list[Sequence[str]]:
    """The lines of the table behind its `HEAD`; none where no judge was asked."""
    # Whichever answered first.
    told = sorted(sample.verdicts, key=lambda row: (row.name, row.judge, row.repeat, row.order, row.number))
    votes, probes = ([row for row in told if bool(row.probe) == is_probe] for is_probe in (False, True))
    return [*(_together(row, votes) for row in sample.judgements), *map(_vote, votes), *map(_vote, probes)]


def document(sample: StoredSample) -> list[Mapping[str, Any]]:
    """The same for a program: what was said in each reply, and what all came to."""
    own = ("name", "judge", "order", "repeat", "again", "probe", "label", "value", "reason", "error")
    told: list[Mapping[str, Any]] = [{name: getattr(row, name) for name in own} for row in sample.verdicts]
    return [
        *told,
        *({"name": row.name, "judge": "", "label": row.label, "value": row.value} for row in sample.judgements),
    ]


def is_divided(sample: StoredSample) -> bool:
    """Whether votes on the same differ, or the two orders of two answers."""
    votes = [row for row in sample.verdicts if not row.probe]
    return any(list(_differences(row.name, votes)) for row in sample.judgements)


def _together(row: JudgementRow, votes: Iterable[VerdictRow]) -> Sequence[str]:
    return row.name, "all", "", _said(row.label, row.value), ", ".join(_differences(row.name, votes))


def _differences(name: str, votes: Iterable[VerdictRow]) -> Iterator[str]:
    valid = [row for row in votes if row.name == name and not row.error]
    by_vote: dict[tuple[str, int], dict[str, float | None]] = {}
    for row in valid:
        by_vote.setdefault((row.judge, row.repeat), {})[row.order] = row.value
    flips = sum(len(set(orders.values())) > 1 for orders in by_vote.values())
    if flips:
        yield f"the orders differ {flips} times" if flips > 1 else "the orders differ"
    if len({tuple(sorted(orders.items())) for orders in by_vote.values()}) > 1:
        yield "the votes differ"


def _vote(row: VerdictRow) -> Sequence[str]:
    how = [f"repeat {row.repeat + 1}"] * bool(row.repeat) + ["asked again"] * bool(row.again)
    how += ["with a verdict put into the answer"] * bool(row.probe)
    said = "no verdict" if row.error else _said(row.label, row.value)
    judge = f"{row.judge} ({', '.join(how)})" if how else row.judge
    return row.name, judge, SHOWN.get(row.order, ""), said, _cut(row.error or row.reason)


def _cut(text: str) -> str:
    """The text without its middle where it is long: all of it stands in the judge's answer."""
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]} … {text[-_ENDS:]}"


def _said(label: str, value: float | None) -> str:
    number = "" if value is None else f"{value:g}"
    return f"{label} ({number})" if label and number else label or number
