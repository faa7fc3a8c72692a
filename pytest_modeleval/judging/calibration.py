"""How far people's labels say that judges are to be believed, and the score that they make of their verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import isclose
from operator import mul
from statistics import fmean
from types import MappingProxyType
from typing import NamedTuple

import pytest

from pytest_modeleval.judging.believed import Demands, why_not
from pytest_modeleval.judging.judged import PPI, ROGAN_GLADEN, Agreed, Calibration, JudgedAnswer, JudgedRun, Scored
from pytest_modeleval.judging.labels import Choices, Label, LabelsFile, is_random_part
from pytest_modeleval.judging.verdict import Vote, battle_of, passes, verdict_of
from pytest_modeleval.statistics.agreement import OrderEffect, kappa, order_effect
from pytest_modeleval.statistics.corrected import Corrected, prediction_powered, prediction_powered_ratio, rogan_gladen
from pytest_modeleval.statistics.means import Estimate, estimate


class _Pair(NamedTuple):
    """An answer as people and judges value it; what people say is None as a ``kind`` where they are divided.

    ``weight`` is what it counts for in the score as people label it.
    """

    about: str
    people: float
    weight: float
    judges: float
    kind: int | None
    choices: Choices
    answer: JudgedAnswer | None


def calibrations(run: JudgedRun, labels: LabelsFile | None, demands: Demands) -> list[Calibration]:
    """One for each model and benchmark that was judged; `pytest.UsageError` for a label that its judges cannot give."""
    found = []
    if labels is not None:
        _refuse_ambiguous(run, labels)
    for key, scored in run.scored.items():
        answers = [each for each in run.answers if (each.model, each.benchmark) == key]
        told = _calibration(run, key, answers, labels)
        found.append(replace(told, why=why_not(told, answers, scored, demands, has_labels=labels is not None)))
    return found


def _refuse_ambiguous(run: JudgedRun, labels: LabelsFile) -> None:
    """`pytest.UsageError` for a label that names a sample, and no answer, where there are several."""
    seen: dict[tuple[str, str, str], str] = {}
    for each in run.answers:
        key = each.benchmark, each.sample, each.name
        if seen.setdefault(key, each.about) != each.about and (named := labels.of("", run.run, *key)):
            raise pytest.UsageError(
                f"{named[0].where} says not which answer it is of, and this run has several to {each.benchmark}"
                f'[{each.sample}]: give "about", as `modeleval labels` does'
            )


def _calibration(
    run: JudgedRun, key: tuple[str, str], answers: Sequence[JudgedAnswer], labels: LabelsFile | None
) -> Calibration:
    own, used = _labelled(run, answers, labels)
    is_random = _is_random(answers, own, used)
    found, foreign = list(own), 0
    if labels is not None and not is_random:
        siblings = [each for each in run.answers if each.benchmark == key[1] and each.model != key[0]]
        others, others_used = _labelled(run, siblings, labels)
        further, foreign, stated = _elsewhere(key[1], answers, [*own, *others], labels)
        found, used = [*own, *others, *further], [*used, *others_used, *stated]
    told = Calibration(
        model=key[0],
        benchmark=key[1],
        labels=len(found),
        elsewhere=len(found) - len(own),
        divided=sum(pair.kind is None for pair in found),
        foreign=foreign,
        policies=sorted({label.policy for label in used} - {""}),
        together=_agreed("", [(pair.kind, _judged(pair), pair.choices) for pair in found]),
        judges=list(_each(run, answers, own)),
        judged=run.scored[key].score,
    )
    if not found:
        return told
    if why := _no_mean(run, answers, run.scored[key]):
        return replace(told, uncorrected=why)
    return _corrected(run, told, answers, found, is_random=is_random)


def _labelled(
    run: JudgedRun, answers: Sequence[JudgedAnswer], labels: LabelsFile | None
) -> tuple[list[_Pair], list[Label]]:
    """The answers that have labels, with their mean, and these labels."""
    pairs: list[_Pair] = []
    used: list[Label] = []
    for answer in answers if labels else ():
        assert labels is not None
        said = labels.of(answer.about, run.run, answer.benchmark, answer.sample, answer.name)
        if said:
            used += said
            pairs.append(_pair(answer.about, said, answer.value, answer.choices, answer.benchmark, answer))
    return pairs, used


def _pair(
    about: str,
    said: Sequence[Label],
    verdict: float,
    choices: Choices,
    benchmark: str,
    answer: JudgedAnswer | None = None,
) -> _Pair:
    values, weights = [], []
    for label in said:
        try:
            values.append(choices.value(label.label))
            weights.append(choices.weight(label.label))
        except ValueError as error:
            raise pytest.UsageError(f"{label.where}: as a label of {benchmark}, {error}") from None
    kinds = {_kind(value, choices) for value in values}
    kind, people = kinds.pop() if len(kinds) == 1 else None, sum(map(mul, values, weights)) / sum(weights)
    return _Pair(about, people, fmean(weights), verdict, kind, choices, answer)


def _kind(value: float, choices: Choices, votes: Sequence[Vote] = ()) -> int:
    """1 for right and 0 for wrong, as the ``votes`` have it that came to a value; of two answers also ½, as 2."""
    if choices.is_pair and value == 0.5:
        return 2
    return int(passes(value, votes) if votes else value >= 0.5)


def _judged(pair: _Pair) -> int:
    """What the judges say; where nothing is left of their votes, half is right if a label stands for it."""
    if pair.answer is not None:
        return _kind(pair.judges, pair.choices, pair.answer.votes)
    is_split = pair.judges == 0.5 and not pair.choices.is_pair and 0.5 not in pair.choices.labels.values()
    return 0 if is_split else _kind(pair.judges, pair.choices)


def _is_random(answers: Sequence[JudgedAnswer], own: Sequence[_Pair], used: Sequence[Label]) -> bool:
    """Whether the labels are a random part of these answers, drawn by one seed."""
    seeds = {label.seed for label in used}
    (seed,) = seeds if len(seeds) == 1 else (None,)
    return seed is not None and is_random_part({pair.about for pair in own}, [each.about for each in answers], seed)


def _elsewhere(
    benchmark: str, answers: Sequence[JudgedAnswer], known: Sequence[_Pair], labels: LabelsFile
) -> tuple[list[_Pair], int, list[Label]]:
    """Labels of other answers with what these judges said of them, how many have other judges' verdicts, and those."""
    pins, seen = {each.pin: each.choices for each in answers}, {pair.about for pair in known}
    pairs: list[_Pair] = []
    used: list[Label] = []
    foreign = 0
    for about, said in labels.elsewhere.items():
        own = [label for label in said if label.benchmark == benchmark]
        same = [label for label in own if label.pin in pins]
        if about in seen or not own:
            continue
        foreign += not same
        if same and (verdict := same[0].verdict) is not None:
            used += same
            pairs.append(_pair(about, same, verdict, pins[same[0].pin], benchmark))
    return pairs, foreign, used


