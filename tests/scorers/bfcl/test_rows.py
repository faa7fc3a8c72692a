"""Rows of BFCL, from both layouts."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers.bfcl import rows
from pytest_modeleval.scorers.bfcl.figures import MULTI_TURN, categories
from pytest_modeleval.scorers.bfcl.rows import Row, installed_data, memories_before, row_of_hub, rows_in
from tests.conftest import SHARED_DATA

ASKED = [[{"role": "user", "content": "Sort it."}]]
SORT: dict[str, Any] = {
    "name": "sort",
    "description": "Sorts.",
    "parameters": {"type": "dict", "properties": {}, "required": []},
}
LIST: dict[str, Any] = SORT | {"name": "ls"}


def write(path: Path, *objects: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "BFCL_v4_simple_java.json", {"id": "simple_java_0", "question": ASKED, "function": [SORT]})
    write(
        tmp_path / "possible_answer/BFCL_v4_simple_java.json", {"id": "simple_java_0", "ground_truth": [{"sort": {}}]}
    )
    write(tmp_path / "BFCL_v4_live_simple.json", {"id": "live_simple_0", "question": ASKED, "function": [SORT]})
    write(tmp_path / "multi_turn_func_doc/gorilla_file_system.json", SORT, LIST)
    turns = {"question": [*ASKED, []], "initial_config": {"x": 1}, "involved_classes": ["GorillaFileSystem"]}
    row = {"id": "multi_turn_miss_func_0", **turns, "missed_function": {"1": ["sort"]}}
    (tmp_path / "BFCL_v4_multi_turn_miss_func.json.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    gold = {"id": "multi_turn_miss_func_0", "ground_truth": [["ls()"], ["sort('a')"]]}
    write(tmp_path / "possible_answer/BFCL_v4_multi_turn_miss_func.json", gold)
    memory = {"id": "memory_0-student-0", "question": ASKED, "involved_classes": ["MemoryAPI"], "scenario": "student"}
    write(tmp_path / "BFCL_v4_memory.json", memory)
    write(tmp_path / "possible_answer/BFCL_v4_memory.json", {"id": "memory_0-student-0", "ground_truth": ["35"]})
    write(tmp_path / "multi_turn_func_doc/memory_kv.json", LIST)
    before = [{"id": f"memory_prereq_{number}-student-{number}", "question": ASKED} for number in range(2)]
    write(tmp_path / "memory_prereq_conversation/memory_student.json", *before)
    return tmp_path


def test_a_row_of_one_turn(folder: Path) -> None:
    (row,) = rows_in(folder, "simple_java")

    assert row == Row("simple_java_0", "simple_java", ASKED, [SORT], [{"sort": {}}], classes=[])
    assert row.language == "java"


def test_a_row_without_gold(folder: Path) -> None:
    assert next(rows_in(folder, "live_simple")).gold == []


def test_a_row_of_several_turns_holds_functions_back(folder: Path) -> None:
    (row,) = rows_in(folder, "multi_turn_miss_func")

    assert (row.functions, row.held_back) == ([LIST], {1: [SORT]})
    assert (row.gold, row.config, row.classes) == ([["ls()"], ["sort('a')"]], {"x": 1}, ["GorillaFileSystem"])


def test_a_row_of_a_memory_and_what_comes_before(folder: Path) -> None:
    (row,) = rows_in(folder, "memory_kv")

    assert (row.id, row.classes, row.gold, row.functions) == ("memory_kv_0-student-0", ["MemoryAPI_kv"], ["35"], [LIST])
    assert [each.id for each in memories_before(folder, row)] == [
        "memory_prereq_0-student-0",
        "memory_prereq_1-student-1",
    ]


def test_a_category_without_data_is_said(folder: Path) -> None:
    with pytest.raises(
        SampleError,
        match=r"has no BFCL_v\*_simple\.json: the category simple has no data here; of others there are .*memory",
    ):
        list(rows_in(folder, "simple"))
    assert [row.functions for row in rows_in(folder, "memory_vector")] == [[]]


def test_a_missing_package_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]

    with pytest.raises(SampleError, match=r"not installed here: pip install --no-deps bfcl-eval==2026\.3\.23 mpmath"):
        installed_data()


def test_another_version_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(tmp_path / "bfcl_eval/__init__.py")
    write(tmp_path / "bfcl_eval-2025.1.1.dist-info/METADATA")
    (tmp_path / "bfcl_eval-2025.1.1.dist-info/METADATA").write_text("Name: bfcl-eval\nVersion: 2025.1.1\n")
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(
        SampleError, match=r"^bfcl_eval 2025\.1\.1 is installed, which has other golds than 2026\.3\.23: pip"
    ):
        installed_data()


COLUMNS: dict[str, Any] = {
    "id": "multi_turn_miss_func_0",
    "turns": json.dumps([*ASKED, []]),
    "functions": json.dumps([LIST]),
    "tools": "[]",
    "ground_truth": json.dumps([["ls()"], ["sort('a')"]]),
    "initial_config": json.dumps({"x": 1}),
    "missed_functions": json.dumps({"1": [[SORT]]}),
    "involved_classes": ["GorillaFileSystem"],
    "subset": "multi_turn_miss_func",
}


def test_a_row_of_the_hub_is_the_same(folder: Path) -> None:
    assert row_of_hub(COLUMNS) == next(rows_in(folder, "multi_turn_miss_func"))


def test_a_column_that_is_no_json_is_said() -> None:
    with pytest.raises(SampleError, match="multi_turn_miss_func_0: the column turns is no JSON: "):
        row_of_hub(COLUMNS | {"turns": "[oops"})


@pytest.mark.skipif(not (SHARED_DATA / "bfcl_v3").is_dir(), reason="the real data is not here")
def test_all_rows_of_v3() -> None:
    found = [row for category in categories("v3") for row in rows_in(SHARED_DATA / "bfcl_v3", category)]

    assert len(found) == 4441
    assert {row.category for row in found if not row.functions} == {"live_irrelevance"}
    assert {row.category for row in found if row.held_back} == {"multi_turn_miss_func"}
    assert {row.category for row in found if row.classes} == set(MULTI_TURN)
    assert {row.category for row in found if not row.gold} == {"irrelevance", "live_irrelevance", "live_relevance"}
