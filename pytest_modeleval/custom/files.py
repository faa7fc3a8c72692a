"""A user's own files as datasets: found, read, and every row checked before anything is asked."""

import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_modeleval.custom import calls, choice, qa, questions
from pytest_modeleval.custom.columns import SEVERAL, is_blank
from pytest_modeleval.custom.pictures import with_pictures
from pytest_modeleval.datasets import Place, Row
from pytest_modeleval.datasets.layout import ENDINGS
from pytest_modeleval.datasets.prepare import open_file, reader_of
from pytest_modeleval.inputs import lines_of, open_unpacked
from pytest_modeleval.names import spelt_id
from pytest_modeleval.sample import SampleError

FORMATS = {"choice": choice, "qa": qa, "questions": questions, "calls": calls}
# Rows by whose columns a file's format is told: the first may be a wrong one.
_LOOKED_AT = 20
_SHEETS = (".xlsx", ".xls", ".ods", ".numbers")
# How many of a file's wrong rows are told.
_TOLD = 20


@dataclass(frozen=True)
class UserData:
    """One benchmark's checked files: a dataset and, as there is nothing more to open, its rows.

    ``files`` are the subsets; ``solved`` those of their examples, by subset; ``several`` the subsets in which a
    question may have more than one right option; ``ids`` are what rows are called that have an id, by subset.
    """

    path: Path
    format: str
    files: Mapping[str, Sequence[Row]]
    solved: Mapping[str, Sequence[Row]]
    several: Collection[str] = field(default_factory=frozenset)
    ids: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    @property
    def subsets(self) -> Mapping[str, str]:
        """Every subset's name, in no group."""
        return dict.fromkeys(self.files, "")

    def open(self, place: Place, subsets: Collection[str], examples: str | None) -> "UserData":  # noqa: ARG002
        """Itself."""
        return self

    def count(self, subset: str) -> int:
        """How many rows the subset's file has."""
        return len(self.files[subset])

    def row(self, subset: str, index: int) -> Row:
        """One row, read now."""
        return self._marked(subset, self.files[subset][index])

    def examples(self, subset: str, split: str) -> Sequence[Row]:
        """The rows of the subset's file of solved examples."""
        if subset not in self.solved:
            raise SampleError(
                f"{self.path} has no {subset}_{split} file for the examples of {subset}; ask with 0 shots"
            )
        return [self._marked(subset, row) for row in self.solved[subset]]

    def _marked(self, subset: str, row: Row) -> Row:
        row = with_pictures(row, self.path if self.path.is_dir() else self.path.parent)
        return Row({**row, SEVERAL: True}, row.where) if subset in self.several else row


def name_of(path: Path) -> str:
    """A benchmark's or subset's name: the file's without its ending, a folder's; what is no word character is ``_``."""
    ending = next((ending for ending in ENDINGS if path.name.endswith(ending)), "")
    return re.sub(r"\W", "_", path.name.removesuffix(ending))


def read(path: Path, wanted: str | None) -> UserData:
    """The file's rows as the subset ``main``, or a folder's files as subsets; `pytest.UsageError` for a mistake."""
    files, solved = _folder(path) if path.is_dir() else ({"main": path}, {})
    rows = {file: _rows(file) for file in (*files.values(), *solved.values())}
    formats = {file: wanted or _format(file, _columns(file, found)) for file, found in rows.items()}
    one, *others = rows
    for other in others:
        if formats[other] != formats[one]:
            raise pytest.UsageError(
                f"{one} is of the format {formats[one]}, {other} of {formats[other]}; give each as --eval-file"
            )
    checked = {file: _checked(file, found, formats[file]) for file, found in rows.items()}
    if wrong := [line for each in checked.values() for line in each.wrong]:
        raise pytest.UsageError("\n".join(wrong))
    several = {file for file, each in checked.items() if each.several}
    return UserData(
        path,
        formats[one],
        {subset: rows[file] for subset, file in files.items()},
        {subset: rows[file] for subset, file in solved.items()},
        frozenset(subset for subset, file in files.items() if {file, solved.get(subset)} & several),
        {subset: checked[file].ids for subset, file in files.items()},
    )


def files_of(path: Path) -> list[Path]:
    """What is read of a file or folder."""
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.iterdir() if each.name.endswith(ENDINGS))


