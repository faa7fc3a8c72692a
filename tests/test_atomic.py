"""What stands where a file is written stays what it is."""

import os
from pathlib import Path

import pytest

from pytest_modeleval.atomic import aside


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
