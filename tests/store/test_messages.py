"""Conversations and pictures: kept once, and read as they were."""

import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from pytest_modeleval.store.addresses import DataAddress
from pytest_modeleval.store.blobs import text_of
from pytest_modeleval.store.messages import chained, read, read_prompt, sample_rows
from pytest_modeleval.store.rows import MessagesRow
from pytest_modeleval.store.schema import connect
from pytest_modeleval.store.store import Store
from tests.conftest import FaultyServer, answer, run

PICTURE = "data:image/png;base64," + "iVBORw0KGgoA" * 2000
TURNS = """
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"turns": int(subset)}, {"50": 1, "100": 1})

@benchmark(ROWS, lambda row: Sample("begin", "42", metadata=row))
async def test_talk(sample, model):
    said = list(sample.messages)
    for turn in range(sample.metadata["turns"]):
        said.append({"role": "user", "content": f"turn {turn} " + "word " * 200})
        answer = await model.complete(said)
        said.append({"role": "assistant", "content": answer.text})
"""


def size_of(path: Path) -> int:
    """The bytes of a store without what is free in it."""
    with closing(sqlite3.connect(path)) as store:
        store.execute("vacuum")
        (pages,), (size,) = (store.execute(f"pragma {name}").fetchone() for name in ("page_count", "page_size"))
    return int(pages * size)


def test_a_conversation_of_twice_the_turns_takes_twice_the_room(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_talk=TURNS)
    faulty.fault = answer("well " * 200)
    sizes = []
    for turns in ("50", "100"):
        run(project, "--model", "faulty", "-k", f"[{turns}-", "test_talk.py").assert_outcomes(passed=1)
        sizes.append(size_of(project.path / ".modeleval/store.sqlite"))
        (project.path / ".modeleval/store.sqlite").unlink()

    assert sizes[1] < 2.2 * sizes[0], sizes


SEEN = f"""
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {{"n": index}}, {{"main": 4}})
PICTURE = {{"type": "image_url", "image_url": {{"url": "{PICTURE}"}}}}

@benchmark(ROWS, lambda row: Sample([{{"role": "user", "content": [PICTURE, {{"type": "text", "text": str(row["n"])}}]}}], "42"))
def test_seen(sample: Sample, completion: Completion) -> None:
    assert completion.text == "42"

@benchmark(ROWS, lambda row: Sample([{{"role": "user", "content": [PICTURE, {{"type": "text", "text": "hid"}}]}}], "42"), protected=True)
def test_hidden(sample: Sample, completion: Completion) -> None:
    assert completion.text == "42"
"""


def test_a_picture_that_many_samples_show_is_kept_once_and_shown_in_each(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makepyfile(test_pictures=SEEN)

    result = run(project, "--model", "faulty", "-k", "seen", "--eval-write", "page.html", "test_pictures.py")

    assert result.parseoutcomes()["passed"] == 4
    store = project.path / ".modeleval/store.sqlite"
    assert size_of(store) < 6 * len(PICTURE)
    with closing(sqlite3.connect(store)) as rows:
        assert [text_of(*row) for row in rows.execute("select content from blobs")] == [PICTURE]
    with closing(Past(store.parent)) as past:
        (one,) = past.runs()
        urls = [sample.prompt[0]["content"][0]["image_url"]["url"] for sample in past.samples(one.id) if sample.prompt]
    assert urls == [PICTURE] * 4
    assert (project.path / "page.html").read_text().count(PICTURE) == 4


def test_no_picture_of_a_protected_sample_is_kept(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_pictures=SEEN)

    run(project, "--model", "faulty", "-k", "hidden", "test_pictures.py")

    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        for table in ("blobs", "messages", "samples", "answers"):
            assert store.execute(f"select * from {table}").fetchall() == []


def kept(folder: Path, *conversations: list[dict[str, Any]]) -> list[str]:
    """The hashes that stand for conversations, each of another item."""
    with closing(Store(folder)) as store:
        found = []
        for conversation in conversations:
            ((last, rows),) = chained([conversation])
            store.save(rows)
            found.append(last)
    return found


def user(content: object) -> dict[str, Any]:
    return {"role": "user", "content": content}


@pytest.mark.parametrize(
    "conversation",
    [
        [user("short"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}],
        [user("long " * 2000)],
        [user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}])],
        [user([{"type": "image_url", "image_url": {"url": DataAddress.of("image/png", b"held")}}])],
        [user([{"type": "input_audio", "input_audio": {"data": "data:audio/wav;base64,AAA=\n"}}])],
        [user("data:,a;base64,AAAA"), user("data:x;base64,AAA\x81"), user("data:x;base64,AAB=")],
        [user("blob:"), user("blob:0123"), user("data:")],
        [user("a text with \"blob:\" and 'data:' in it, \0 and ❤")],
        [user([[[[["deep " * 1000]]]]])],
        [user([1, 2.5, None, True, {"a": {"b": "data:x"}}])],
        [],
    ],
    ids=[
        "plain",
        "long",
        "picture",
        "made here",
        "line end",
        "no base64",
        "like a reference",
        "quoted",
        "nested",
        "other values",
        "nothing",
    ],
)
def test_messages_are_read_as_they_were_written(tmp_path: Path, conversation: list[dict[str, Any]]) -> None:
    (last,) = kept(tmp_path, conversation)

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        assert read(connection, last) == (conversation, "")