def _agreed(
    who: str, kinds: Sequence[tuple[int | None, int, Choices]], orders: Mapping[str, Estimate] = MappingProxyType({})
) -> Agreed | None:
    """The figures of (people's, the judge's) kinds; None of a rating, which is neither right nor wrong."""
    told = [(people, judge) for people, judge, choices in kinds if people is not None and choices.labels]
    if not told:
        return None
    rates = [[judge == kind for people, judge in told if people == kind] for kind in (1, 0)]
    positives, negatives = (estimate([float(each) for each in same]) for same in rates)
    return Agreed(
        who=who,
        n=len(told),
        agreement=estimate([float(people == judge) for people, judge in told]),
        kappa=kappa(told),
        true_positive_rate=positives,
        true_negative_rate=negatives,
        orders=dict(orders),
    )


def _each(run: JudgedRun, answers: Sequence[JudgedAnswer], own: Sequence[_Pair]) -> Iterator[Agreed]:
    """Each judge of several, and of pairs also the one."""
    names = list(dict.fromkeys(vote.judge for each in answers for vote in each.votes))
    is_pairs = any(each.choices.is_pair for each in answers)
    labelled = [(pair, pair.answer) for pair in own if pair.answer is not None and pair.kind is not None]
    for name in names if len(names) > 1 or is_pairs else ():
        kinds: list[tuple[int | None, int, Choices]] = []
        by_order: dict[str, list[float]] = {}
        for pair, answer in labelled:
            votes = [vote for vote in answer.votes if vote.judge == name]
            if votes:
                joined = (battle_of if answer.choices.is_pair else verdict_of)(votes, run.aggregation)
                kinds.append((pair.kind, _kind(joined.value, pair.choices, votes), pair.choices))
            for vote in votes:
                by_order.setdefault(vote.order, []).append(float(_kind(vote.value, pair.choices) == pair.kind))
        orders = {order: found for order in sorted(by_order) if order and (found := estimate(by_order[order]))}
        if (agreed := _agreed(name, kinds, orders)) is not None:
            yield replace(agreed, order_effect=_order_effect(name, answers))


