"""Files that another process, or the next run after a crash, finds whole or as they were."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Another path in the same folder to write to, which takes the file's place in the end; its folder is made.

    A link stays one, and what is no file, such as /dev/null, is written to itself.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}-{uuid4().hex[:8]}")
    try:
        yield written
        written.replace(path)
    except OSError as error:
        # Nobody asked for the other path.
        if error.filename == str(written):
            error.filename = str(path)
        raise
    finally:
        written.unlink(missing_ok=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file, making its folder; raises `OSError` when that cannot be, and leaves it as it was."""
    with aside(path) as written:
        written.write_text(text, "utf-8")
