"""modeleval show: a sample as a conversation, and what its scorer made of it."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from textwrap import indent

import pytest

from pytest_modeleval.commands.project import past
from pytest_modeleval.foreign import harmless
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.names import ItemName
from pytest_modeleval.options.options import unknown
from pytest_modeleval.record import ERROR
from pytest_modeleval.results.verdicts import shortened
from pytest_modeleval.sample import Completion, Json
from pytest_modeleval.store.rows import HIDDEN, Exchange, StoredSample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", metavar="SAMPLE", help="a sample as pytest shows it, such as gsm8k[main-00042]")
    parser.add_argument("--run", metavar="RUN", help="of this run (default: the newest that has it)")


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """Its conversation with each model and repeat of the run."""
    with closing(past()) as runs:
        run, samples = _found(runs, asked.name, [runs.run(asked.run)] if asked.run else runs.runs()[::-1])
        for number, sample in enumerate(samples):
            if number:
                yield ""
            yield from _told(run, sample)


def _found(runs: Past, text: str, among: Sequence[Run]) -> tuple[Run, list[StoredSample]]:
    """The newest of these runs that has the sample, and what it has of it; `pytest.UsageError` where none has."""
    models = {model for run in among for model in runs.models(run)}
    item = ItemName.parse(text, models)
    if item is None:
        raise pytest.UsageError(f"a sample is called such as gsm8k[main-00042], and not {text!r}")
    wanted, names = str(item.sample), set()
    for run in among:
        attempts = list(runs.attempts(run, item.benchmark))
        names |= {attempt.name for attempt in attempts}
        items = {
            attempt.item
            for attempt in attempts
            if attempt.name == wanted and item.model in ("", attempt.model) and item.repeat in (None, attempt.repeat)
        }
        if items:
            return run, list(runs.samples(run.id, items))
    if not names:
        raise unknown("benchmark in the run store:", item.benchmark, runs.benchmarks())
    # Thousands are not listed: the closest is enough.
    raise pytest.UsageError(str(unknown(f"sample of {item.benchmark}", wanted, names)).partition(" Known:")[0])


def _told(run: Run, sample: StoredSample) -> Iterator[str]:
    main = sample.main
    repeat = f", repeat {main.repeat + 1}" if main.repeat else ""
    yield f"{main.benchmark}[{main.name}]  {harmless(main.model)}{repeat}  run {run.short} ({run.time})"
    if main.sample.startswith(HIDDEN):
        yield harmless(f"{main.mistake or main.outcome} {main.why or ''}".rstrip())
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
    yield from _verdict(sample)


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
    read = [] if told.expected is None else [f"expected {shortened(told.expected)}", f"got {shortened(told.got or '')}"]
    scores = [f"{'score' if name == 'main' else harmless(name)} {value:g}" for name, value in sample.values.items()]
    why = [harmless(told.why)] if told.why and main.outcome != ERROR else []
    yield f"-- {main.mistake or main.outcome}: {', '.join([*read, *scores, *why]) or 'no score'}"
    if sample.completion is not None:
        tokens = f"{main.prompt_tokens or 0:,} tokens in, {main.completion_tokens or 0:,} out"
        stored = ", stored before" if main.stored is not None else ""
        ended = sample.completion.finish_reason
        end = f", ended by {harmless(ended)}" if ended else ""
        yield f"   {tokens}, {main.seconds or 0:.1f} s{stored}{end}"
