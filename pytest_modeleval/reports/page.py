"""The page for a browser: what is seen first and every sample, in one file (docs/report.md)."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from pytest_modeleval.atomic import aside
from pytest_modeleval.history.past import Past
from pytest_modeleval.reports import transcript, verdicts
from pytest_modeleval.reports.embedded import element, embedded, parts
from pytest_modeleval.reports.first_screen import FirstScreen
from pytest_modeleval.reports.pictures import Album
from pytest_modeleval.reports.svg import variables
from pytest_modeleval.reports.transcript import Called, Said
from pytest_modeleval.results.reuse import local_time
from pytest_modeleval.sample import Completion
from pytest_modeleval.store.kept import parts_of
from pytest_modeleval.store.rows import Exchange, ScoreRow, StoredSample

# The page's own files, put together in this order.
PAGE = Path(__file__).with_name("page_files")
_SCRIPTS = (
    "elements.js",
    "rows.js",
    "table.js",
    "conversation.js",
    "sample.js",
    "overview.js",
    "address.js",
    "start.js",
)
# What the table of samples shows, sorts and searches; the rest of a sample is read when it is opened.
COLUMNS = (
    *("run", "model", "benchmark", "subset", "sample", "repeat", "outcome", "mistake", "score"),
    *("prompt_tokens", "completion_tokens", "seconds", "got", "expected", "why", "asked", "answer", "axes", "scale"),
)
# Of a text, so much is in the table and searched.
SEARCHED = 2000
# Characters of pictures on a page: 240 of 200 kB, with which a browser still opens it in a second.
PICTURES = 64 << 20
# Characters of samples that are in memory at once, and that a browser reads to open one of them.
_BLOCK = 2**18


class Entry(NamedTuple):
    """A sample on the page: its line in the table, and what is read when it is opened, as JSON."""

    row: str
    detail: str


def write_page(path: Path, folder: Path, screen: FirstScreen, plots: Iterable[tuple[str, str]] = ()) -> int:
    """Write the page of the runs on the first screen, and of how many samples; ``plots`` are titles and SVG texts.

    Raises `OSError` when the file cannot be written.
    """
    runs = [scores.run.id for scores in screen.scores]
    with closing(Past(folder)) as past:
        return write(path, _screen(screen, plots), _entries(past, runs))


def write(path: Path, screen: Mapping[str, object], entries: Iterable[Entry]) -> int:
    """Write a page of this first screen and these samples, and how many they were."""
    written = 0
    head, tail = _template()
    # A lone surrogate becomes the escape that JSON has for it: all foreign text here stands in JSON.
    with aside(path) as new, new.open("w", -1, "utf-8", "backslashreplace") as file:
        file.write(head)
        file.write(element('id="screen"', [embedded(screen)]))
        for block in _blocks(entries):
            _write_block(file, block)
            written += len(block)
        file.write(tail)
    return written


def pictures(plots: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Plots, by title, as the page has them: SVG in base64."""
    return [{"title": title, "svg": base64.b64encode(svg.encode()).decode()} for title, svg in plots]


def _template() -> tuple[str, str]:
    """The page before and after its data. Its policy lets nothing run or load but what is in it."""
    style = variables() + (PAGE / "page.css").read_text("utf-8")
    script = "".join((PAGE / name).read_text("utf-8") for name in _SCRIPTS)
    return parts((PAGE / "page.html").read_text("utf-8"), style, script)


def _screen(screen: FirstScreen, plots: Iterable[tuple[str, str]]) -> Mapping[str, object]:
    found = asdict(screen)
    for scores, given in zip(found["scores"], screen.scores, strict=True):
        scores["run"] = {"id": given.run.id, "time": given.run.time}
    tables = [{"title": title, "cells": cells} for title, cells in screen.tables.items()]
    return {**found, "tables": tables, "plots": pictures(plots), "columns": COLUMNS}


def _entries(past: Past, runs: Sequence[str]) -> Iterator[Entry]:
    album = Album(PICTURES)
    for number, run in enumerate(runs):
        for sample in past.samples(run):
            yield _entry(number, album.within(sample))


