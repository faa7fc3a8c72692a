"""Rows out of files, and files out of folders."""

import gzip
import json
import threading
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from pytest_modeleval import hub
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.files import JsonLines, Parquet, RowFiles
from pytest_modeleval.sample import SampleError

ROWS = [{"n": n, "text": "é" * n} for n in range(25)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def written(path: Path) -> Path:
    """The rows in a file of the path's kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path, row_group_size=10)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(LINES.encode()))
    else:
        path.write_text(LINES)
    return path


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.parquet"])
def test_every_kind_of_file_gives_its_rows_in_any_order(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)
    rows = Parquet(path) if path.suffix == ".parquet" else JsonLines(path)

    assert len(rows) == 25
    assert [dict(rows[index]) for index in (24, 0, 11, 9)] == [ROWS[24], ROWS[0], ROWS[11], ROWS[9]]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"n": 0}\r\n\n  \n{"n": 1}')

    assert [row["n"] for row in (JsonLines(path)[0], JsonLines(path)[1])] == [0, 1]


def test_a_missing_field_names_the_row_and_what_it_has(tmp_path: Path) -> None:
    row = JsonLines(written(tmp_path / "rows.jsonl"))[3]

    with pytest.raises(SampleError, match=r"row 3 of .*rows.jsonl has no field 'answer'; its fields are: n, text"):
        row["answer"]


def test_parts_are_one_sequence(tmp_path: Path) -> None:
    parts = [written(tmp_path / f"test-0000{part}-of-00002.parquet") for part in range(2)]
    rows = RowFiles(parts)

    assert (len(rows), rows[24]["n"], rows[25]["n"], rows[49]["n"]) == (50, 24, 0, 24)
    with pytest.raises(IndexError):
        rows[50]


def test_threads_may_read_at_once(tmp_path: Path) -> None:
    rows = Parquet(written(tmp_path / "rows.parquet"))
    wrong: list[int] = []

    def read() -> None:
        wrong.extend(n for _ in range(20) for n in range(25) if rows[n]["n"] != n)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_the_lock_spares_the_second_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "data/main/test.jsonl")
    place = Place("b", tmp_path / "data", tmp_path / "lock.json")
    dataset = hub(modelscope="a/b", huggingface="a/b", config="main", split="test")
    assert dataset.open(place).count("main") == 25

    def read_again(*_: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(RowFiles, "__init__", read_again)
    assert dataset.open(place).count("main") == 25
