"""Stores that earlier versions wrote: read, gone on with, and never left halfway."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.history.past import Past
from pytest_modeleval.store.blobs import text_of
from pytest_modeleval.store.rows import TABLES, StoredSample, columns
from pytest_modeleval.store.schema import VERSION
from pytest_modeleval.store.store import Question, Store
from tests.conftest import FaultyServer, run
from tests.store.old_stores import PICTURE, TESTS, alias

# 5 is version 0.1's (58c87cb), 7 that of 3ab37eb; written by old_stores.py.
OLD = [5, 7]
OPEN = "import sys; from pathlib import Path; from pytest_modeleval.store.store import Store; Store(Path(sys.argv[1])).close()"


def old_store(folder: Path, version: int) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "store.sqlite"
    with closing(sqlite3.connect(path)) as store:
        store.executescript(Path(__file__).with_name(f"version_{version}.sql").read_text("utf-8"))
        store.execute("pragma journal_mode = wal")
    return path


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as store:
        return int(store.execute("pragma user_version").fetchone()[0])


def samples(folder: Path) -> dict[str, StoredSample]:
    with closing(Past(folder)) as past:
        (one,) = past.runs()
        return {f"{sample.main.benchmark}[{sample.main.name}]": sample for sample in past.samples(one.id)}


def test_an_answers_key_begins_with_what_it_is_to(tmp_path: Path) -> None:
    path = old_store(tmp_path, 7)

    Store(tmp_path).close()

    with closing(sqlite3.connect(path)) as store:
        rows = store.execute("select key, asked, who, run from completions").fetchall()
        used = {key for (key,) in store.execute("select completion from scores union select completion from answers")}
    assert rows
    assert all(key == Question(*question).key and key.startswith(question[0]) for key, *question in rows)
    assert used == {key for key, *_ in rows}


@pytest.mark.parametrize("version", OLD)
def test_what_an_earlier_version_kept_is_read(tmp_path: Path, version: int) -> None:
    old_store(tmp_path, version)

    found = samples(tmp_path)

    assert sorted(found) == [f"{test}[easy-0000{n}]" for test in ("asked", "talked") for n in (0, 1)]
    asked, talked = found["asked[easy-00001]"], found["talked[easy-00001]"]
    assert (asked.main.outcome, asked.main.value, asked.main.got, asked.main.group) == ("right", 1.0, "42", "")
    assert asked.prompt == [{"role": "user", "content": "1: what is 6 * 7?"}]
    assert (asked.target, asked.exchanges, asked.tools) == ("42", (), ())
    assert asked.completion is not None
    assert (asked.completion.text, asked.completion.completion_tokens) == ("42", 3)
    assert [(len(each.asked), each.repeated) for each in talked.exchanges] == [(3, 0), (2, 3), (2, 5)]
    assert talked.exchanges[0].asked[1]["content"][0]["image_url"]["url"] == PICTURE
    assert [each.asked[-1]["content"] for each in talked.exchanges] == [f"1: what is in it? turn {n}" for n in range(3)]
    assert all(each.completion and each.completion.text == "42" for each in talked.exchanges)


@pytest.mark.parametrize("version", OLD)
def test_its_answers_go_on_being_served(
    pytester: pytest.Pytester, faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    old_store(pytester.path / ".modeleval", version)
    pytester.makeini("[pytest]")
    pytester.makefile(".toml", modeleval=alias(faulty_server.url, identity=True))
    pytester.makepyfile(test_old=TESTS)

    result = run(pytester, "--model", "old", "--eval-cache", "any", "test_old.py")

    result.assert_outcomes(passed=4)
    assert faulty_server.asked == []


def test_a_picture_in_every_conversation_of_an_old_store_is_there_once(tmp_path: Path) -> None:
    path = old_store(tmp_path, 7)

    samples(tmp_path)

    with closing(sqlite3.connect(path)) as store:
        assert [text_of(*row) for row in store.execute("select content from blobs")] == [PICTURE]
        tables = {name for (name,) in store.execute("select name from sqlite_master where type = 'table'")}
        assert not {"requests", "samples_before", "scores_before"} & tables


@pytest.mark.parametrize("version", [*OLD, None])
def test_a_tables_columns_are_its_types_fields(tmp_path: Path, version: int | None) -> None:
    path = old_store(tmp_path, version) if version else tmp_path / "store.sqlite"

    subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], check=True)

    assert version_of(path) == VERSION
    with closing(sqlite3.connect(path)) as store:
        for kind, (table, _) in TABLES.items():
            found = [f'"{name}"' for _, name, *_ in store.execute(f"pragma table_info({table})")]
            assert sorted(found) == sorted(columns(kind))


def test_an_old_store_that_cannot_grow_is_one_line_and_stays_as_it_is(tmp_path: Path) -> None:
    path = old_store(tmp_path, 7)
    with closing(sqlite3.connect(path)) as store:
        store.execute(
            "update samples set prompt = json_array(json_object('role', 'user', 'content', hex(zeroblob(50000))))"
        )
        store.commit()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, resource.RLIM_INFINITY))

    full = subprocess.run([sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, preexec_fn=limit)
    left = version_of(path)
    found = samples(tmp_path)

    said = full.stderr.splitlines()[-1]
    assert said.startswith(f"pytest.UsageError: cannot open the run store {path}: "), full.stderr
    assert "(a file may have 120,000 bytes (ulimit -f))" in said
    assert left == 7
    assert found["asked[easy-00000]"].asked == "00" * 50_000


def test_an_old_store_may_be_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    old_store(tmp_path, 5)

    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(4)
    ]

    assert [process.communicate()[1] for process in processes] == [b""] * 4
    assert len(samples(tmp_path)) == 4
    assert len(samples(tmp_path)["talked[easy-00000]"].exchanges) == 3


@pytest.mark.parametrize(
    "damage",
    [
        *("prompt = 'no JSON'", "prompt = '[1, 2]'", "prompt = '{}'", "target = ''", "target = x'ff00'"),
        *("prompt = cast(x'ff' as text)", "target = cast(x'ff' as text)"),
    ],
)
def test_what_is_damaged_in_an_old_store_is_left_out(tmp_path: Path, damage: str) -> None:
    path = old_store(tmp_path, 7)
    with closing(sqlite3.connect(path)) as store:
        store.execute(f"update samples set {damage}")
        store.execute("update requests set messages = 'no JSON'")
        store.execute("update scores set answers = '[1' where benchmark = 'talked' and item like '%00000]'")
        store.commit()

    found = samples(tmp_path)

    assert len(found) == 4
    assert not found["talked[easy-00000]"].exchanges
    assert [list(each.asked) for each in found["talked[easy-00001]"].exchanges] == [[], [], []]


@pytest.mark.parametrize("version", OLD)
def test_a_row_that_is_no_utf_8_keeps_nobody_from_the_others(tmp_path: Path, version: int) -> None:
    path = old_store(tmp_path, version)
    with closing(sqlite3.connect(path)) as store:
        store.execute("update samples set prompt = cast(x'ff' as text) where prompt like '%1: what is 6%'")
        store.execute(
            "update completions set completion = cast(x'ff' as text) where key = (select min(key) from completions)"
        )
        store.execute("update scores set answers = cast(x'ff' as text) where item like '%talked%00001]'")
        store.commit()

    found = samples(tmp_path)

    assert len(found) == 4
    assert found["asked[easy-00000]"].asked == "0: what is 6 * 7?"
    assert found["asked[easy-00001]"].asked == ""
