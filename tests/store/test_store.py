"""The store's writes: whole or not at all, and what is said when they cannot be."""

from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import StopRun
from pytest_modeleval.store.rows import BlobRow
from pytest_modeleval.store.store import Store


def filled(store: Store) -> None:
    """No room for more than a few pages: the disk is full."""
    ((pages,),) = store.rows("pragma page_count")
    store.rows(f"pragma max_page_count = {pages + 4}")


def blobs(number: int) -> list[BlobRow]:
    return [BlobRow(f"{place:064}", "x" * 3000) for place in range(number)]


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    filled(store)
    store.save(blobs(100))

    with pytest.raises(StopRun, match="database or disk is full"):
        store.flush()

    assert store.rows("select count(*) from blobs") == [(0,)]


def test_of_rows_that_cannot_all_be_written_none_is(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with pytest.raises(StopRun, match="UNIQUE constraint failed"):
        store.write("insert into blobs values (?, ?)", [("a", "one"), ("a", "two")])

    assert store.rows("select * from blobs") == []


def test_a_half_of_a_surrogate_pair_keeps_no_other_row_from_being_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save([BlobRow("a", "one"), BlobRow("b", "half \ud800"), BlobRow("c", "three")])

    store.flush()

    assert [content for _, content in store.rows("select * from blobs")] == ["one", "half ?", "three"]


def test_what_ctrl_c_meets_while_it_is_written_is_written_at_the_end(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(blobs(2))
    writes = store._write

    def interrupted(statements: Any) -> int:
        store._write = writes  # type: ignore[method-assign]
        raise KeyboardInterrupt

    store._write = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        store.flush()
    store.close()

    assert Store(tmp_path).rows("select count(*) from blobs") == [(2,)]


def test_a_load_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.rows("drop table loads")

    with pytest.raises(StopRun, match=r"cannot read the run store .*: no such table: loads"):
        store.earlier_load("last", "test_load", "m", besides="run")
