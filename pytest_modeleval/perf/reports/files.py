"""Load tests as files: figures as JSON, every request as jsonl or parquet, plots as SVG."""

import importlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.perf.client.record import Observation
from pytest_modeleval.perf.document import document, flat
from pytest_modeleval.perf.measured import Measured
from pytest_modeleval.perf.reports.plots import plots

SCHEMA = "pytest-modeleval/perf/1"
# Columns of numbers; lists of them are written as lists.
_LISTS = ("chunks", "sizes", "clumps", "lags")
_ROWS = 10_000
_PROPERTIES = (
    *("p50_ttft", "p99_ttft", "p50_tpot", "p99_tpot", "p50_latency", "p99_latency"),
    *("request_rate", "output_rate", "success"),
)


def write_all(folder: Path, kind: str, run: str, all_measured: Sequence[Measured]) -> None:
    """Write ``perf.json``, the records of each load and the plots.

    Raises `OSError` when that cannot be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {"schema": SCHEMA, "run": run, "loads": [document(measured) for measured in all_measured]}
    (folder / "perf.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    for measured in all_measured:
        write = write_parquet if kind == "parquet" else write_jsonl
        write(folder / f"{file_name(measured)}.{kind}", measured)
    for name, svg in plots(all_measured).items():
        (folder / f"{name}.svg").write_text(svg, "utf-8")


def file_name(measured: Measured) -> str:
    """A name for a load's file: its test's, its model's and its load."""
    test = measured.name.rpartition("::")[2]
    return re.sub(r"[^\w.=-]+", "-", f"{measured.model}-{test}").strip("-")


def write_jsonl(path: Path, measured: Measured) -> None:
    """One request a line."""
    with path.open("w", encoding="utf-8") as file:
        for row in _rows(measured):
            file.write(json.dumps(row) + "\n")


def write_parquet(path: Path, measured: Measured) -> None:
    """One request a row, written some at a time."""
    pyarrow = _library("pyarrow", "parquet")
    parquet = _library("pyarrow.parquet", "parquet")
    schema = pyarrow.schema([(name, _type(pyarrow, name)) for name in ("part", *(f.name for f in fields(Observation)))])
    with parquet.ParquetWriter(path, schema) as writer:
        batch: list[dict[str, Any]] = []
        for row in _rows(measured):
            batch.append(row)
            if len(batch) == _ROWS:
                writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
                batch = []
        writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))


def _type(pyarrow: Any, name: str) -> Any:
    if name in _LISTS:
        return pyarrow.list_(pyarrow.float64() if name in ("chunks", "lags") else pyarrow.int64())
    if name in ("counted_by", "finish", "error", "conversation"):
        return pyarrow.string()
    if name == "warm_up":
        return pyarrow.bool_()
    times = ("scheduled", "sent", "ended", "first", "first_answer", "last", "end_lag", "late", "paused")
    return pyarrow.float64() if name in times else pyarrow.int64()


def _rows(measured: Measured) -> Iterator[dict[str, Any]]:
    names = [field.name for field in fields(Observation)]
    for part, load in enumerate(measured.loads):
        for record in load.records:
            row = {name: getattr(record, name) for name in names}
            yield {"part": part, **row, **{name: list(row[name]) for name in _LISTS}}


def properties(measured: Measured) -> list[tuple[str, object]]:
    """The figures that a test's report carries, as JUnit XML has them."""
    figures = flat(measured.figures)
    return [(name, figures[name]) for name in _PROPERTIES if name in figures]


def _library(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise pytest.UsageError(f"this needs {extra}: pip install 'pytest-modeleval[{extra}]'") from None
