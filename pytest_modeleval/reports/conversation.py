"""A stored sample as text: who said what, and what its scorer made of it."""

import json
from collections.abc import Iterator
from textwrap import indent

from pytest_modeleval.foreign import harmless, one_line
from pytest_modeleval.record import ERROR
from pytest_modeleval.reports import verdicts
from pytest_modeleval.reports.columns import aligned
from pytest_modeleval.results.verdicts import shortened
from pytest_modeleval.sample import Completion, Json
from pytest_modeleval.store.rows import HIDDEN, Exchange, StoredSample


def lines(sample: StoredSample) -> Iterator[str]:
    """Its messages, thoughts and answers, the verdict last; of one whose texts are hidden the verdict alone."""
    main = sample.main
    if main.sample.startswith(HIDDEN):
        yield harmless(f"{main.mistake or main.outcome} {main.why or ''}".rstrip())
        yield from _judged(sample)
        return
    for each in sample.exchanges or [Exchange(sample.prompt or (), 0, sample.completion)]:
        if each.repeated:
            yield f"(after the {each.repeated:,} messages before)"
        for message in each.asked:
            yield from _block(str(message.get("role", "message")), _said(message))
        if each.completion is not None:
            yield from _answer(each.completion, each.whose)
    if sample.completion is None and main.outcome == ERROR:
        yield from _block("no answer", main.why or "")
    yield from _judged(sample)
    yield from _verdict(sample)


def _judged(sample: StoredSample) -> Iterator[str]:
    """What judges said, a line each; all of it stands in their answers."""
    if found := verdicts.cells(sample):
        yield "-- verdicts"
        cells = [[one_line(cell, 100) for cell in row] for row in (verdicts.HEAD, *found)]
        yield from (f"   {line}" for line in aligned(cells, [False] * len(verdicts.HEAD)))


def _answer(completion: Completion, whose: str) -> Iterator[str]:
    if completion.thinking:
        yield from _block("thinking", completion.thinking)
    yield from _block(f"answer{whose}", completion.text)
    if completion.tool_calls:
        yield from _block("tool calls", _as_json(completion.tool_calls))


def _block(title: str, text: str) -> Iterator[str]:
    yield f"-- {harmless(title)}"
    yield indent(harmless(text), "   ", lambda _: True)


def _said(message: Json) -> str:
    """A message's text; what is none of its parts is said in a word."""
    content = message.get("content") or ""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    texts = [str(part.get("text", "")) if part.get("type") == "text" else f"[{part.get('type')}]" for part in parts]
    return "\n".join([*texts, *([_as_json(message["tool_calls"])] if message.get("tool_calls") else [])])


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
