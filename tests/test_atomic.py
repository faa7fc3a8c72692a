"""What stands where a file is written stays what it is."""

import os
from pathlib import Path

import pytest

from pytest_modeleval.atomic import aside, write_whole
from tests.conftest import FaultyServer, run


def test_what_is_no_file_is_written_to_itself(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with aside(pipe) as written:
        written.write_text("new")

    assert os.read(reader, 9) == b"new"
    assert pipe.is_fifo()
    os.close(reader)


@pytest.mark.parametrize("before", ["old", None], ids=["file", "nothing yet"])
def test_a_link_stays_one(tmp_path: Path, before: str | None) -> None:
    file, link = tmp_path / "there" / "file", tmp_path / "link"
    link.symlink_to(file)
    if before:
        file.parent.mkdir()
        file.write_text(before)
    with aside(link) as written:
        written.write_text("new")
        assert link.exists() == bool(before)

    assert link.is_symlink()
    assert file.read_text() == "new"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", ["a.md", "a.json", "a.html", "a.csv", "a.jsonl"])
def test_an_output_stays_as_it_was_where_the_new_one_cannot_be_written(
    project: pytest.Pytester, faulty: FaultyServer, name: str
) -> None:
    # As on a full disk, where a file can be made and not be filled.
    project.makeconftest(
        """
import io
from pathlib import Path

opened = Path.open

def full(path, mode="r", *arguments, **named):
    file = opened(path, mode, *arguments, **named)
    if "w" in mode and ".a." in f".{path.name}":
        def fail(*_):
            raise OSError(28, "No space left on device")
        file.close()
        file = io.StringIO()
        file.write = fail
    return file

def pytest_configure(config):
    Path.open = full

def pytest_unconfigure(config):
    Path.open = opened
"""
    )
    (project.path / name).write_text("old")

    result = run(project, "--model", "faulty", "--eval-write", name, "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([f"cannot write *{name}: *No space left on device"])
    assert (project.path / name).read_text() == "old"


def test_what_cannot_be_made_is_told_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o500)
    place = Path("/proc/page.html") if os.access(tmp_path / "folder", os.W_OK) else tmp_path / "folder/page.html"

    with pytest.raises(OSError, match=r"page\.html") as told:
        write_whole(place, "x")

    assert told.value.filename == str(place)
