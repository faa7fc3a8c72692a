"""A finished run in a tracker of experiments: wandb, swanlab or clearml."""

import importlib
import importlib.util
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.models.credentials import masked
from pytest_modeleval.reports.gate import gate
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import TableRow
from pytest_modeleval.sample import StopRun

PROJECT = "pytest-modeleval"


class Step(NamedTuple):
    """What is logged at once: a model's figures by name."""

    number: int
    model: str
    figures: Mapping[str, float]


def refuse_missing(where: str) -> None:
    """`pytest.UsageError` where the tracker's library is not installed."""
    found = importlib.util.find_spec(where)
    # A folder that the tracker itself wrote here is none.
    if found is None or found.origin is None:
        raise pytest.UsageError(f"--eval-track {where} needs {where}: pip install 'pytest-modeleval[{where}]'")


def track(where: str, run: FinishedRun) -> str:
    """Log a run, and what it is called there: each row of its table at step 0, or each load at a step of its own.

    Raises `StopRun` where the tracker cannot.
    """
    log = _to_clearml if where == "clearml" else _to_charts
    name = f"{'eval' if run.is_evaluation else 'perf'}-{run.id[:8]}"
    try:
        log(importlib.import_module(where), name, _about(run), list(_steps(run)))
    # Each has kinds of its own for a missing key, a missing server and a full account.
    except Exception as error:  # noqa: BLE001
        why = masked(one_line(str(error).strip().partition("\n")[0]))
        raise StopRun(f"{where} could not log the run: {type(error).__name__}: {why}") from None
    return name


def _steps(run: FinishedRun) -> Iterator[Step]:
    for model in dict.fromkeys(row.model for row in run.rows):
        own = [row for row in run.rows if row.model == model]
        yield Step(0, model, _finite({name: value for row in own for name, value in _figures(row)}))
    loads = (each for section in run.sections for each in section.figures())
    for number, (model, figures) in enumerate(loads):
        yield Step(0 if run.is_evaluation else number, model, _finite(figures))


def _figures(row: TableRow) -> Iterator[tuple[str, float | None]]:
    """A row's figures by name: ``mmlu/score`` and what else is known of it; of a part the score and its interval."""
    metric = "" if row.metric == "main" else f"{row.metric}/"
    name = "/".join(filter(None, [row.benchmark, row.part])) + "/" + metric
    yield from ((f"{name}score", row.score), (f"{name}low", row.low), (f"{name}high", row.high))
    if not row.part and not metric:
        yield from ((f"{name}samples", row.samples), (f"{name}errors", row.errors), (f"{name}unscored", row.unscored))
        yield from ((f"{name}tokens", row.prompt_tokens + row.completion_tokens), (f"{name}seconds", row.seconds))


def _finite(figures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if value is not None and math.isfinite(value)}


def _about(run: FinishedRun) -> dict[str, Any]:
    """What the run was asked for, how it ended, and what its gates say."""
    return {
        "run": run.id,
        "models": list(run.models),
        "ended": run.ended,
        "exit_status": run.exit_status,
        "gate": [f"{line.name}: {line.result}: {line.why}" for line in gate(run)],
        "settings": run.setup.get("settings", {}),
    }


def _to_charts(library: Any, name: str, about: Mapping[str, Any], steps: Sequence[Step]) -> None:
    """A run of wandb or swanlab."""
    logged = library.init(project=PROJECT, name=name, config=dict(about))
    for step in steps:
        # Their own names for a group of charts end with a slash.
        library.log({f"{step.model}/{figure}": value for figure, value in step.figures.items()}, step=step.number)
    if logged is not None:
        logged.finish()


def _to_clearml(library: Any, name: str, about: Mapping[str, Any], steps: Sequence[Step]) -> None:
    """A task, with a chart for each figure and a line in it for each model."""
    task = library.Task.init(
        project_name=PROJECT,
        task_name=name,
        # Each run is its own; and it takes minutes to look through all that is installed, or imported here.
        reuse_last_task_id=False,
        auto_connect_frameworks={"detect_repository": False},
        auto_connect_arg_parser=False,
        auto_connect_streams=False,
        auto_resource_monitoring=False,
    )
    task.connect(dict(about), name="run")
    for step in steps:
        for figure, value in step.figures.items():
            task.get_logger().report_scalar(figure, step.model, value, iteration=step.number)
    task.close()
