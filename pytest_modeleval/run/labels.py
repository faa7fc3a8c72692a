"""People's labels in a run: what they say of its judges."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.history.judged import judged_answers
from pytest_modeleval.history.past import Past, Run
from pytest_modeleval.items.collect import selected
from pytest_modeleval.judging.calibration import calibrations
from pytest_modeleval.judging.judged import Calibration, JudgedRun, Scored
from pytest_modeleval.judging.labels import LabelsFile
from pytest_modeleval.judging.settings import JudgeSettings
from pytest_modeleval.results.results import TableRow
from pytest_modeleval.store.store import Store


def refuse_other_samples(labels: LabelsFile | None, items: Iterable[pytest.Item]) -> None:
    """`pytest.UsageError` for labels of these items' benchmarks none of which is of one of their samples."""
    if labels is None or labels.elsewhere or not all(label.sample for label in labels.labels):
        return
    refs = list(filter(None, map(selected, items)))
    # "styles (strict)" is the benchmark styles.
    named = [(label.benchmark.partition(" (")[0], label.sample) for label in labels.labels]
    here = {(ref.source.benchmark.name, str(ref.name)) for ref in refs} | {("", str(ref.name)) for ref in refs}
    meant = [each for each in named if each[0] in {name for name, _ in here}]
    if meant and here.isdisjoint(meant):
        raise pytest.UsageError(
            f"{labels.path}: none of its {len(labels.labels):,} labels is of a sample of this run: the first is of "
            f"{meant[0][0] and f'{meant[0][0]}: '}{meant[0][1]}, not of such as {refs[0].item}"
        )


def calibrated(
    store: Store, folder: Path, run: Run, settings: JudgeSettings, labels: LabelsFile | None, rows: Sequence[TableRow]
) -> list[Calibration]:
    """What the labels say of the judges of a run whose table has these rows; empty where none was asked.

    `pytest.UsageError` for a label that the judges of its benchmark cannot give.
    """
    scored = {
        (row.model, row.benchmark): Scored(row.score, row.samples, row.judge_errors)
        for row in rows
        if not row.part and row.metric == "main" and any(name.startswith("judge=") for name in row.roles)
    }
    if not scored:
        return []
    store.flush()
    with closing(Past(folder)) as past:
        judged = JudgedRun(run.id, judged_answers(past, run), scored, settings.aggregation)
    return calibrations(judged, labels, settings.believe)
