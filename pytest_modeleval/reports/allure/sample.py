"""A sample as a result of Allure's, with its conversation as an attachment."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_modeleval.history.past import Run
from pytest_modeleval.record import ERROR, MEASURED, RIGHT, UNSCORED, WRONG
from pytest_modeleval.reports import transcript, verdicts
from pytest_modeleval.reports.markup import escaped, image, visible
from pytest_modeleval.reports.transcript import Said, Turn
from pytest_modeleval.results.failures import Mistake
from pytest_modeleval.results.reuse import local_time
from pytest_modeleval.sample import Json
from pytest_modeleval.store.rows import ScoreRow, StoredSample

STATUS = {RIGHT: "passed", MEASURED: "passed", WRONG: "failed", ERROR: "broken", UNSCORED: "skipped"}
# What keeps a sample from a verdict weighs most, then what keeps an answer from being read.
SEVERITY = {
    Mistake.REQUEST: "blocker",
    Mistake.JUDGE: "blocker",
    Mistake.FILTERED: "critical",
    Mistake.REFUSED: "critical",
    Mistake.CUT_OFF: "critical",
    Mistake.NO_ANSWER: "normal",
    Mistake.TIMEOUT: "normal",
    Mistake.MEMORY: "normal",
    Mistake.OUTPUT: "normal",
    Mistake.COMPILE: "normal",
    Mistake.TURNS: "normal",
    Mistake.TOKENS: "normal",
    Mistake.TIME: "normal",
    Mistake.TOOL: "normal",
    Mistake.ARGUMENTS: "normal",
    Mistake.WRONG: "normal",
}
_STYLE = (
    "<style>body{font:14px/1.5 system-ui,sans-serif;margin:1em;color:#111;background:#fff}"
    "h2{font-size:1em;margin:1em 0 .2em;color:#555}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;padding:.6em}"
    "pre{border-left:4px solid #bbb;background:#f6f6f6}"
    ".beside{display:grid;grid-template-columns:1fr 1fr;gap:1em}.beside>*{min-width:0}"
    ".answer{border-color:#0072b2}.thinking{border-color:#e69f00}img{max-width:100%}"
    ".call{border-color:#009e73}.wrong{border-color:#d55e00}.fault{color:#b34700;margin:.2em 0}"
    ".result{margin-left:1.5em}summary{cursor:pointer}h2,li,p,td,summary{overflow-wrap:anywhere}"
    "td,th{text-align:left;vertical-align:top;padding:.2em .8em .2em 0}</style>"
)
# Longer texts are folded; of what went wrong so much is said above the conversation.
_LONG = 4000
_FAULTS, _FAULT = 10, 300
PAGE = f'<!doctype html><meta charset="utf-8">{_STYLE}'


@dataclass(frozen=True)
class Attachment:
    """A file beside a result."""

    name: str
    kind: str
    suffix: str
    text: str


def conversation(sample: StoredSample) -> Attachment:
    """The sample whole, as a page: what was asked, thought and answered, and the verdict."""
    # One file: making files is most of what a sample costs here.
    return Attachment("conversation", "text/html", "html", PAGE + "\n".join(_conversation(sample)))


def _conversation(sample: StoredSample) -> Iterator[str]:
    if sample.contestants:
        yield from _battle(sample)
        return
    turns = transcript.of(sample)
    if wrong := transcript.faults(turns):
        shown = "".join(f"<li>{escaped(fault[:_FAULT])}</li>" for _, fault in wrong[:_FAULTS])
        more = f"<p>… and {len(wrong) - _FAULTS:,} more</p>" if len(wrong) > _FAULTS else ""
        yield f"<h2>what went wrong with its calls ({len(wrong):,})</h2><ul>{shown}</ul>{more}"
    yield from _turns(turns)
    if sample.completion is None and sample.main.outcome == ERROR:
        yield f"<h2>no answer</h2><pre>{escaped(sample.main.why or '')}</pre>"
    yield from _judged(sample)


def _turns(turns: Sequence[Turn]) -> Iterator[str]:
    """What was said, the middle of a long conversation folded."""
    hidden = transcript.folded(len(list(transcript.everything(turns))))
    place = 0
    for turn in turns:
        beginning = "".join(_beginning(turn))
        for said in turn.all:
            if hidden and place == hidden.start:
                yield f"<details><summary>{transcript.left_out(turns, hidden)}</summary>"
            if hidden and place == hidden.stop:
                yield "</details>"
            yield beginning
            yield from _said(said)
            beginning, place = "", place + 1
        yield beginning


def _beginning(turn: Turn) -> Iterator[str]:
    if turn.begins:
        yield f"<h2>{escaped(turn.begins)}</h2>"
    if turn.offered is not None:
        tools = transcript.described(turn.offered)
        told = "".join(
            f"<pre>{escaped(f'{name}: {does}{chr(10)}{parameters}')}</pre>" for name, does, parameters in tools
        )
        yield f"<details><summary>tools that are offered ({len(tools):,})</summary>{told}</details>"


def _judged(sample: StoredSample) -> Iterator[str]:
    main = sample.main
    if found := verdicts.cells(sample):
        rows = "".join(f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in found)
        titles = "".join(f"<th>{name}</th>" for name in verdicts.HEAD)
        yield f"<h2>verdicts of judges</h2><table><tr>{titles}</tr>{rows}</table>"
    yield f"<h2>verdict: {escaped(main.mistake or main.outcome)}</h2>{_table(sample)}"


def _battle(sample: StoredSample) -> Iterator[str]:
    """The question, both models' answers beside each other, and what judges were asked and said."""
    for said in transcript.conversation(sample.prompt or ()):
        yield from _said(said)
    yield '<div class="beside">'
    for name in sample.contestants:
        yield f"<section><h2>{escaped(name)}</h2>"
        for number, each in enumerate(sample.answers_of(name)):
            for message in transcript.conversation(each.asked[-1:] if number else ()):
                yield from _parts(message.content)
            if each.completion is not None:
                yield from _said(transcript.answer(each, "answer"))
        yield "</section>"
    yield "</div>"
    yield from _judged(sample)
    for each in sample.exchanges:
        if each.to not in sample.contestants:
            yield f"<details><summary>{escaped(each.to)}</summary>"
            for said in transcript.conversation(each.asked):
                yield from _parts(said.content)
            if each.completion is not None:
                yield from _said(transcript.answer(each))
            yield "</details>"