def test_a_picture_is_kept_as_the_bytes_that_it_has(tmp_path: Path) -> None:
    held = bytes(range(256)) * 40
    written = "data:image/png;base64," + base64.b64encode(held).decode()

    for number, address in enumerate((DataAddress.of("image/png", held), written)):
        kept(tmp_path / str(number), [user([{"type": "image_url", "image_url": {"url": address}}])])
        with closing(connect(tmp_path / str(number) / "store.sqlite")) as connection:
            rows = connection.execute("select hash, content from blobs").fetchall()
        assert rows == [(hashlib.sha256(written.encode()).hexdigest(), b"data:image/png;base64," + held)]


def test_what_two_prompts_begin_with_is_kept_once(tmp_path: Path) -> None:
    shared = [{"role": "system", "content": "be brief"}, user("an example"), {"role": "assistant", "content": "yes"}]
    prompts = [[*shared, user("first")], [*shared, user("second")]]
    with closing(Store(tmp_path)) as store:
        for prompt in prompts:
            row, rows = sample_rows(prompt, "42", "quiz")
            store.save([*rows, row])

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        assert connection.execute("select messages from messages").fetchall() == [(json.dumps(shared),)]
        found = connection.execute("select before, prompt from samples").fetchall()
        assert sorted(json.dumps(read_prompt(connection, *row)) for row in found) == list(map(json.dumps, prompts))


def test_a_samples_hash_is_that_of_baselines() -> None:
    messages = [{"role": "system", "content": "be \ud800"}, user("a"), user("long " * 2000)]

    for some in (messages, messages[:1], []):
        row, _ = sample_rows(some, "42", "quiz")
        whole = json.dumps(some, ensure_ascii=False) + "\0" + "42"
        assert row.hash == hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()


def test_two_models_that_are_asked_by_turns_take_no_more_room() -> None:
    asked: list[list[dict[str, Any]]] = []
    for turn in range(20):
        for who in ("agent", "customer"):
            asked.append([user(f"{who} {number} {'word ' * 20}") for number in range(turn + 1)])

    rows = [row for _, new in chained(asked) for row in new]

    assert len(rows) == 40
    assert max(len(row.messages) for row in rows if isinstance(row, MessagesRow)) < 200


def test_only_what_is_new_since_a_known_request_is_read(tmp_path: Path) -> None:
    requests = [[user("a")], [user("a"), user("b")], [user("c"), user("b")], [user("c"), user("b")]]
    with closing(Store(tmp_path)) as store:
        found = list(chained(requests))
        store.save(row for _, rows in found for row in rows)
    (before, _), (after, _), (other, _), (again, _) = found

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        assert read(connection, after, {before, after}) == ([user("b")], before)
        assert read(connection, other, {before}) == ([user("c"), user("b")], "")
        assert again == other


@pytest.mark.parametrize(
    "damage",
    [
        "update messages set messages = 'no JSON'",
        "update messages set messages = '[]'",
        "update messages set messages = '[1]'",
        "update messages set before = hash",
        "delete from messages",
    ],
)
def test_messages_that_somebody_damaged_are_none(tmp_path: Path, damage: str) -> None:
    (last,) = kept(tmp_path, [user("a")])

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        connection.execute(damage)
        found, _ = read(connection, last)

    assert found == []


def test_a_picture_that_is_gone_leaves_its_reference(tmp_path: Path) -> None:
    (last,) = kept(tmp_path, [user(PICTURE)])

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        connection.execute("delete from blobs")
        ((message,), _) = read(connection, last)

    assert message["content"].startswith("blob:")


def test_large_pictures_do_not_wait_in_memory(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        for number in range(3):
            ((_, rows),) = chained([[user(f"data:{number}" + "x" * (4 << 20))]])
            store.save(rows)
        assert store.rows("select count(*) from blobs") == [(2,)]
    with closing(connect(tmp_path / "store.sqlite")) as connection:
        assert connection.execute("select count(*) from blobs").fetchone() == (3,)


def test_messages_that_are_bytes_are_read_without_a_crash(tmp_path: Path) -> None:
    (last,) = kept(tmp_path, [user("a")])

    with closing(connect(tmp_path / "store.sqlite")) as connection:
        connection.execute("update messages set messages = cast(messages as blob)")
        assert read(connection, last)[0] == []


def test_names_with_half_a_surrogate_pair_lose_no_rows(project: pytest.Pytester, faulty: FaultyServer) -> None:
    rows = 'ROWS = generated(lambda subset, index: {"n": index}, {"half \\ud800": 2, "main": 2})'
    body = SEEN.replace('ROWS = generated(lambda subset, index: {"n": index}, {"main": 4})', rows)
    project.makepyfile(test_pictures=body)

    result = run(project, "--model", "faulty", "-k", "seen", "test_pictures.py")

    assert result.parseoutcomes()["passed"] == 4
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        subsets = store.execute("select subset from scores order by item").fetchall()
    assert sorted(subsets) == [("half ?",), ("half ?",), ("main",), ("main",)]
