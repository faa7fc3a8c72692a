"""Files made to hang, to fill the memory or to crash what reads them: each is refused in one line."""

import gzip
import json
import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from string import ascii_lowercase

import pyarrow
import pyarrow.parquet
import pytest

from pytest_modeleval import inputs
from pytest_modeleval.collection.schema import read_schema
from pytest_modeleval.custom.files import read
from pytest_modeleval.datasets import find, media
from pytest_modeleval.datasets.files import Split
from pytest_modeleval.datasets.layout import split_files
from pytest_modeleval.datasets.lock import Lock, sha256_of
from pytest_modeleval.datasets.prepare import open_file, prepare
from pytest_modeleval.gate.baseline import read_baseline
from pytest_modeleval.models.replay import ReplayModel
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.config import read_config
from pytest_modeleval.options.parsers import text
from pytest_modeleval.options.where import Where
from pytest_modeleval.perf.prompts.files import read_prompts
from pytest_modeleval.perf.prompts.trace import read_trace
from pytest_modeleval.sample import SampleError

DEEP = "[" * 200_000

# Each letter is twice the one before it: z is 2**26 texts.
BOMB = (
    "a: &a [x, x]\n"
    + "".join(f"{two}: &{two} [*{one}, *{one}]\n" for one, two in pairwise(ascii_lowercase))
    + "configs:\n- config_name: *z\n  data_files: test.jsonl\n"
)

Reader = Callable[[Path], object]


def replayed(path: Path) -> object:
    return ReplayModel(ModelSpec("old", "replay", str(path)))


def configured(path: Path) -> object:
    return read_config(path.parent)


READERS: dict[str, Reader] = {
    "rows.jsonl": lambda path: read(path, None),
    "rows.jsonl.gz": lambda path: read(path, None),
    "rows.json": open_file,
    "rows.csv": open_file,
    "rows.tar": open_file,
    "rows.parquet": open_file,
    "answers.jsonl": replayed,
    "prompts.txt": read_prompts,
    "prompts.jsonl": read_prompts,
    "prompts.json": read_prompts,
    "trace.csv": read_trace,
    "trace.jsonl": read_trace,
    "baseline.json": read_baseline,
    "datasets.json": Lock,
    "hashed.bin": lambda path: sha256_of([path]),
    "mix.toml": read_schema,
    "mix.json": read_schema,
    "modeleval.toml": configured,
    "prompt.txt": lambda path: text(Where("--eval-prompt"), f"file:{path}"),
}


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)

    with pytest.raises(pytest.UsageError, match=r"is a pipe, no file: write what comes out of it to a file"):
        READERS[name](tmp_path / name)


