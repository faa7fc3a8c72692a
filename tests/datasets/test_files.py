"""Rows out of files of every kind."""

import csv
import gzip
import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from pytest_modeleval.datasets import Row
from pytest_modeleval.datasets.files import Split, open_prepared
from pytest_modeleval.datasets.prepare import prepare
from pytest_modeleval.sample import SampleError

ROWS: list[dict[str, Any]] = [{"n": n, "text": "é" * n} for n in range(25)]


def content(kind: str) -> bytes:
    """The rows as a file of this kind."""
    if kind == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    if kind == "json":
        return json.dumps(ROWS, indent=1, ensure_ascii=False).encode()
    text = io.StringIO()
    writer = csv.DictWriter(text, ["n", "text"], delimiter="\t" if kind == "tsv" else ",")
    writer.writeheader()
    writer.writerows(ROWS)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def written(path: Path) -> Path:
    """The rows in a file of the path's kind."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), path, row_group_size=10)
    else:
        path.write_bytes(gzip.compress(content(kind)) if path.suffix == ".gz" else content(kind))
    return path


def rows_of(*paths: Path) -> Sequence[Row]:
    folder = paths[0].parent / "prepared"
    prepare(paths, None, folder)
    return open_prepared(paths, folder)


KINDS = ["jsonl", "jsonl.gz", "parquet", "json", "json.gz", "csv", "csv.gz", "tsv", "tsv.gz"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_its_rows_in_any_order(tmp_path: Path, kind: str) -> None:
    rows = rows_of(written(tmp_path / f"rows.{kind}"))

    text = kind[:3] in ("csv", "tsv")
    expected = [{"n": str(row["n"]), "text": row["text"]} if text else row for row in ROWS]
    assert len(rows) == 25
    assert [dict(rows[index]) for index in (24, 0, 11, 9)] == [expected[index] for index in (24, 0, 11, 9)]


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"n": 0}\r\n\n  \n{"n": 1}')

    assert [row["n"] for row in rows_of(path)] == [0, 1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('{"n": 0}\n{"n": 1}\n', [0, 1]),
        ('[{"n": 0},\n {"n": 1}]\n', [0, 1]),
        ('{\n "n": 0\n}', [0]),
        ("[]", []),
        ("", []),
    ],
    ids=["lines", "array", "one object", "empty array", "empty"],
)
def test_json_is_an_array_or_one_value_after_another(tmp_path: Path, text: str, numbers: list[int]) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)

    assert [row["n"] for row in rows_of(path)] == numbers


def test_a_long_json_array_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    long = [{"n": n, "text": "x" * 700_000} for n in range(5)]
    path.write_text(json.dumps(long))

    assert [dict(row) for row in rows_of(path)] == long


def test_csv_may_have_line_ends_quotes_and_long_passages(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('q,a\r\n"two\nlines, ""quoted""",1\r\n\r\n' + "x" * 200_000 + ",2\r\n", newline="")

    rows = rows_of(path)
    assert dict(rows[0]) == {"q": 'two\nlines, "quoted"', "a": "1"}
    assert (len(rows), len(rows[1]["q"])) == (2, 200_000)


def test_a_missing_field_names_the_row_and_what_it_has(tmp_path: Path) -> None:
    row = rows_of(written(tmp_path / "rows.jsonl"))[3]

    with pytest.raises(SampleError, match=r"row 3 of .*rows.jsonl has no field 'answer'; its fields are: n, text"):
        row["answer"]


def test_parts_are_one_sequence(tmp_path: Path) -> None:
    rows = rows_of(*(written(tmp_path / f"test-0000{part}-of-00002.parquet") for part in range(2)))

    assert (len(rows), rows[24]["n"], rows[25]["n"], rows[49]["n"]) == (50, 24, 0, 24)
    assert [row["n"] for row in rows[23:27]] == [23, 24, 0, 1]
    with pytest.raises(IndexError):
        rows[50]