def _entry(run: int, sample: StoredSample) -> Entry:
    main = sample.main
    answer = _parts(sample.completion)
    texts = {"got": main.got, "expected": main.expected, "why": main.why, "answer": answer.get("text")}
    shown = {
        **{column: getattr(main, column, None) for column in COLUMNS},
        **{name: text and text[:SEARCHED] for name, text in texts.items()},
        "run": run,
        "sample": main.name,
        "mistake": main.mistake or "",
        "score": main.value,
        "axes": ", ".join(f"{name} {value}" for name, value in main.stands_at.items()),
        "scale": str(main.values_are) if main.scale else "",
        "asked": sample.asked[:SEARCHED],
    }
    detail = {
        "prompt": None if sample.prompt is None else [_said(each) for each in transcript.conversation(sample.prompt)],
        "tools": transcript.described(sample.tools),
        "target": sample.target,
        **{name: answer.get(name, "") for name in ("thinking", "finish_reason")},
        "calls": [_call(each) for each in transcript.called(sample.completion, sample.tools)]
        if sample.completion
        else [],
        "talk": _talk(sample) if sample.exchanges and not sample.contestants else None,
        "exchanges": [_exchange(each) for each in sample.exchanges] if sample.contestants else [],
        "contestants": sample.contestants,
        "choice_logprobs": answer.get("choice_logprobs", ()),
        "first_token": main.first_token,
        "stored": None if main.stored is None else local_time(main.stored),
        "verdicts": [list(row) for row in verdicts.cells(sample)],
        "metrics": [_metric(score) for score in sample.scores if score is not main],
        "whole": {name: text for name, text in texts.items() if text and len(text) > SEARCHED},
    }
    return Entry(embedded([shown[column] for column in COLUMNS]), embedded(detail))


def _metric(score: ScoreRow) -> Mapping[str, object]:
    return {name: getattr(score, name) for name in ("metric", "value", "got", "expected", "why")}


def _parts(completion: Completion | None) -> Mapping[str, Any]:
    return parts_of(completion) if completion else {}


def _talk(sample: StoredSample) -> Mapping[str, Any]:
    """All requests as a conversation, each message once; what of it is folded, and what went wrong in it."""
    turns = transcript.of(sample)
    folded = transcript.folded(len(list(transcript.everything(turns))))
    return {
        "turns": [
            {
                "begins": turn.begins,
                "tools": None if turn.offered is None else transcript.described(turn.offered),
                "said": [_said(each) for each in turn.all],
            }
            for turn in turns
        ],
        "folded": [folded.start, folded.stop],
        "left_out": transcript.left_out(turns, folded),
        "faults": transcript.faults(turns),
    }


def _exchange(each: Exchange) -> Mapping[str, Any]:
    """One of the requests of a battle."""
    answer = None if each.completion is None else _said(transcript.answer(each))
    return {"to": each.to, "asked": [_said(said) for said in transcript.conversation(each.asked)], "answer": answer}


def _said(said: Said) -> Mapping[str, Any]:
    """A message without what is empty of it."""
    parts = {name: value for name, value in vars(said).items() if value or name == "content"}
    return {**parts, "calls": [_call(each) for each in said.calls]} if said.calls else parts


def _call(each: Called) -> Mapping[str, Any]:
    result = None if each.result is None else transcript.content_of(each.result)
    return {"name": each.call.name, "arguments": each.arguments, "result": result, "fault": each.fault}


def _blocks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries by so many as fill a block."""
    block: list[Entry] = []
    size = 0
    for entry in entries:
        block.append(entry)
        size += len(entry.detail)
        if size >= _BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


def _write_block(file: TextIO, block: Sequence[Entry]) -> None:
    file.write(element('class="rows"', ["[", ",\n".join(entry.row for entry in block), "]"]))
    file.write(element('class="details"', ["[", ",\n".join(entry.detail for entry in block), "]"]))