def _order_effect(judge: str, answers: Sequence[JudgedAnswer]) -> OrderEffect | None:
    """What the order did to a judge's verdicts, also on pairs without a label."""
    games: dict[tuple[int, int], dict[str, float]] = {}
    for number, answer in enumerate(answers):
        for vote in answer.votes:
            if vote.judge == judge and vote.order:
                games.setdefault((number, vote.repeat), {})[vote.order] = vote.value
    both = [(each["AB"], each["BA"]) for each in games.values() if len(each) > 1]
    return order_effect(both) if both else None


def _no_mean(run: JudgedRun, answers: Sequence[JudgedAnswer], scored: Scored) -> str:
    """Why the score is no mean of the verdicts on its samples, so that correcting these would not correct it."""
    if any(each.repeat for each in answers):
        return "its samples were asked several times"
    told = [each.weighed(run.aggregation) for each in answers]
    is_mean = len(answers) == scored.samples and all(
        each.score is not None and isclose(each.score, value, abs_tol=1e-9)
        for each, (value, _) in zip(answers, told, strict=True)
    )
    if is_mean and scored.score is not None:
        mean = sum(value * weight for value, weight in told) / sum(weight for _, weight in told)
        is_mean = isclose(scored.score, mean, abs_tol=1e-9)
    return "" if is_mean else "it is no mean of one verdict on each sample"


def _corrected(
    run: JudgedRun, told: Calibration, answers: Sequence[JudgedAnswer], found: Sequence[_Pair], *, is_random: bool
) -> Calibration:
    choices = answers[0].choices
    if is_random:
        made = _by_a_random_part(run, answers, found)
        return replace(told, corrected=made.mean, method=PPI, power=made.power)
    if choices.weights:
        why = "the labels are no random part of its answers, and others correct what counts the same in all of them"
        return replace(told, uncorrected=why)
    values = [each.value for each in answers] + [value for pair in found for value in (pair.people, pair.judges)]
    if choices.is_pair or not set(values) <= {0.0, 1.0}:
        why = "the labels are no random part of its answers, and others correct what is right or wrong alone"
        return replace(told, uncorrected=why)
    rates = [[pair.judges == value for pair in found if pair.people == value] for value in (1.0, 0.0)]
    counts = [number for each in rates for number in (sum(each), len(each))]
    try:
        made_of_rates = rogan_gladen(sum(each.value == 1 for each in answers), len(answers), *counts)
    except ValueError as error:
        return replace(told, uncorrected=str(error))
    return replace(told, corrected=made_of_rates, method=ROGAN_GLADEN)


def _by_a_random_part(run: JudgedRun, answers: Sequence[JudgedAnswer], found: Sequence[_Pair]) -> Corrected:
    choices, labelled = answers[0].choices, {pair.about for pair in found}
    rest = [each for each in answers if each.about not in labelled]
    if not choices.weights:
        pairs = [(pair.people, pair.judges) for pair in found]
        return prediction_powered(pairs, [each.value for each in rest], ends=choices.ends)
    told = [((pair.people, pair.weight), pair.answer.weighed(run.aggregation)) for pair in found if pair.answer]
    return prediction_powered_ratio(told, [each.weighed(run.aggregation) for each in rest])
