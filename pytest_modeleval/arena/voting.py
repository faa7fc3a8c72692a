"""A page on which people vote on two answers, without knowing whose they are (`modeleval votes`)."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from pytest_modeleval.arena.battle import shown
from pytest_modeleval.atomic import write_whole
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.judging.labels import in_drawn_order
from pytest_modeleval.judging.votes import answer_hash, pair_key
from pytest_modeleval.reports.embedded import element, embedded, parts
from pytest_modeleval.reports.markup import visible
from pytest_modeleval.reports.page import PAGE
from pytest_modeleval.reports.svg import variables
from pytest_modeleval.sample import last_question
from pytest_modeleval.store.rows import Exchange, StoredSample

_FILES = Path(__file__).with_name("voting_files")


class Shown(NamedTuple):
    """A battle as it is voted on: the question, and both answers in the order that the seed has drawn."""

    sample: str
    question: str
    first: str
    second: str


def write_votes_page(path: Path, past: Past, run: Run, most: int, seed: int) -> tuple[int, int]:
    """Write a page with a random part of a run's battles; how many it has, and of how many.

    `pytest.UsageError` for a run without battles that can be shown.
    """
    # Two answers that met twice are voted on once.
    by_key = {pair_key(*each[:1], *each[2:]): each for each in sorted(_battles(past, run))}
    if not by_key:
        raise pytest.UsageError(
            f"run {run.short} has no battle of two answers to vote on: pytest --eval-arena makes some"
        )
    # No more of the run than this stands in the page.
    # The beginning of an order that anybody can find again: so it is seen that nobody chose what was voted on.
    draw = Random(f"{run.id} {seed} votes")
    found = [by_key[key] for key in in_drawn_order(by_key, seed)[:most]]
    drawn = [_turned(each) if draw.random() < 0.5 else each for each in found]
    pairs = [
        {
            **{name: visible(getattr(each, name)) for name in ("question", "first", "second")},
            "key": {
                "sample": each.sample,
                "first": answer_hash(each.first),
                "second": answer_hash(each.second),
                "seed": seed,
            },
        }
        for each in drawn
    ]
    name = hashlib.sha256("".join(each.first + each.second for each in drawn).encode("utf-8", "replace")).hexdigest()
    style = variables() + (_FILES / "voting.css").read_text("utf-8")
    script = (PAGE / "elements.js").read_text("utf-8") + (_FILES / "voting.js").read_text("utf-8")
    head, tail = parts((_FILES / "voting.html").read_text("utf-8"), style, script)
    # As a browser holds them: texts with lone surrogates were made visible.
    write_whole(path, head + element('id="pairs"', [embedded({"name": name[:8], "pairs": pairs})]) + tail)
    return len(drawn), len(by_key)


def _battles(past: Past, run: Run) -> Iterator[Shown]:
    """The battles of a run whose texts are kept and may be shown, but those of equal answers."""
    for sample in past.samples(run.id):
        if not sample.main.benchmark.endswith(f" ({ARENA})") or not sample.contestants or sample.prompt is None:
            continue
        one, two = (_said(sample.answers_of(name)) for name in sample.contestants)
        if one is not None and two is not None and answer_hash(one) != answer_hash(two):
            yield Shown(sample.main.content, _asked(sample), one, two)


def _said(exchanges: Sequence[Exchange]) -> str | None:
    texts = [each.completion.text for each in exchanges if each.completion is not None]
    return shown(texts) if len(texts) == len(exchanges) else None


def _asked(sample: StoredSample) -> str:
    """What the user asked in each turn."""
    further = sample.answers_of(sample.contestants[0])[1:]
    return shown([last_question(sample.prompt or ()), *(last_question(each.asked) for each in further)])


def _turned(each: Shown) -> Shown:
    return each._replace(first=each.second, second=each.first)
