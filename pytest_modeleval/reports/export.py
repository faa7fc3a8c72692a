"""The table as JSON (results.schema.json, docs/results.md)."""

import importlib.metadata
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.reports import budget, calibration, collection
from pytest_modeleval.results.finished import FinishedRun


def write_json(path: Path, run: FinishedRun) -> None:
    """Write the table, and a collection's, to a file, making its folder; raises `OSError` when that cannot be."""
    about = {
        "version": importlib.metadata.version("pytest-modeleval"),
        "id": run.id,
        "began": datetime.fromtimestamp(run.began, UTC).isoformat(timespec="seconds"),
        "exit_status": run.exit_status,
        "ended": run.ended,
        "answers": asdict(run.totals.answers),
        **run.setup,
    }
    document: dict[str, object] = {
        "schema": "pytest-modeleval/results/1",
        "run": about if run.spent is None else {**about, "budget": budget.document(run.spent)},
        "rows": [asdict(row) for row in run.rows],
        "subsets": [asdict(row) for row in run.subset_rows],
        "axes": [asdict(row) for row in run.axis_rows],
        "model_comparisons": [asdict(pair) for pair in run.comparisons],
        "unscored": [
            {"benchmark": benchmark, "why": why, "samples": number} for (benchmark, why), number in run.reasons.items()
        ],
        "calibrations": calibration.document(run.calibrations),
    }
    for section in run.sections:
        document |= section.document()
    if run.collection is not None:
        document["collection"] = collection.document(run.collection, run.levels)
    write_whole(path, json.dumps(document, indent=1) + "\n")
