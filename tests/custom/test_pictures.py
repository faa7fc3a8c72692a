"""Pictures in a user's own files, in each layout that EvalScope takes."""

import base64
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pytest_modeleval import Row, SampleError
from pytest_modeleval.custom import choice, qa
from pytest_modeleval.custom.pictures import with_pictures
from pytest_modeleval.items.prompts import composed
from pytest_modeleval.store.addresses import DataAddress
from tests.conftest import FaultyServer, answer, run


def drawn(color: str) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (3, 2), color).save(written, "PNG")
    return written.getvalue()


DOG, CAT = drawn("brown"), drawn("black")
ADDRESSES = {DataAddress.of("image/png", DOG): "DOG", DataAddress.of("image/png", CAT): "CAT"}
PART = {"type": "image_url", "image_url": {"url": "pictures/dog.png", "detail": "low"}}
MESSAGES = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, PART]}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/dog.png").write_bytes(DOG)
    (tmp_path / "pictures/cat.png").write_bytes(CAT)
    return tmp_path


def shape(content: Any) -> Any:
    """The parts: a text as it is, a picture as its name."""
    if isinstance(content, str):
        return content
    return [part["text"] if part["type"] == "text" else ADDRESSES[part["image_url"]["url"]] for part in content]


def asked(form: Any, fields: Mapping[str, Any], folder: Path) -> Any:
    sample = form.to_sample(with_pictures(Row(dict(fields), "row"), folder))
    return [shape(message["content"]) for message in composed(sample, [], template=form.PROMPT).messages]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"question": "What?", "image": "pictures/dog.png"}, [["DOG", "What?"]]),
        ({"question": "<image 1> What?", "image": base64.b64encode(DOG).decode()}, [["DOG", " What?"]]),
        ({"question": "What?", "image": str(DataAddress.of("image/jpg", DOG))}, [["DOG", "What?"]]),
        ({"question": "What?", "image": {"bytes": DOG, "path": "dog.png"}}, [["DOG", "What?"]]),
        (
            {"question": "<image_2> or <image 1>", "image_2": "pictures/cat.png", "image_1": "pictures/dog.png"},
            [["CAT", " or ", "DOG"]],
        ),
        ({"question": "What?", "image": "pictures/dog.png", "image_2": None, "image_3": ""}, [["DOG", "What?"]]),
        ({"messages": MESSAGES}, [["What is it?", "DOG"]]),
        ({"messages": json.dumps(MESSAGES)}, [["What is it?", "DOG"]]),
        (
            {"messages": [{"role": "user", "content": "What?<image 1>"}], "image_1": "pictures/dog.png"},
            [["What?", "DOG"]],
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "A <image 1>"},
                    {"role": "assistant", "content": "A dog"},
                    {"role": "user", "content": "And this?"},
                ],
                "image_1": "pictures/dog.png",
                "image_2": "pictures/cat.png",
            },
            [["A ", "DOG"], "A dog", ["CAT", "And this?"]],
        ),
        (
            {
                "messages": [{"role": "user", "content": "<image 1>"}, {"role": "user", "content": "What?"}],
                "image": "pictures/dog.png",
            },
            [["DOG"], "What?"],
        ),
    ],
)  # fmt: skip
def test_a_question_shows_pictures(fields: dict[str, Any], expected: Any, folder: Path) -> None:
    assert asked(qa, {**fields, "answer": "a dog"}, folder) == expected


def test_options_may_be_pictures(folder: Path) -> None:
    row = {"question": "Which is a dog?", "options": ["<image 1>", "<image 2>"], "answer": "B"}
    pictures = {"image_1": "pictures/cat.png", "image_2": "pictures/dog.png"}

    ((first, *rest),) = asked(choice, {**row, **pictures}, folder)

    assert first == "Which is a dog?\n\nA. "
    assert rest[:3] == ["CAT", "\nB. ", "DOG"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "pictures/no.png"}, r"column 'image': there is no pictures/no.png in .*, the file's folder"),
        ({"image": "../secret.png"}, r"column 'image' leads out of .*, the file's folder: \.\./secret\.png"),
        ({"image": "/etc/hostname.png"}, "column 'image' leads out of"),
        ({"image": "pictures/link.png"}, "column 'image' leads out of"),
        ({"image": "pictures/../../a.png"}, "column 'image' leads out of"),
        ({"image": "pictures."}, "there is no pictures"),
        ({"image": "https://example.com/a.png"}, "column 'image' is at https://example.com/a.png, which is not fetched"),
        ({"image": "FILE:///etc/passwd"}, "which is not fetched"),
        ({"image_1": "pictures/dog.png", "image_3": "pictures/dog.png"}, "column 'image_2' is empty, and 'image_3' is"),
        ({"video_1": "a.mp4"}, "column 'video_1': video stands in messages alone, as a part of the type video_url"),
        ({"image": "a\0b.png"}, "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_column_is_one_line(fields: dict[str, Any], expected: str, folder: Path) -> None:
    (folder.parent / "secret.png").write_bytes(DOG)
    (folder / "pictures/link.png").symlink_to(folder.parent / "secret.png")

    with pytest.raises(SampleError, match=expected) as error:
        asked(qa, {"question": "?", "answer": "a", **fields}, folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.com/a.png", "column 'messages' is at http://example.com/a.png, which is not fetched"),
        ("file:///etc/passwd", "which is not fetched"),
        ("../secret.png", "column 'messages' leads out of"),
        ("data:image/png;base64,AAAA", "column 'messages': a picture is no picture that can be read"),
        (None, "column 'messages': a part of the type image_url has a url"),
    ],
)
def test_what_is_wrong_with_messages_is_one_line(url: object, expected: str, folder: Path) -> None:
    part = {"type": "image_url", "image_url": {"url": url}}
    with pytest.raises(SampleError, match=expected):
        asked(qa, {"messages": [{"role": "user", "content": [part]}], "answer": "a"}, folder)


