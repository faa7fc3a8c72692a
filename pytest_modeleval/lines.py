"""The lines of text files."""

from collections.abc import Iterator
from pathlib import Path


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file in UTF-8, counted from 1, without their ends and a byte-order mark; none that is blank.

    A line feed alone ends a line: U+2028 and the like, at which `str.splitlines` cuts, may stand in a text of JSON.
    """
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line.rstrip("\r\n")
