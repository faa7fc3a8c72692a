"""What an option is called where it was given."""

from pathlib import Path


class Where(str):
    """What an option is called where it was given, for messages: ``--eval-limit``, ``modeleval.toml: [run] limit``.

    Relative paths start in ``folder``, that of the file which gives it; None: in the current one.
    """

    folder: Path | None

    def __new__(cls, name: str, folder: Path | None = None) -> "Where":
        where = super().__new__(cls, name)
        where.folder = folder
        return where

    def path(self, text: str) -> Path:
        """The path that a text stands for."""
        return ((self.folder or Path()) / text).absolute()