def _said(said: Said) -> Iterator[str]:
    if said.thinking:
        yield f"<h2>thinking</h2>{_text(said.thinking, 'thinking')}"
    if said.content or said.further or not said.calls:
        yield f"<h2>{escaped(said.who)}</h2>"
        yield from _parts(said.content, "answer" if said.is_answer else "")
        if said.further:
            yield f"<pre>{_as_json(said.further)}</pre>"
    for each in said.calls:
        kind = "call wrong" if each.fault else "call"
        yield f"<h2>call of {escaped(each.call.name)}</h2>{_text(each.arguments, kind)}"
        if each.fault:
            yield f'<p class="fault">{escaped(each.fault)}</p>'
        if each.result is not None:
            yield "<h2>result</h2>"
            yield from _parts(transcript.content_of(each.result), "result")


def _text(text: str, kind: str = "") -> str:
    """A text; a long one folded, by its beginning."""
    shown = f'<pre class="{kind}">{escaped(text)}</pre>' if kind else f"<pre>{escaped(text)}</pre>"
    if len(text) <= _LONG:
        return shown
    return f"<details><summary>{escaped(_short(text, 100))} ({len(text):,} characters)</summary>{shown}</details>"


def _parts(content: str | Sequence[Json], kind: str = "") -> Iterator[str]:
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part.get("type") == "text":
            yield _text(str(part.get("text", "")), kind)
            continue
        url = part.get("image_url")
        url = url.get("url", "") if isinstance(url, Mapping) else url
        yield image(str(url or "")) or f"<pre>{_as_json(part)}</pre>"


def _as_json(value: object) -> str:
    return escaped(json.dumps(value, ensure_ascii=False, indent=1))


def _table(sample: StoredSample) -> str:
    told, main = sample.told, sample.main
    read = "better" if sample.contestants else "read in the answer"
    cells = [("expected", told.expected), (read, told.got), ("because", told.why)]
    cells += [("score" if name == "main" else name, f"{value:g}") for name, value in sample.values.items()]
    if sample.completion is not None:
        cells.append(("finish reason", sample.completion.finish_reason))
        first = main.first_token
        cells.append(("first token", "" if first is None else f"{first:.3f} s"))
        cells.append(("tokens", f"{main.prompt_tokens:,} in, {main.completion_tokens:,} out"))
        cells.append(
            (
                "latency",
                f"{main.seconds:.3f} s"
                + (f", answer stored {local_time(main.stored)}" if main.stored is not None else ""),
            )
        )
    rows = [f"<tr><th>{name}</th><td>{escaped(str(text))}</td></tr>" for name, text in cells if text not in (None, "")]
    return f"<table>{''.join(rows)}</table>"


