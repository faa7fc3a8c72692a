"""What a report says of its sample: the outcome, the record that travels, the line for people, the stored rows."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from string import ascii_uppercase
from typing import Any

import pytest

from pytest_modeleval.asking.asker import Answer
from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.items.collect import SampleRef
from pytest_modeleval.record import ERROR, MEASURED, RIGHT, UNSCORED, WRONG, Record, RoleUse
from pytest_modeleval.results.failures import mistake_of
from pytest_modeleval.results.reuse import Reuse
from pytest_modeleval.sample import NotScored, Sample, SampleError, Score
from pytest_modeleval.statistics.scale import PLAIN
from pytest_modeleval.store.blobs import blob_of, storable
from pytest_modeleval.store.messages import chained
from pytest_modeleval.store.rows import HIDDEN, UNDER_EVALUATION, AnswerRow, BlobRow, Row, ScoreRow

_MOST_OF_A_REASON = 500
_QUOTED = re.compile(r"""(['"]).{12,}\1""", re.DOTALL)


def outcome_of(call: pytest.CallInfo[None], report: pytest.TestReport) -> str | None:
    """What a phase's report says of the sample; None when it says nothing yet, or nothing new.

    A wrong answer stays one where xfail expects it: left out, it would be missing from the score.
    """
    error = call.excinfo.value if call.excinfo else None
    is_expected = hasattr(report, "wasxfail")
    if report.skipped and not (
        is_expected and (report.when == "call" or not isinstance(error, pytest.xfail.Exception))
    ):
        return UNSCORED if report.when != "teardown" else None
    if report.when == "call":
        # A strict xfail fails what passes.
        if report.passed or error is None:
            return RIGHT
        # pytest-timeout ends a test by pytest.fail: its words alone tell that from what a body says.
        ran_out = "from pytest-timeout" in str(error)
        is_wrong = isinstance(error, AssertionError | pytest.fail.Exception | pytest.xfail.Exception)
        return WRONG if is_wrong and not ran_out else ERROR
    return ERROR if report.when == "setup" and not report.passed else None


def record_of(
    ref: SampleRef,
    outcome: str,
    trial: Trial | None,
    *,
    error: BaseException | None = None,
    why: str = "",
    sample: str = "",
    pins: Mapping[str, str] | None = None,
    benchmark: str = "",
) -> Record:
    """The record of a sample's outcome; a plain assert without a scorer makes a score of its own.

    ``benchmark`` is what it is called in reports, where that is not its name.
    """
    answers = trial.own if trial else []
    kept = [answer.stored for answer in answers if answer.stored is not None]
    made = {score.name: score for score in trial.scores} if trial and outcome in (RIGHT, WRONG) else {}
    if outcome == RIGHT and "main" in made and made["main"].measured:
        outcome = MEASURED
    return Record(
        model=ref.asked,
        benchmark=benchmark or ref.source.benchmark.name,
        subset=ref.subset,
        group=ref.source.benchmark.dataset.subsets.get(ref.subset, ""),
        index=ref.row,
        repeat=ref.repeat,
        outcome=outcome,
        line=ref.line,
        id=ref.id,
        scores=_values(outcome, made, error),
        scales={name: score.scale for name, score in made.items() if score.scale != PLAIN},
        axes=_axes(trial.sample) if trial and not ref.source.hidden else {},
        harmonic=ref.source.benchmark.harmonic,
        aggregates=ref.source.aggregates,
        sample=sample,
        pins=pins or {},
        tags=tuple(ref.source.benchmark.tags) if pins is not None else (),
        answer=_vote(trial) if trial and ref.source.repeats > 1 else "",
        prompt_tokens=sum(answer.completion.prompt_tokens or 0 for answer in answers),
        completion_tokens=sum(answer.completion.completion_tokens or 0 for answer in answers),
        latency=round(sum(answer.completion.latency for answer in answers), 6),
        first_token=answers[0].completion.first_token if answers and not ref.against else None,
        asked=min((answer.asked for answer in answers if answer.asked), default=0.0),
        answered=max((answer.answered for answer in answers if answer.answered), default=0.0),
        new=len(answers) - len(kept),
        stored=len(kept),
        oldest=min(kept, default=None),
        paid=_paid(answers) if kept and len(kept) < len(answers) else (),
        # In a battle the other one's answer says nothing of what went wrong.
        mistake=mistake_of(
            outcome,
            error,
            answers[-1].completion if answers and not ref.against else None,
            _failed(trial),
            trial.talk.called if trial else (),
            unanswered=isinstance(error, SampleError) and _is_unanswered(trial),
        ),
        labels=ref.labels,
        roles=_roles(trial.answers) if trial else {},
        judges=dict(trial.judges) if trial else {},
        split=trial.split if trial else 0,
        fought=trial.fought if trial and outcome == MEASURED else None,
        why=one_line(why, _MOST_OF_A_REASON) if outcome == UNSCORED else "",
    )


def _is_unanswered(trial: Trial | None) -> bool:
    """Whether a request to the model under evaluation has no answer, as in the third turn of a conversation."""
    if trial is None:
        return False
    answered = sum(answer.by == UNDER_EVALUATION for answer in trial.answers)
    return len(trial.requests.get(UNDER_EVALUATION, ())) > answered


def _paid(answers: Sequence[Answer]) -> tuple[int, int]:
    """The tokens of the prompts and of the answers that are new."""
    new = [answer.completion for answer in answers if answer.stored is None]
    return sum(each.prompt_tokens or 0 for each in new), sum(each.completion_tokens or 0 for each in new)


def _roles(answers: Sequence[Answer]) -> Mapping[str, RoleUse]:
    """What models in roles gave for a sample, by their names."""
    found: dict[str, RoleUse] = {}
    for answer in answers:
        if answer.by != UNDER_EVALUATION and answer.counted:
            told = answer.completion
            tokens = told.prompt_tokens or 0, told.completion_tokens or 0
            use = RoleUse(1, int(answer.stored is not None), *tokens, round(told.latency, 6), *_paid([answer]))
            found[answer.by] = found.get(answer.by, RoleUse()).plus(use)
    return found


def _axes(sample: Sample) -> Mapping[str, str | int | float]:
    """The sample's axes in texts that every report can write."""
    values = sample.axes.items()
    return {storable(name): storable(value) if isinstance(value, str) else value for name, value in values}


def _values(outcome: str, made: Mapping[str, Score], error: BaseException | None) -> Sequence[tuple[str, float, float]]:
    """(metric, value, weight) of what was scored: of a plain assert 1 or 0."""
    values = [(name, score.value, score.weight) for name, score in made.items()]
    is_plain = outcome in (RIGHT, WRONG) and "main" not in made and not isinstance(error, NotScored)
    return (*values, ("main", float(outcome == RIGHT), 1.0)) if is_plain else tuple(values)


def figures(record: Record) -> list[tuple[str, object]]:
    """What JUnit XML tells of a sample as properties: scores and what they are, or what went wrong, tokens, seconds."""
    told: list[tuple[str, object]] = [
        ("score" if name == "main" else f"score.{name}", f"{value:g}") for name, value, _ in record.scores
    ]
    told += [("outcome", MEASURED)] if record.outcome == MEASURED else []
    told += [("scale" if name == "main" else f"scale.{name}", str(scale)) for name, scale in record.scales.items()]
    told += [(f"axis.{name}", str(value)) for name, value in record.axes.items()]
    told += [("mistake", str(record.mistake))] if record.mistake else []
    if record.latency or record.completion_tokens:
        told += [("prompt_tokens", str(record.prompt_tokens)), ("completion_tokens", str(record.completion_tokens))]
        told.append(("latency", f"{record.latency:.6f}"))
    if record.new or record.stored:
        told += Reuse(record.new, record.stored, record.oldest).properties
    if record.first_token is not None:
        told.append(("first_token", f"{record.first_token:.6f}"))
    # pytest writes out what XML cannot hold in values alone.
    return [(harmless(name), value) for name, value in told]


def _vote(trial: Trial) -> str:
    """What a repeat votes for: its extracted answer, hashed to stay small, or its text where nothing was extracted."""
    got = next((score.got for score in trial.scores if score.name == "main"), None)
    text = got if got is not None else trial.own[-1].completion.text if trial.own else ""
    return hashlib.sha256(storable(text).encode()).hexdigest()[:16]


def wrong_line(trial: Trial, report: pytest.TestReport, error: BaseException | None = None) -> str:
    """A wrong answer in a line each: what was asked, what was expected, what was got, and why where that is told.

    So is what a tool raised, which may be its author's mistake.
    """
    failed, sample = _failed(trial), trial.sample
    asked = f"asked {shortened(sample.asked, 200)}"
    tools = (f"the tool {each.call.name} raised {each.error}" for each in trial.talk.called if each.trace)
    raised = "".join(f"\n({one_line(each, 300)})" for each in islice(tools, 1))
    if failed is not None:
        why = f"\n({one_line(failed.why, 400)})" if failed.why else ""
        expected, got = (_with_option(text, sample) for text in (failed.expected, failed.got))
        return f"{asked}\nexpected {expected}\ngot {got}{why}{raised}"
    if hasattr(error, "mistake"):
        return f"{asked}\nexpected {shortened(sample.target)}\n{one_line(str(error), 200)}{raised}"
    crash = getattr(report.longrepr, "reprcrash", None)
    said = (crash.message if crash else report.longreprtext).splitlines() or [""]
    return f"{asked}\nexpected {shortened(sample.target)}: {one_line(said[0], 200)}{raised}"


def _with_option(text: str, sample: Sample) -> str:
    """The text, and the option that it is the letter of."""
    place = ascii_uppercase.find(text) if len(text) == 1 else -1
    option = f" {shortened(sample.options[place], 30)}" if 0 <= place < len(sample.options) else ""
    return shortened(text) + option


def hide(report: pytest.TestReport, outcome: str, error: BaseException | None, why: str) -> str:
    """Take out of a report what may quote its sample, and what is left to say of the error."""
    report.sections.clear()
    if outcome == WRONG:
        report.longrepr = f"wrong ({why})"
    if outcome != ERROR:
        return ""
    # What an error quotes of a row, a prompt or an answer stands in quotes.
    said = _QUOTED.sub("'…'", str(error)) if isinstance(error, SampleError) else type(error).__name__
    report.longrepr = f"error: {said} ({why})"
    return said


def _failed(trial: Trial | None) -> Score | None:
    """The score that did not pass, the sample's own before its further ones; of one made again, the last."""
    last = {score.name: score for score in trial.scores} if trial else {}
    return next((score for score in sorted(last.values(), key=_is_further) if not score.passed), None)


def _is_further(score: Score) -> bool:
    return score.name != "main"


def shortened(text: str, most: int = 60) -> str:
    """A text in quotes on one line with nothing that a terminal obeys; its end counts more than its middle."""
    plain = " ".join(text.split())
    if len(plain) > most:
        plain = f"{plain[: most // 2]} … {plain[-most // 2 + 3 :]}"
    return repr(plain)


def answer_rows(run: str, node: str, trial: Trial | None) -> list[Row]:
    """The item's answers, what they were asked and the tools that they were offered, as the store keeps them.

    None where the prompt alone was asked, without tools.
    """
    answers = [answer for answer in trial.answers if answer.messages] if trial else []
    asked_of_it = [(answer.by, list(answer.messages)) for answer in answers]
    if trial is None or not answers:
        return []
    tools = list(_tools_offered(trial, answers))
    if asked_of_it == [(UNDER_EVALUATION, trial.sample.messages)] and not any(tools):
        return []
    rows: list[Row] = [*dict.fromkeys(filter(None, tools))]
    requests = chained(answer.messages for answer in answers)
    for number, (answer, blob, (asked, messages)) in enumerate(zip(answers, tools, requests, strict=True)):
        hash_ = blob.hash if blob else None
        rows += [*messages, AnswerRow(run, node, number, asked, answer.key, answer.by, hash_)]
    return rows


def _tools_offered(trial: Trial, answers: Sequence[Answer]) -> Iterator[BlobRow | None]:
    """What each answer could call: the tools of the first request of that content that none before it answers."""
    left = {by: list(requests) for by, requests in trial.requests.items()}
    last: tuple[Any, BlobRow | None] = ((), None)
    for answer in answers:
        requests = left.get(answer.by, [])
        place = next((n for n, each in enumerate(requests) if tuple(each.messages) == answer.messages), None)
        tools = getattr(requests.pop(place), "tools", ()) if place is not None else ()
        # A conversation of 200 turns is offered the same in each.
        if tools != last[0]:
            last = tools, blob_of(storable(json.dumps(tools, ensure_ascii=False))) if tools else None
        yield last[1]


def score_rows(
    run: str, node: str, record: Record, trial: Trial | None, sample: str, why: str, hidden: str = ""
) -> list[ScoreRow]:
    """The record's scores as the store keeps them, one row a metric, one without a value for an error.

    Where the texts are ``hidden``, and why, they have none, and what leads to the prompt and the answer is left out.
    """
    made = {score.name: score for score in trial.scores} if trial else {}
    # A battle has two.
    key = trial.own[-1].key if trial and trial.own and not trial.contestants else None
    if hidden:
        why = f"{why} ({hidden})".strip()
        made, key, sample = {}, None, f"{HIDDEN}{sample}"
    row = ScoreRow(
        run=run,
        item=node,
        metric="main",
        model=record.model,
        benchmark=record.benchmark,
        subset=record.subset,
        group=record.group,
        sample=sample,
        repeat=record.repeat,
        outcome=record.outcome,
        why=storable(why),
        completion=key,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        seconds=record.latency,
        first_token=record.first_token,
        stored=record.oldest,
        mistake=record.mistake,
        axes=json.dumps(dict(record.axes), ensure_ascii=False) if record.axes else None,
        row=record.index if record.id else None,
    )
    return [_scored(row, metric, value, made.get(metric)) for metric, value, _ in record.scores] or [row]


def _scored(row: ScoreRow, metric: str, value: float, score: Score | None) -> ScoreRow:
    """The row with a metric's value, and what its scorer said where one made it."""
    if score is None:
        return row._replace(metric=metric, value=value)
    got, expected, why = map(storable, (score.got, score.expected, score.why))
    scale = json.dumps(score.scale.kept) if score.scale != PLAIN else None
    return row._replace(metric=metric, value=value, got=got, expected=expected, why=why, scale=scale)
