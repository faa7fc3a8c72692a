"""One row a sample of a run, as CSV, JSON lines or parquet (docs/results.md)."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_modeleval.atomic import aside
from pytest_modeleval.history.past import Past
from pytest_modeleval.names import SampleName
from pytest_modeleval.reports import verdicts
from pytest_modeleval.reports.pictures import told
from pytest_modeleval.store.rows import StoredSample

# The columns by type; a run's further metrics and axes stand behind `score`.
TEXTS = ("model", "benchmark", "subset", "group", "sample", "outcome", "got", "expected", "mistake", "why", "asked")
NUMBERS = ("index", "repeat", "prompt_tokens", "completion_tokens")
COLUMNS = (
    *("model", "benchmark", "subset", "group", "sample", "index", "repeat", "outcome", "score"),
    *("prompt_tokens", "completion_tokens", "seconds", "first_token", "got", "expected", "mistake", "why", "asked"),
)
# Rows in memory at once, and in a row group of parquet.
_AT_ONCE = 1000
# What begins a formula, where a cell begins. Excel passes over blanks, NUL and U+FEFF, and reads full-width signs, as
# East Asian keyboards have them, as the plain ones; a plain number is none.
_FORMULA = r"(?=[=@\uff1d\uff20\uff0b\uff0d]|[+-](?!\d{1,300}(?:\.\d{1,300})?%?(?:[;\r\n]|\Z)))"
_BLANK = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b-\u200f\u2060\ufeff"
_STARTS = re.compile(rf"\A(?=[\s{_BLANK}]*{_FORMULA})")
# Where lists stand between semicolons, as in half of the world's spreadsheets, cells begin and end within a text, too.
_GOES_ON = re.compile(rf"[;\r\n](?:[^\S\r\n]|[{_BLANK}])*{_FORMULA}")

Row = Mapping[str, Any]
# A file's columns, by what their values are.
Columns = Mapping[str, type[str] | type[int] | type[float]]


def export(path: Path, folder: Path, run: str) -> int:
    """Write a run's samples to a file, by its ending, and how many; raises `OSError` when that cannot be."""
    with closing(Past(folder)) as past:
        columns = _columns(past, run)
        samples = past.samples(run, answers=False)
        with aside(path) as written:
            WRITERS[path.suffix](written, columns, (_row(sample, columns) for sample in samples))
        return past.items(run)


def _columns(past: Past, run: str) -> Columns:
    """The columns by their types: a run's further metrics, and the axes of its samples, stand behind `score`."""
    own = {name: str if name in TEXTS else int if name in NUMBERS else float for name in COLUMNS}
    further = {_column(metric): float for metric in past.metrics(run)}
    axes = {_axis(name): float if is_number else str for name, is_number in past.axes(run).items()}
    judged = {"verdicts": str, "divided": int} if past.judgements(run) else {}
    return {**dict(islice(own.items(), 9)), **further, **axes, **own, **judged}


def _row(sample: StoredSample, columns: Columns) -> Row:
    main = sample.main
    name = main.name
    number = SampleName.parse(name, main.subset)
    row: dict[str, Any] = {column: getattr(main, column, None) for column in columns}
    row |= {"sample": name, "index": main.row if main.row is not None else number and number.row}
    row["asked"] = None if sample.prompt is None else "\n".join([*told(sample.prompt), sample.asked])
    if "verdicts" in columns:
        row["verdicts"] = json.dumps(verdicts.document(sample), ensure_ascii=False)
        row["divided"] = int(verdicts.is_divided(sample))
    for axis, value in main.stands_at.items():
        row[_axis(axis)] = str(value) if columns[_axis(axis)] is str else value
    return row | {_column(name): value for name, value in sample.values.items()}


def _column(metric: str) -> str:
    return "score" if metric == "main" else f"score.{metric}"


def _axis(name: str) -> str:
    return f"axis.{name}"


def _write_csv(path: Path, columns: Columns, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writerow({column: _cell(column) for column in columns})
        writer.writerows({column: _cell(value) for column, value in row.items()} for row in rows)


def _cell(value: Any) -> Any:
    """The value, an apostrophe before what a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return _GOES_ON.sub(r"\g<0>'", _STARTS.sub("'", value)) if isinstance(value, str) else value


def _write_json_lines(path: Path, columns: Columns, rows: Iterable[Row]) -> None:  # noqa: ARG001 - as the others
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_parquet(path: Path, columns: Columns, rows: Iterable[Row]) -> None:
    import pyarrow
    import pyarrow.parquet

    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()])
    rows = iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, _AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema))


WRITERS: Mapping[str, Callable[[Path, Columns, Iterable[Row]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