def result_of(sample: StoredSample, run: Run, tags: Sequence[str], suite: str) -> dict[str, Any]:
    """The result, in a suite of its benchmark; the same sample of the same model has one ``historyId`` in all runs."""
    main = sample.main
    asked = sample.asked
    full_name = f"{main.benchmark}[{main.name}]"
    repeat = f"-r{main.repeat + 1}" if main.repeat else ""
    took = main.seconds or 0.0
    # A stored answer was given before this run: it stands at its beginning.
    start = max(run.started, sample.created - took)
    return {
        "uuid": str(uuid.uuid4()),
        "name": f"{main.name}{repeat}  {_short(asked, 70)}".rstrip(),
        "fullName": full_name,
        "testCaseId": _hash(full_name),
        "historyId": _hash(f"{full_name}\0{main.model}\0{main.repeat}"),
        "titlePath": [main.benchmark, main.subset],
        "status": STATUS[main.outcome],
        "statusDetails": _details(sample, asked),
        "stage": "finished",
        "descriptionHtml": _table(sample),
        "start": round(start * 1000),
        "stop": round((start + took) * 1000),
        "labels": [{"name": name, "value": value} for name, value in _labels(main, tags, suite)],
        "parameters": list(_parameters(sample)),
    }


def _details(sample: StoredSample, asked: str) -> dict[str, str]:
    """What went wrong first: the categories read it."""
    main, told = sample.main, sample.told
    if main.outcome == RIGHT:
        return {}
    if main.outcome == MEASURED:
        return {"message": f"measured: {main.value:g} ({main.values_are})"}
    why = _short(told.why or "", 400)
    if main.outcome != WRONG:
        return {"message": f"{main.mistake}: {why}" if main.mistake else why}
    expected, got = _short(told.expected or sample.target or "", 200), _short(told.got or "", 200)
    said = f"{main.mistake}: expected {expected!r}, got {got!r}" + (f" ({why})" if why else "")
    return {"message": said, "trace": f"asked: {_short(asked, 2000)}", "expected": expected, "actual": got}


def _labels(main: ScoreRow, tags: Sequence[str], suite: str) -> Iterator[tuple[str, str]]:
    model, benchmark, subset, group = main.model, main.benchmark, main.subset, main.group
    yield from (("parentSuite", model), ("suite", benchmark), ("subSuite", suite))
    yield from (("epic", benchmark), ("feature", group or subset), ("story", subset))
    yield from (("model", model), ("benchmark", benchmark), ("subset", subset), ("package", benchmark))
    yield from (("framework", "pytest-modeleval"), ("language", "python"))
    yield from (("tag", tag) for tag in tags)
    yield "severity", SEVERITY[Mistake(main.mistake)] if main.mistake else "normal"
    if main.mistake:
        yield "mistake", main.mistake


def _parameters(sample: StoredSample) -> Iterator[dict[str, Any]]:
    """What a sample is told by; what was measured is left out of what it is told by."""
    main = sample.main
    own = {"model": main.model, "benchmark": main.benchmark, "subset": main.subset}
    yield from ({"name": name, "value": value} for name, value in own.items())
    yield from ({"name": name, "value": str(value)} for name, value in main.stands_at.items())
    if main.repeat:
        yield {"name": "repeat", "value": str(main.repeat + 1)}
    measured = {"score" if name == "main" else name: f"{value:g}" for name, value in sample.values.items()}
    if sample.completion is not None:
        measured["tokens"] = f"{main.prompt_tokens} in, {main.completion_tokens} out"
        measured["latency"] = f"{main.seconds:.3f} s"
    yield from ({"name": name, "value": value, "excluded": True} for name, value in measured.items())


def _short(text: str, most: int) -> str:
    """The text on one line, its middle left out when long."""
    plain = " ".join(visible(text[: 4 * most]).split())
    return plain if len(plain) <= most else f"{plain[: most * 2 // 3]} … {plain[-most // 3 :]}"


def _hash(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