def test_a_huge_row_group_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modeleval.datasets.prepare._GROUP", 800)
    path = tmp_path / "rows.parquet"
    table = pyarrow.Table.from_pylist([{"n": n, "image": bytes([n]) * 50} for n in range(100)])
    pyarrow.parquet.write_table(table, path, compression="none")

    rows = rows_of(path)

    assert pyarrow.parquet.ParquetFile(tmp_path / "prepared/0.parquet").num_row_groups > 10
    assert [rows[index]["image"] for index in (99, 0, 50)] == [bytes([index]) * 50 for index in (99, 0, 50)]
    assert rows[3].where == f"row 3 of {path}"


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_grouped_by_a_column(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path / f"rows.{kind}")

    sizes = prepare([path], "n", tmp_path / "prepared")

    assert sizes == {str(n): 1 for n in range(25)}
    eleven = Split([path], tmp_path / "prepared", sizes).rows("11")
    assert ([row["text"] for row in eleven], len(eleven)) == (["é" * 11], 1)


def test_threads_may_read_at_once(tmp_path: Path) -> None:
    rows = rows_of(written(tmp_path / "rows.parquet"))
    numbers: list[int] = []

    def read() -> None:
        numbers.extend([rows[n]["n"] for _ in range(20) for n in range(25)])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbers == [*range(25)] * 80


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"q,a\n1,2\n3\n", "a.csv: line 3 has 1 columns, the first line names 2"),
        ("a.csv", b'q,a\n"1\n",2\n3,4,5\n', "a.csv: line 4 has 3 columns, the first line names 2"),
        ("a.csv", b"q,q\n1,2\n", "a.csv: line 1 names a column twice: q, q"),
        ("a.csv", b'q,a\n"1,2\n', "a.csv: line 2: unexpected end of data"),
        ("a.tsv", b"q\ta\n1\t2\t3\n", "a.tsv: line 2 has 3 columns, the first line names 2"),
        ("a.csv", b"q,a\n\xff,2\n", "a.csv is not UTF-8: 'utf-8' codec"),
        ("a.json", b'[{"n": 1}, {"n"', "a.json is not JSON: "),
        ("a.json", b'[{"n": 1}', "a.json is not JSON: "),
        ("a.jsonl.gz", gzip.compress(b'{"n": 1}' * 1000)[:-20], "a.jsonl.gz is no whole gzip file"),
        ("a.jsonl.gz", b'{"n": 1}', "a.jsonl.gz is no whole gzip file"),
        ("a.parquet", b"PAR1 and then nothing", "a.parquet is no whole parquet file .*; remove it and fetch it again"),
        ("a.parquet", b"<!DOCTYPE html><title>502</title>", "a.parquet is an HTML page, not data: "),
        ("a.jsonl", b"\n<html>", "a.jsonl is an HTML page, not data: "),
        ("a.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a.parquet is a Git LFS pointer"),
    ],
    ids=[
        "few columns",
        "many columns",
        "column twice",
        "open quote",
        "tsv",
        "encoding",
        "cut json",
        "open array",
        "cut gzip",
        "no gzip",
        "no parquet",
        "page",
        "page as lines",
        "pointer",
    ],
)
def test_a_broken_file_is_one_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    with pytest.raises(pytest.UsageError, match=said):
        prepare([path], None, tmp_path / "prepared")
    assert [left.name for left in tmp_path.iterdir()] == [name]


def test_a_parquet_file_that_is_broken_inside_is_those_samples_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = pyarrow.Table.from_pylist([{"text": str(n) * 100} for n in range(1000)])
    pyarrow.parquet.write_table(table, path, row_group_size=500, use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[20:400] = b"\xff" * 380
    path.write_bytes(data)
    rows = rows_of(path)

    with pytest.raises(
        SampleError, match=r"row 3 of .*rows.parquet cannot be read \(.*\); remove the file and fetch it again"
    ):
        rows[3]
    assert rows[999]["text"] == "999" * 100
