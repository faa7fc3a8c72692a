"""modeleval show: a sample as a conversation, and what its scorer made of it."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from pytest_modeleval.commands.project import past
from pytest_modeleval.foreign import harmless
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.names import ItemName
from pytest_modeleval.options.options import unknown
from pytest_modeleval.reports import conversation
from pytest_modeleval.store.rows import StoredSample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", metavar="SAMPLE", help="a sample as pytest shows it, such as gsm8k[main-00042]")
    parser.add_argument("--run", metavar="RUN", help="of this run (default: the newest that has it)")
    parser.add_argument("--all", action="store_true", help="whole: nothing of what is long is left out")


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """Its conversation with each model and repeat of the run."""
    with closing(past()) as runs:
        run, samples = _found(runs, asked.name, [runs.run(asked.run)] if asked.run else runs.runs()[::-1])
        for number, sample in enumerate(samples):
            if number:
                yield ""
            yield from _told(run, sample, whole=asked.all)


def _found(runs: Past, text: str, among: Sequence[Run]) -> tuple[Run, list[StoredSample]]:
    """The newest of these runs that has the sample, and what it has of it; `pytest.UsageError` where none has."""
    models = {model for run in among for model in runs.models(run)}
    item = ItemName.parse(text, models)
    if item is None:
        raise pytest.UsageError(f"a sample is called such as gsm8k[main-00042] or exam[main:q17], and not {text!r}")
    wanted, names = str(item.sample), set()
    # A battle is called by its test, whose benchmark another name tells.
    in_arena = item.benchmark == ARENA or item.benchmark.startswith(f"{ARENA}_")
    for run in among:
        attempts = list(runs.attempts(run, "" if in_arena else item.benchmark))
        if in_arena:
            attempts = [each for each in attempts if f"::test_{item.benchmark}[" in each.item]
        names |= {attempt.name for attempt in attempts}
        items = {
            attempt.item
            for attempt in attempts
            if attempt.is_called(wanted) and item.model in ("", attempt.model) and item.repeat in (None, attempt.repeat)
        }
        if items:
            return run, list(runs.samples(run.id, items))
    if not names:
        raise unknown("benchmark in the run store:", item.benchmark, runs.benchmarks())
    # Thousands are not listed: the closest is enough.
    raise pytest.UsageError(str(unknown(f"sample of {item.benchmark}", wanted, names)).partition(" Known:")[0])


def _told(run: Run, sample: StoredSample, *, whole: bool) -> Iterator[str]:
    main = sample.main
    repeat = f", repeat {main.repeat + 1}" if main.repeat else ""
    yield f"{main.benchmark}[{main.name}]  {harmless(main.model)}{repeat}  run {run.short} ({run.time})"
    yield from conversation.lines(sample, whole=whole)