def test_a_device_is_not_read() -> None:
    with pytest.raises(pytest.UsageError, match=r"^/dev/zero is a device, no file"):
        inputs.read_text(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", DEEP),
        ("rows.jsonl", '{"question": ' + DEEP),
        ("rows.json", DEEP),
        ("rows.json", '{"question": ' + DEEP),
        ("answers.jsonl", DEEP),
        ("prompts.jsonl", DEEP),
        ("prompts.json", DEEP),
        ("trace.jsonl", DEEP),
        ("baseline.json", DEEP),
        ("datasets.json", DEEP),
        ("mix.json", DEEP),
        ("mix.toml", "a = " + DEEP),
        ("modeleval.toml", "a = " + DEEP),
    ],
)
def test_brackets_without_end_are_one_line(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(pytest.UsageError, match=rf"{name}.*nested too deep") as refused:
        READERS[name](tmp_path / name)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("name", ["mix.toml", "modeleval.toml"])
def test_a_huge_settings_file_is_not_parsed(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(pytest.UsageError, match=r"has 1,099,511,627,776 bytes, and no more than 4,194,304 are read"):
        READERS[name](tmp_path / name)


@pytest.mark.parametrize(
    "name", ["rows.jsonl", "rows.csv", "answers.jsonl", "prompts.jsonl", "trace.csv", "rows.jsonl.gz"]
)
def test_a_line_without_end_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(inputs, "LINE", 1 << 20)
    content = b"a" * (5 << 20)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    with pytest.raises(pytest.UsageError, match=rf"{name}: line 1 is longer than 1 MiB"):
        READERS[name](tmp_path / name)


def test_lines_end_where_an_editor_ends_them_and_not_within_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('\ufeff"one\u2028two\x85"\r\n"three"'.encode())

    assert list(inputs.numbered_lines(tmp_path / "a.jsonl")) == [(1, '"one\u2028two\x85"'), (2, '"three"')]
    assert [prompt.turns for prompt in read_prompts(tmp_path / "a.jsonl")] == [["one\u2028two\x85"], ["three"]]


def test_a_gzip_file_that_explodes_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_UNPACKED", 1 << 20)
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"q": "' + b"a" * 1000 + b'"}\n' * 1_000_000))

    with pytest.raises(pytest.UsageError, match=r"unpacks to more than 100 times its size .* unpack it yourself"):
        open_file(path)


def test_the_bound_on_unpacking_is_a_quarter_of_a_gigabyte_and_a_hundred_times_the_size() -> None:
    inputs.refuse_explosion(Path("rows"), 256 << 20, 1)
    inputs.refuse_explosion(Path("rows"), 100 << 30, 1 << 30)

    with pytest.raises(pytest.UsageError):
        inputs.refuse_explosion(Path("rows"), (256 << 20) + 1, 1)


def test_an_archive_that_claims_terabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.tar"
    claimed = tarfile.TarInfo("a.txt")
    claimed.size = 1 << 40
    path.write_bytes(claimed.tobuf(tarfile.GNU_FORMAT) + b"x" * 512)

    with pytest.raises(
        pytest.UsageError, match=r"the sample 'a' claims 1 files of 1,099,511,627,776 bytes, of at most"
    ):
        open_file(path)


def test_an_archive_whose_header_claims_terabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.tar"
    claimed = tarfile.TarInfo("a")
    claimed.size, claimed.type = 1 << 40, tarfile.XHDTYPE
    path.write_bytes(claimed.tobuf(tarfile.GNU_FORMAT) + b"x" * 512)

    with pytest.raises(pytest.UsageError, match=r"no whole tar file \(a header claims 1,099,511,627,776 bytes\)"):
        open_file(path)


def test_a_sample_of_thousands_of_files_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_FILES", 100)
    path = tmp_path / "rows.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(200):
            archive.addfile(tarfile.TarInfo(f"a.{number}"))

    with pytest.raises(pytest.UsageError, match=r"the sample 'a' claims 101 files"):
        open_file(path)


@pytest.mark.parametrize(
    "header",
    [
        BOMB,
        "configs: &a [*a]\n",
        "configs: " + DEEP + "\n",
        "configs:\n" + "".join(" " * n + "-\n" for n in range(500)),
    ],
    ids=["aliases of aliases", "an alias of itself", "brackets", "lists"],
)  # fmt: skip
def test_a_header_that_grows_is_refused(header: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"has a README\.md whose header is (nested 100 deep|not YAML)"):
        split_files(["test.jsonl"], f"---\n{header}---\n", [("default", "test")])


def test_a_header_may_name_a_thing_twice() -> None:
    header = "configs:\n- config_name: a\n  data_files: &f [{split: test, path: b.jsonl}]\n- config_name: 2020-99-99\n  data_files: *f\n"

    found = split_files(["b.jsonl"], f"---\n{header}---\n", [("a", "test"), ("2020-99-99", "test")])

    assert set(map(tuple, found.values())) == {("b.jsonl",)}


def lying(path: Path, rows: int, said: int) -> Path:
    """A parquet file whose footer says another number of rows; of as many bytes as a number has there."""
    table = pyarrow.table({"n": range(rows)})
    pyarrow.parquet.write_table(table, path, compression="none", use_dictionary=False, row_group_size=rows)
    content = path.read_bytes()
    size = struct.unpack("<I", content[-8:-4])[0]
    body, footer = content[: -8 - size], content[-8 - size : -8]
    assert len(varint(rows)) == len(varint(said))
    changed = footer.replace(b"\x16" + varint(rows), b"\x16" + varint(said), 1)
    assert changed != footer
    path.write_bytes(body + changed + content[-8:])
    return path


def varint(number: int) -> bytes:
    """A whole number as Thrift's compact protocol has it."""
    number, found = number << 1, b""
    while number > 127:
        found, number = found + bytes([number & 127 | 128]), number >> 7
    return found + bytes([number])


def test_a_parquet_file_that_lies_about_its_rows_is_refused(tmp_path: Path) -> None:
    path = lying(tmp_path / "rows.parquet", 8000, 8191)

    with pytest.raises(pytest.UsageError, match=r"claims 8,191 rows, 8,000 in its groups, and has [\d,]+ bytes"):
        open_file(path)


def test_a_text_that_is_none_in_a_parquet_file_is_its_rows_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    buffers = pyarrow.array([b"a", b"\xff"]).buffers()
    column = pyarrow.Array.from_buffers(pyarrow.string(), 2, buffers)
    pyarrow.parquet.write_table(pyarrow.table({"q": column}), path)

    rows = open_file(path)

    assert rows[0]["q"] == "a"
    with pytest.raises(SampleError, match=r"row 1 of .*rows\.parquet cannot be read"):
        rows[1]


def test_an_image_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png"}')

    with (tmp_path / "metadata.jsonl").open("rb") as lines, pytest.raises(pytest.UsageError, match="is a pipe"):
        list(media.with_images(lines, tmp_path / "metadata.jsonl", [tmp_path / "a.png"]))


def files_in(folder: Path) -> object:
    return find.in_folder(folder, [("default", "test")], "b:")


@pytest.mark.parametrize("linked", ["test.jsonl", "test"], ids=["a file", "a folder"])
def test_a_link_out_of_the_datasets_folder_is_refused(tmp_path: Path, linked: str) -> None:
    folder, secret = tmp_path / "b", tmp_path / "secret"
    folder.mkdir()
    secret.mkdir()
    (secret / "a.jsonl").write_text('{"q": 1}')
    (folder / linked).symlink_to(secret if linked == "test" else secret / "a.jsonl")

    with pytest.raises(pytest.UsageError, match=rf"b/{linked} is a link out of its dataset's folder, to .*secret"):
        files_in(folder)


def test_links_within_the_folder_and_of_hugging_faces_cache_are_followed(tmp_path: Path) -> None:
    blob = tmp_path / "cache" / "blobs" / "f00"
    blob.parent.mkdir(parents=True)
    blob.write_text('{"q": 1}')
    snapshot = tmp_path / "cache" / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    (snapshot / "test.jsonl").symlink_to("../../blobs/f00")
    (tmp_path / "b").symlink_to(snapshot)

    assert files_in(tmp_path / "b") == {("default", "test"): [tmp_path / "b" / "test.jsonl"]}


def test_a_link_from_one_dataset_in_hugging_faces_cache_into_another_is_refused(tmp_path: Path) -> None:
    other, snapshot = tmp_path / "datasets--other" / "blobs", tmp_path / "datasets--own" / "snapshots" / "c0ffee"
    for folder in (other, snapshot):
        folder.mkdir(parents=True)
    (other / "f00").write_text('{"q": 1}')
    (snapshot / "test.jsonl").symlink_to(other / "f00")

    with pytest.raises(pytest.UsageError, match="is a link out of its dataset's folder"):
        files_in(snapshot)


def test_folders_that_link_to_each_other_are_gone_through_once(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"q": 1}')
    for name in "abcdefgh":
        (tmp_path / name).symlink_to(tmp_path)

    assert files_in(tmp_path) == {("default", "test"): [tmp_path / "test.jsonl"]}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "\x00" * 100,
        "[]",
        '{"b": 3}',
        '{"b": {"main/test": 3}}',
        '{"b": {"main/test": {"rows": {"all": -1}, "sha256": "a", "stamp": [], "source": null}}}',
        '{"b": {"main/test": {"rows": {"all": 1}, "sha256": "a", "stamp": [3], "source": null}}}',
        '{"b": {"main/test": {"rows": {"all": 1}, "sha256": "a", "stamp": [], "source": {"hub": "x"}}}}',
        '{"b": {"main/test": {"rows": {"all": 1}, "sha256": "a", "stamp": [], "source": null, "new": 1}}}',
    ],
)
def test_a_lock_that_is_broken_says_so_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "datasets.json").write_text(content)

    with pytest.raises(pytest.UsageError, match=r"datasets\.json .*remove it to make it anew$") as refused:
        Lock(tmp_path / "datasets.json")
    assert "\n" not in str(refused.value)


def test_a_lock_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "datasets.json").write_bytes(zlib.compress(json.dumps({}).encode()))

    with pytest.raises(pytest.UsageError, match=r"datasets\.json is not JSON .*remove it to make it anew"):
        Lock(tmp_path / "datasets.json")


@pytest.mark.parametrize("damage", ["cut", "emptied", "overwritten"])
def test_prepared_data_that_is_broken_says_so(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"q": 1}\n{"q": 2}\n')
    split = Split([path], tmp_path / "made", prepare([path], None, tmp_path / "made"))
    index = tmp_path / "made" / "0.index"
    whole = index.read_bytes()
    index.write_bytes({"cut": whole[:-8], "emptied": b"", "overwritten": b"\xff" * len(whole)}[damage])

    with pytest.raises(
        SampleError, match=r"index does not fit .*rows\.jsonl: remove the folder .*made, it is made anew$"
    ) as refused:
        split.rows(None)[0]
    assert "\n" not in str(refused.value)
