"""Rows with images: WebDatasets, and metadata with images beside it."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.datasets.files import open_prepared
from pytest_modeleval.datasets.layout import split_files
from pytest_modeleval.datasets.media import data_url
from pytest_modeleval.datasets.prepare import prepare

JPEG, PNG = b"\xff\xd8\xff\xe0 one", b"\x89PNG\r\n\x1a\n two"


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def rows_of(*paths: Path) -> list[dict[str, object]]:
    folder = paths[0].parent / "prepared"
    prepare(paths, None, folder)
    return [dict(row) for row in open_prepared(paths, folder)]


def test_members_of_a_tar_with_one_name_are_a_row(tmp_path: Path) -> None:
    members = {
        "s0000.jpg": JPEG,
        "s0000.txt": b"Zwei Hunde.\nEin Ball.",
        "a/s0001.png": PNG,
        "a/s0001.json": b'{"n": 1}',
        "a/s0001.seg.bin": b"x",
    }

    assert rows_of(tar(tmp_path / "0.tar", members)) == [
        {"__key__": "s0000", "jpg": data_url(JPEG), "txt": "Zwei Hunde.\nEin Ball."},
        {"__key__": "a/s0001", "png": data_url(PNG), "json": {"n": 1}, "seg.bin": "data:application/octet-stream;base64,eA=="},
    ]  # fmt: skip
    assert data_url(JPEG).startswith("data:image/jpeg;base64,/9j")
    assert data_url(PNG).startswith("data:image/png;base64,iVBOR")


def test_shards_of_a_split_are_one_after_another(tmp_path: Path) -> None:
    shards = [tar(tmp_path / f"{n}.tar", {f"s{n}.txt": str(n).encode()}) for n in range(2)]

    assert [row["txt"] for row in rows_of(*shards)] == ["0", "1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"0.tar is no whole tar file \(empty file\); remove it and fetch it again"),
        (b"x" * 2000, r"0.tar is no whole tar file"),
    ],
    ids=["empty", "garbage"],
)
def test_a_tar_that_is_none_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "0.tar"
    path.write_bytes(content)

    with pytest.raises(pytest.UsageError, match=said):
        rows_of(path)


def test_a_tar_that_is_cut_is_said(tmp_path: Path) -> None:
    path = tar(tmp_path / "0.tar", {"a.txt": b"a" * 3000, "b.txt": b"b" * 3000})
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(pytest.UsageError, match=r"0.tar is no whole tar file"):
        rows_of(path)


@pytest.mark.parametrize("members", [{"a.json": b"{"}, {"a.txt": b"\xff"}], ids=["json", "text"])
def test_a_member_that_cannot_be_read_is_said(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(pytest.UsageError, match=r"0.tar: a\.(json|txt) cannot be read"):
        rows_of(tar(tmp_path / "0.tar", members))


@given(st.binary(max_size=1500))
def test_any_bytes_are_a_tar_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "0.tar"
    path.write_bytes(content)
    try:
        assert isinstance(rows_of(path), list)
    except pytest.UsageError as error:
        assert str(path) in str(error)  # noqa: PT017


def folder(tmp_path: Path, *rows: object) -> list[Path]:
    (tmp_path / "test" / "images").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(JPEG)
    (tmp_path / "test" / "images" / "0.jpg").write_bytes(JPEG)
    (tmp_path / "test" / "images" / "1.png").write_bytes(PNG)
    (tmp_path / "test" / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    found = split_files(names, "", [("default", "test")])["default", "test"]
    assert found == ["test/metadata.jsonl", "test/images/0.jpg", "test/images/1.png"]
    return [tmp_path / name for name in found]


def test_a_rows_image_is_the_file_that_it_names(tmp_path: Path) -> None:
    named = {"file_name": "images/1.png", "instruction": "Make it red."}
    rows = rows_of(*folder(tmp_path, named, {"n": 1}, {"file_name": "images/0.jpg"}))

    assert rows == [
        {**named, "image": data_url(PNG)},
        {"n": 1},
        {"file_name": "images/0.jpg", "image": data_url(JPEG)},
    ]


@pytest.mark.parametrize("name", ["images/2.jpg", "../secret.jpg", "/etc/passwd", ""])
def test_no_other_file_is_read_whatever_a_row_names(tmp_path: Path, name: str) -> None:
    files = folder(tmp_path, {"file_name": name})

    with pytest.raises(pytest.UsageError, match=r"metadata.jsonl: line 1 names '.*', and there is no such image"):
        rows_of(*files)
