"""The table as JSON (results.schema.json, docs/results.md)."""

import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from pytest_modeleval.results import Row


def write_json(
    path: Path, rows: Iterable[Row], run: Mapping[str, object], *, collection: Mapping[str, object] | None = None
) -> None:
    """Write the table, and a collection's, to a file, making its folder; raises `OSError` when that cannot be."""
    document: dict[str, object] = {
        "schema": "pytest-modeleval/results/1",
        "run": {"version": importlib.metadata.version("pytest-modeleval"), **run},
        "rows": [asdict(row) for row in rows],
    }
    if collection is not None:
        document["collection"] = collection
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
