"""modeleval patches: a run's patches for SWE-bench, as the official harness reads them."""

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.commands.project import past
from pytest_modeleval.scorers.swe_bench import prediction

# How the benchmarks begin whose samples' targets are instances.
_NAME = "swe_bench"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("run", metavar="RUN", help="a run's id, the beginning of one, `last` or `last~1`")
    parser.add_argument("--model", metavar="NAME", help="of this one, where the run asked several")
    parser.add_argument(
        "--write", metavar="FILE", type=Path, default=Path("predictions.jsonl"), help="(default: predictions.jsonl)"
    )


def lines(asked: argparse.Namespace) -> Iterator[str]:
    """Where they are; `pytest.UsageError` where there are none, or they are of several models."""
    with closing(past()) as runs:
        run = runs.run(asked.run)
        found = [
            (each.main.model, prediction(each.target, each.main.model, each.completion))
            for each in runs.samples(run.id)
            if each.main.benchmark.startswith(_NAME) and each.target is not None and each.completion is not None
        ]
    names = sorted({name for name, _ in found})
    if asked.model is None and len(names) > 1:
        raise pytest.UsageError(f"run {run.short} asked {', '.join(names)}: say which by --model {names[0]}")
    chosen = [told for name, told in found if asked.model in (None, name)]
    if not chosen:
        of = f" of {asked.model}" if asked.model else ""
        raise pytest.UsageError(f"run {run.short} has no answers{of} to SWE-bench")
    try:
        write_whole(asked.write, "".join(json.dumps(told) + "\n" for told in chosen))
    except OSError as error:
        raise pytest.UsageError(f"cannot write {asked.write}: {error}") from None
    yield f"written to {asked.write}: {len(chosen):,} predictions of run {run.short}"