def _folder(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of a folder by subset: ``{subset}`` or ``{subset}_val``, and ``{subset}_dev`` of its examples."""
    files: dict[str, Path] = {}
    solved: dict[str, Path] = {}
    for path in files_of(folder):
        name, kind = name_of(path), files
        if name.endswith("_dev"):
            kind = solved
        subset = name.removesuffix("_val").removesuffix("_dev")
        if subset in kind:
            raise pytest.UsageError(f"{kind[subset]} and {path} are both the subset {subset!r}; keep one")
        kind[subset] = path
    if not files:
        raise pytest.UsageError(f"--eval-file: the folder {folder} has no file that ends in {', '.join(ENDINGS)}")
    if alone := sorted(solved.keys() - files.keys()):
        raise pytest.UsageError(f"{solved[alone[0]]} has examples of {alone[0]!r}, but there is no {alone[0]}_val file")
    return files, solved


def _rows(path: Path) -> Sequence[Row]:
    if not path.exists():
        raise pytest.UsageError(f"--eval-file: there is no file {str(path)!r}")
    if path.suffix.lower() in _SHEETS:
        raise pytest.UsageError(f"--eval-file: {path} is a spreadsheet's own format: save it as CSV UTF-8")
    if not path.name.endswith(ENDINGS):
        raise pytest.UsageError(f"--eval-file: {path} ends in none of {', '.join(ENDINGS)}: save it as one of these")
    _refuse_not_utf8(path)
    try:
        rows = open_file(path)
        if not rows:
            raise pytest.UsageError(f"{path} has no row")
    except SampleError as error:
        raise pytest.UsageError(str(error)) from None
    return rows


def _refuse_not_utf8(path: Path) -> None:
    if path.suffix == ".parquet":
        return
    with open_unpacked(path) as file:
        for number, line in enumerate(lines_of(file, path), start=1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                is_utf16 = number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff"))
                before = line[: error.start].decode()[-20:]
                what = "is UTF-16" if is_utf16 else f"is not UTF-8: {line[error.start]:#04x} after {before!r}"
                encoding = "utf-16" if is_utf16 else "latin1"
                raise pytest.UsageError(
                    f"{path}:{number} {what}; save it as UTF-8, such as by iconv -f {encoding} -t utf-8"
                ) from None


def _columns(path: Path, rows: Sequence[Row]) -> Sequence[str]:
    """The columns of the first rows that can be read; `pytest.UsageError` where none can."""
    names: dict[str, None] = {}
    errors, read = [], 0
    for index in range(len(rows)):
        try:
            names |= dict.fromkeys(rows[index])
            read += 1
        except SampleError as error:
            errors.append(_said(path, index, error))
        if read == _LOOKED_AT:
            break
    if not names:
        raise pytest.UsageError(f"{_where(path, 0)}: {errors[0] if errors else 'there is no column in it'}")
    return list(names)


def _format(path: Path, columns: Sequence[str]) -> str:
    """The format that the columns fit."""
    fitting = [name for name, module in FORMATS.items() if module.fits(columns)]
    # A file of choices has a question and an answer as well.
    if len(fitting) > 1 and not {"messages", "response"} & set(columns):
        return "choice"
    if len(fitting) == 1:
        return fitting[0]
    if len(columns) == 1 and (mark := re.search("[\t|]", columns[0])):
        raise pytest.UsageError(
            f"{path} has one column, {columns[0]!r}: separate the columns by commas, not {mark[0]!r}"
        )
    found = f"its columns are {', '.join(columns)}"
    if fitting:
        raise pytest.UsageError(
            f"{path} may be of the formats {' and '.join(fitting)}, {found}: give --eval-set run.format={fitting[0]}"
        )
    needs = "; ".join(f"{name} needs {module.NEEDS}" for name, module in FORMATS.items())
    raise pytest.UsageError(f"{path} is of no known format: {found}. {needs}")


class _Checked(NamedTuple):
    """Whether a question of a file has several right answers, its rows' ids, and those that are wrong, a line each."""

    several: bool
    ids: Mapping[int, str]
    wrong: Sequence[str]


def _checked(path: Path, rows: Sequence[Row], name: str) -> _Checked:
    several, seen = False, dict[str, int]()
    wrong: list[tuple[int, str]] = []
    for index in range(len(rows)):
        try:
            row = rows[index]
        except SampleError as error:
            wrong.append((index, _said(path, index, error)))
            continue
        whys = []
        try:
            several = bool(FORMATS[name].to_sample(with_pictures(row, path.parent)).metadata.get(SEVERAL)) or several
        except SampleError as error:
            whys.append(f"{error} (format {name})")
        key = row.get("id")
        if not is_blank(key) and (first := seen.setdefault(spelt_id(str(key)), index)) != index:
            again = f", as at {_where(path, first)}" if len(wrong) < _TOLD else ""
            whys.append(f"column 'id' is {key!r}{again}")
        if whys:
            wrong.append((index, "; ".join(whys)))
    told = [f"{_where(path, index)}: {why}" for index, why in wrong[:_TOLD]]
    more = [f"… and {len(wrong) - _TOLD:,} rows more"] if len(wrong) > _TOLD else []
    return _Checked(several, {index: spelt for spelt, index in seen.items()}, [*told, *more])


def _said(path: Path, index: int, error: SampleError) -> str:
    """What is wrong with a row that cannot be read, without the place, which is told as people find it."""
    return str(error).removeprefix(f"row {index} of {path} ").removeprefix("is ")


def _where(path: Path, index: int) -> str:
    """The row's place as people find it in an editor: of a record over several lines, the last one."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind not in ("jsonl", "csv", "tsv"):
        return f"{path}, row {index}"
    with open_unpacked(path) as file, io.TextIOWrapper(file, "utf-8", newline="") as lines:
        if kind == "jsonl":
            return f"{path}:{[number for number, line in enumerate(lines, start=1) if line.strip()][index]}"
        reader = reader_of(lines, kind)
        # The first record names the columns.
        return f"{path}:{[reader.line_num for record in reader if record][index + 1]}"
