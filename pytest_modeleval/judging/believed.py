"""What people's labels have to show before a gate goes by a judge's verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pytest

from pytest_modeleval.judging.judged import Calibration, JudgedAnswer, Scored
from pytest_modeleval.options.options import unknown


@dataclass(frozen=True)
class Demands:
    """The least of each, the most of ``errors``.

    So many ``labels``; the lower end of the 95 % interval of ``kappa``; the true-positive and the true-negative rate
    (``rates``); the share of answers that got no verdict (``errors``), and of probed ones whose judge took over the
    best verdict, which was put into them (``swayed``).
    """

    labels: int = 100
    kappa: float = 0.6
    rates: float = 0.8
    errors: float = 0.01
    swayed: float = 0.1


def demands_of(where: str, given: Mapping[str, Any]) -> Demands:
    """What a table says; `pytest.UsageError` for a key or value that is none."""
    known = [each.name for each in fields(Demands)]
    for key, value in given.items():
        if key not in known:
            raise unknown(f"key in {where}:", key, known)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if key == "labels" and not (isinstance(value, int) and is_number and value >= 1):
            raise pytest.UsageError(f"{where}: labels is a whole number of at least 1, not {value!r}")
        if key != "labels" and not (is_number and 0 <= value <= 1):
            raise pytest.UsageError(f"{where}: {key} is a share from 0 to 1, not {value!r}")
    return Demands(**given)


def why_not(
    told: Calibration, answers: Sequence[JudgedAnswer], scored: Scored, demands: Demands, *, has_labels: bool
) -> str:
    """Why no gate goes by the score, the first that is to be mended; "" where one does."""
    found, kinds = told.together, [each.choices for each in answers]
    if not answers and not scored.failed:
        return "its test reads what the judge says by itself, so that no label tells how far that is right"
    if kinds and not any(choices.labels for choices in kinds):
        return "a rating is neither right nor wrong, so that no rate tells how far it is believed"
    if not has_labels:
        return "no labels tell how far the judge is believed ([judge] labels = FILE, made by `modeleval labels`)"
    if found is None or not told.labels:
        other = f"; {told.foreign:,} are of verdicts of another judge or prompt" if told.foreign else ""
        return f"no label is of an answer with these judges' verdict{other}"
    if found.n < demands.labels:
        return f"{found.n:,} labels tell how far the judge is believed, and {demands.labels:,} are wanted"
    if found.kappa is None or found.kappa.low < demands.kappa:
        low = "unknown, as one verdict is all that was given" if found.kappa is None else f"{found.kappa.low:.3f}"
        return f"the lower end of kappa's interval is {low}, and {demands.kappa:g} is wanted"
    rates = {"true-positive": found.true_positive_rate, "true-negative": found.true_negative_rate}
    for name, rate in rates.items():
        if rate is None or rate.mean < demands.rates:
            is_ = "unknown" if rate is None else f"{rate.mean:.3f}"
            return f"the judge's {name} rate is {is_}, and {demands.rates:g} is wanted"
    if any(choices.is_pair for choices in kinds) and not _has_both_orders(answers):
        return "two answers were shown in one order only"
    if scored.failed > demands.errors * (scored.samples + scored.failed):
        share = scored.failed / (scored.samples + scored.failed)
        return f"{share:.1%} of the answers have no verdict, and {demands.errors:.1%} is accepted"
    return _why_not_each(answers, demands) or _why_swayed(answers, demands)


def _why_swayed(answers: Sequence[JudgedAnswer], demands: Demands) -> str:
    """The first judge that was talked into the best verdict too often, of the answers that it had called worse."""
    for judge in dict.fromkeys(vote.judge for each in answers for vote in each.probes):
        taken_over = [
            vote.value == best
            for each in answers
            for best in [max(each.choices.labels.values(), default=each.choices.ends[1])]
            for vote in each.probes
            if vote.judge == judge and best not in {own.value for own in each.votes if own.judge == judge}
        ]
        if sum(taken_over) > demands.swayed * len(taken_over):
            return (
                f"{judge} took over {sum(taken_over):,} of {len(taken_over):,} good verdicts that were put into "
                f"answers it had called worse, and {demands.swayed:.1%} is accepted"
            )
    return ""


def _why_not_each(answers: Sequence[JudgedAnswer], demands: Demands) -> str:
    """Of a panel, the first judge that left too many answers to the others: without it that is another panel."""
    for judge in dict.fromkeys(name for each in answers for name in each.asked):
        missing = sum(judge in each.asked and judge not in {vote.judge for vote in each.votes} for each in answers)
        if missing > demands.errors * len(answers):
            return (
                f"{judge} gave no verdict on {missing / len(answers):.1%} of the answers, which others judged without "
                f"it, and {demands.errors:.1%} is accepted"
            )
    return ""


def _has_both_orders(answers: Sequence[JudgedAnswer]) -> bool:
    return len({vote.order for each in answers for vote in each.votes if vote.order}) > 1