def test_pictures_stand_in_columns_or_in_parts(folder: Path) -> None:
    with pytest.raises(SampleError, match="messages of parts have their pictures among these"):
        asked(qa, {"messages": MESSAGES, "image": "pictures/dog.png", "answer": "a"}, folder)


def test_sound_and_film_go_to_the_server_as_they_are(folder: Path) -> None:
    (folder / "film.mp4").write_bytes(b"film")
    heard = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    seen = {"type": "video_url", "video_url": {"url": "https://example.com/a.mp4"}}
    beside = {"type": "video_url", "video_url": {"url": "film.mp4", "fps": 2}}
    row = Row({"messages": [{"role": "user", "content": [heard, seen, beside]}], "answer": "a"}, "row")

    sample = qa.to_sample(with_pictures(row, folder))

    held = {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,ZmlsbQ==", "fps": 2}}
    assert sample.messages[0]["content"] == [heard, seen, held]


@pytest.mark.parametrize("kind", ["jsonl", "tsv", "parquet"])
def test_a_file_with_pictures_is_asked(project: pytest.Pytester, faulty: FaultyServer, kind: str, folder: Path) -> None:
    rows = [
        {"question": "Is <image 1> a dog?", "answer": "yes", "image_1": "pictures/dog.png"},
        {"question": "Is this a dog?", "answer": "no", "image_1": "pictures/cat.png"},
    ]
    path = folder / f"animals.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "tsv":
        path.write_text("".join("\t".join(line) + "\n" for line in ([*rows[0]], *([*row.values()] for row in rows))))
    else:
        pyarrow = pytest.importorskip("pyarrow.parquet")
        held = [{**row, "image_1": {"bytes": (folder / row["image_1"]).read_bytes(), "path": "a"}} for row in rows]
        pyarrow.write_table(pytest.importorskip("pyarrow").Table.from_pylist(held), path)
    faulty.fault = answer("yes")

    result = run(project, "--model", "faulty", "--eval-file", str(path))

    result.assert_outcomes(passed=1, failed=1)
    found = sorted(json.dumps(shape(body["messages"][0]["content"])) for body in faulty.asked)
    assert found == ['["CAT", "Is this a dog?"]', '["Is ", "DOG", " a dog?"]']


def test_a_table_of_evalscopes_is_asked(project: pytest.Pytester, faulty: FaultyServer, folder: Path) -> None:
    lines = [
        "question\toptions\tanswer\timage_1\timage_2",
        'Which?\t["<image 1>", "<image 2>"]\tB\tpictures/dog.png\tpictures/cat.png',
        'What is it?\t["a dog", "a cat"]\tA\tpictures/dog.png',
    ]
    (folder / "animals.tsv").write_text("".join(f"{line}\n" for line in lines))
    faulty.fault = answer("ANSWER: B")

    result = run(project, "--model", "faulty", "--eval-file", str(folder / "animals.tsv"))

    result.assert_outcomes(passed=1, failed=1)
    shown = sorted(len(body["messages"][0]["content"]) for body in faulty.asked)
    assert shown == [2, 5]


def test_a_broken_picture_is_its_samples_error(project: pytest.Pytester, faulty: FaultyServer, folder: Path) -> None:
    (folder / "pictures/cat.png").write_bytes(CAT[:-20])
    rows = [{"question": "?", "answer": "42", "image": f"pictures/{name}.png"} for name in ("dog", "cat")]
    (folder / "animals.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    result = run(project, "--model", "faulty", "--eval-file", str(folder / "animals.jsonl"))

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*picture 1 was cut: its last bytes*"])


def test_pictures_that_are_not_there_are_told_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer, folder: Path
) -> None:
    (folder / "animals.jsonl").write_text('{"question": "?", "answer": "a", "image": "no.png"}\n')

    result = run(project, "--model", "faulty", "--eval-file", str(folder / "animals.jsonl"))

    result.stderr.fnmatch_lines(["*animals.jsonl:1: column 'image': there is no no.png in *"])
    assert not faulty.asked
