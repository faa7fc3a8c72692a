"""A stored sample as text: who said what, and what its scorer made of it."""

import json
from collections.abc import Iterator, Sequence
from textwrap import indent

from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.record import ERROR
from pytest_modeleval.reports import transcript, verdicts
from pytest_modeleval.reports.columns import aligned
from pytest_modeleval.reports.transcript import Said, Turn
from pytest_modeleval.results.verdicts import shortened
from pytest_modeleval.store.rows import HIDDEN, StoredSample

# Of a text with more characters or lines its middle is left out.
_LONG, _LINES = 8000, 100


def lines(sample: StoredSample, *, whole: bool = False) -> Iterator[str]:
    """Its messages, thoughts and answers, the verdict last; of one whose texts are hidden the verdict alone.

    The middle of what is long is left out, and a line says so, unless the ``whole`` is wanted.
    """
    main = sample.main
    if main.sample.startswith(HIDDEN):
        yield harmless(f"{main.mistake or main.outcome} {main.why or ''}".rstrip())
        yield from _judged(sample)
        return
    yield from _conversation(transcript.of(sample), whole=whole)
    if sample.completion is None and main.outcome == ERROR:
        yield from _block("no answer", main.why or "", whole=True)
    yield from _judged(sample)
    yield from _verdict(sample)


def _conversation(turns: Sequence[Turn], *, whole: bool) -> Iterator[str]:
    hidden = range(0) if whole else transcript.folded(len(list(transcript.everything(turns))))
    place = 0
    for turn in turns:
        if place not in hidden:
            yield from _begin(turn, whole=whole)
        for said in turn.all:
            if hidden and place == hidden[0]:
                yield f"({transcript.left_out(turns, hidden)}: modeleval show SAMPLE --all has them)"
            if place not in hidden:
                yield from _said(said, whole=whole)
            elif said.faults:
                yield from (f"   ! {one_line(fault, 300)}" for fault in said.faults)
            place += 1


def _begin(turn: Turn, *, whole: bool) -> Iterator[str]:
    if turn.begins:
        yield f"-- {harmless(turn.begins)}"
    if turn.offered is not None:
        names = ", ".join(name for name, *_ in transcript.described(turn.offered)) or "none any more"
        yield f"-- tools ({len(turn.offered):,}): {one_line(names, 100_000 if whole else 300)}"
        for name, does, parameters in transcript.described(turn.offered) if whole else ():
            yield from _block(f"tool {name}", f"{does}\n{parameters}".strip(), whole=True)


def _said(said: Said, *, whole: bool) -> Iterator[str]:
    if said.thinking:
        yield from _block("thinking", said.thinking, whole=whole)
    text = "\n".join(filter(None, [transcript.text_of(said.content), _as_json(said.further) if said.further else ""]))
    if text or not said.calls:
        yield from _block(said.who, text, whole=whole)
    for each in said.calls:
        yield from _block(f"call of {one_line(each.call.name, 200)}", each.arguments, whole=whole)
        if each.fault:
            yield f"   ! {harmless(each.fault)}"
        if each.result is not None:
            yield from _block("result", transcript.text_of(transcript.content_of(each.result)), whole=whole)


def _judged(sample: StoredSample) -> Iterator[str]:
    """What judges said, a line each; all of it stands in their answers."""
    if found := verdicts.cells(sample):
        yield "-- verdicts"
        cells = [[one_line(cell, 100) for cell in row] for row in (verdicts.HEAD, *found)]
        yield from (f"   {line}" for line in aligned(cells, [False] * len(verdicts.HEAD)))


def _block(title: str, text: str, *, whole: bool) -> Iterator[str]:
    yield f"-- {one_line(title)}"
    for part in [text] if whole else _ends(text):
        yield indent(harmless(part), "   ", lambda _: True)


def _ends(text: str) -> Iterator[str]:
    """The text; of a long one its beginning and its end, and between them what is left out."""
    lines = text.split("\n")
    if len(text) <= _LONG and len(lines) <= _LINES:
        yield text
        return
    first, last = ("\n".join(lines[: _LINES // 2]), "\n".join(lines[-_LINES // 2 :]))
    if len(lines) <= _LINES:
        first, last = text, text
    first, last = first[: _LONG // 2], last[-_LONG // 2 :]
    yield first
    yield f"(… {len(text) - len(first) - len(last):,} characters between: modeleval show SAMPLE --all has them)"
    yield last


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _verdict(sample: StoredSample) -> Iterator[str]:
    main, told = sample.main, sample.told
    read = [f"expected {shortened(told.expected)}"] if told.expected else []
    read += [f"got {shortened(told.got or '')}"] if told.expected or told.got else []
    scores = [f"{'score' if name == 'main' else harmless(name)} {value:g}" for name, value in sample.values.items()]
    why = [harmless(told.why)] if told.why and main.outcome != ERROR else []
    yield f"-- {main.mistake or main.outcome}: {', '.join([*read, *scores, *why]) or 'no score'}"
    if sample.completion is not None:
        tokens = f"{main.prompt_tokens or 0:,} tokens in, {main.completion_tokens or 0:,} out"
        stored = ", stored before" if main.stored is not None else ""
        ended = sample.completion.finish_reason
        end = f", ended by {harmless(ended)}" if ended else ""
        yield f"   {tokens}, {main.seconds or 0:.1f} s{stored}{end}"
