"""modeleval labels: a page on which people label a part of a run's judged answers, and what their labels say."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.commands.project import past, root
from pytest_modeleval.foreign import harmless
from pytest_modeleval.history.judged import judged_answers, scored_in, texts_of
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.items.collect import ARENA
from pytest_modeleval.judging.calibration import calibrations
from pytest_modeleval.judging.judged import JudgedAnswer, JudgedRun
from pytest_modeleval.judging.labels import in_drawn_order, read_labels, written
from pytest_modeleval.judging.settings import JudgeSettings, judge_settings
from pytest_modeleval.options.config import read_config
from pytest_modeleval.options.options import unknown
from pytest_modeleval.reports import calibration
from pytest_modeleval.reports.labelling import ToLabel, write_labelling
from pytest_modeleval.store.rows import StoredSample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("run", metavar="RUN", help="a run's id, the beginning of one, `last` or `last~1`")
    parser.add_argument("--benchmark", metavar="NAME", help="of this one, where the run judged several")
    parser.add_argument("--sample", metavar="N", type=int, default=100, help="so many answers (default: 100)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the draw (default: 0)")
    parser.add_argument("--read", metavar="FILE", type=Path, help="say what these labels tell of the run's judges")
    parser.add_argument(
        "--write",
        metavar="FILE",
        type=Path,
        help="the page (default: labels-NAME.html); with --read, the labels with what the judges said",
    )


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """Where the page is, or what the labels say."""
    with closing(past()) as runs:
        run = runs.run(asked.run)
        answers = judged_answers(runs, run)
        if not answers:
            raise pytest.UsageError(f"run {run.short} has no verdicts of judges: nothing is there to be labelled")
        if answers[0].benchmark.endswith(f" ({ARENA})"):
            raise pytest.UsageError(
                f"run {run.short} is an arena, on whose battles people vote: modeleval votes {run.short}"
            )
        if asked.benchmark:
            names = {each.benchmark for each in answers}
            answers = [each for each in answers if each.benchmark == asked.benchmark]
            if not answers:
                raise unknown(f"benchmark that run {run.short} judged:", asked.benchmark, names)
        yield from _read(runs, run, answers, asked) if asked.read else _draw(runs, run, answers, asked)


def _draw(runs: Past, run: Run, answers: Sequence[JudgedAnswer], asked: argparse.Namespace) -> Iterator[str]:
    names = sorted({each.benchmark for each in answers})
    if len(names) > 1:
        raise pytest.UsageError(f"run {run.short} judged {', '.join(names)}: say which by --benchmark {names[0]}")
    if asked.sample < 1:
        raise pytest.UsageError(f"--sample is a whole number of at least 1, not {asked.sample}")
    path = asked.write or Path(f"labels-{names[0]}.html")
    _refuse_written(path)
    by_key = {each.about: each for each in answers}
    choices = answers[0].choices
    if any(each.choices != choices for each in answers):
        raise pytest.UsageError(
            f"the judges of {names[0]} choose among several kinds of labels, which no page has keys for"
        )
    order = in_drawn_order(by_key, asked.seed)[: asked.sample]
    samples = {each.main.item: each for each in runs.samples(run.id, {by_key[key].item for key in order})}
    drawn = [_to_label(samples[by_key[key].item], by_key[key]) for key in order]
    about = {"benchmark": names[0], "run": run.id, "seed": asked.seed, "of": len(by_key)}
    try:
        write_labelling(path, drawn, choices, about=about)
    except OSError as error:
        raise pytest.UsageError(f"cannot write {path}: {error}") from None
    part = f"{len(drawn):,} of {len(by_key):,} judged answers of {names[0]}"
    yield f"written to {path}: {part}, drawn with seed {asked.seed}"
    yield "Open it in a browser, label, download; then [judge] labels = FILE, or modeleval labels RUN --read FILE"


def _to_label(sample: StoredSample, answer: JudgedAnswer) -> ToLabel:
    texts, told = texts_of(sample, answer)
    if not texts:
        raise pytest.UsageError(
            f"{answer.benchmark}[{answer.sample}]: what was judged is not in the run store, as of protected benchmarks "
            "(--eval-set run.show=answers keeps it)"
        )
    reference = "" if answer.choices.is_pair and sample.target in texts else sample.target or ""
    return ToLabel(answer.about, answer.sample, answer.name, sample.asked, reference, texts, told)


def _read(runs: Past, run: Run, answers: Sequence[JudgedAnswer], asked: argparse.Namespace) -> Iterator[str]:
    """What the labels say of the run's judges; written, each with what they said of its answer."""
    if asked.write is not None:
        _refuse_written(asked.write)
    labels, settings = read_labels(asked.read), _settings()
    judged = JudgedRun(run.id, answers, scored_in(runs, run, answers, settings.aggregation), settings.aggregation)
    found = calibrations(judged, labels, settings.believe)
    known = {}
    for answer in answers:
        for label in labels.of(answer.about, run.id, answer.benchmark, answer.sample, answer.name):
            known[label.where] = replace(
                label,
                benchmark=answer.benchmark,
                sample=answer.sample,
                about=answer.about,
                run=run.id,
                verdict=answer.value,
                pin=answer.pin,
            )
    if not known and not any(each.labels for each in found):
        raise pytest.UsageError(
            f"{asked.read}: none of its {len(labels.labels):,} labels is of an answer of run {run.short}"
        )
    yield from map(harmless, calibration.lines(found, asked.read))
    if asked.write is not None:
        told = [known.get(label.where, label) for label in labels.labels]
        try:
            write_whole(asked.write, "".join(f"{line}\n" for line in written(told, labels.policies)))
        except OSError as error:
            raise pytest.UsageError(f"cannot write {asked.write}: {error}") from None
        yield f"written to {asked.write}: {len(told):,} labels, {len(known):,} with what these judges said"


def _refuse_written(path: Path) -> None:
    """`pytest.UsageError` for a file that is there: somebody's labels, or a page that somebody is at."""
    if path.exists():
        raise pytest.UsageError(f"{path} is there already: name another file by --write, or move it away")


def _settings() -> JudgeSettings:
    return judge_settings(read_config(root())["judge"], {})
