"""What `--eval-write FILE` makes, by the file's ending."""

import importlib.util
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pluggy
import pytest

from pytest_modeleval.datasets.layout import ENDINGS as DATA
from pytest_modeleval.models.recorded import has_answers
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import Options
from pytest_modeleval.options.parsers import ROWS
from pytest_modeleval.reports.export import write_json
from pytest_modeleval.reports.samples import export
from pytest_modeleval.reports.summary import write_summary
from pytest_modeleval.reports.track import refuse_missing
from pytest_modeleval.results.finished import FinishedRun, Writer


def _samples(path: Path, run: FinishedRun) -> int:
    return export(path, run.folder, run.id)


def _page(path: Path, run: FinishedRun) -> int:
    # Only a run with a page pays for reading these.
    from pytest_modeleval.reports.first_screen import of_run
    from pytest_modeleval.reports.page import write_page
    from pytest_modeleval.reports.run_plots import plots_of

    screen = of_run(run)
    return write_page(path, run.folder, screen, plots_of(run, screen).items())


# What a gate's verdict is read in.
SUMMARY = ".md"
# The first two are written before the store, which the others read.
TABLES: Mapping[str, Writer] = {".json": write_json, SUMMARY: write_summary}
ENDINGS: Mapping[str, Writer] = {**TABLES, **dict.fromkeys(ROWS, _samples), ".html": _page}


def writers(hook: pluggy.HookRelay) -> dict[str, Writer]:
    """What writes each ending; one that a conftest has too is the conftest's."""
    found = dict(ENDINGS)
    for own in hook.pytest_modeleval_endings():
        found |= own
    return found


def refuse_outputs(hook: pluggy.HookRelay, options: Options) -> None:
    """`pytest.UsageError` for a file that nothing writes, and for a tracker that is not there."""
    known = writers(hook)
    if options.track:
        refuse_missing(options.track)
    for path in options.write:
        if path.suffix not in known:
            raise pytest.UsageError(
                f"--eval-write takes a FILE that ends in {', '.join(sorted(known))}, not {path.name!r}; a conftest's "
                "pytest_modeleval_endings adds others"
            )
        if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
            raise pytest.UsageError(f"--eval-write {path.name} needs pyarrow: pip install 'pytest-modeleval[parquet]'")


def refuse_overwritten(options: Options, models: Iterable[ModelSpec]) -> None:
    """`pytest.UsageError` for a file that is also read, or that two flags write: what was in it would be gone."""
    answers = [Path(spec.model) for spec in models if spec.way.is_recorded and not spec.way.is_run]
    read: list[tuple[str, Path | None]] = [("--eval-file", each) for each in options.file]
    read += [("--model replay:", each) for each in answers]
    read += [("--eval-collection", options.collection), ("--eval-baseline", options.baseline)]
    written = [("--eval-save-baseline", options.save_baseline), ("--eval-collection-save", options.collection_save)]
    taken: dict[Path, str] = {}
    for flag, path in [*written, *(("--eval-write", each) for each in options.write)]:
        if path is None:
            continue
        for reader, source in read:
            is_renewed = (flag, reader) == ("--eval-save-baseline", "--eval-baseline")
            if source and not is_renewed and _is_of(path, source, answers):
                raise pytest.UsageError(f"{flag} {path} would write over what {reader} reads: give another file")
        if taken.setdefault(path.resolve(), flag) != flag:
            raise pytest.UsageError(f"{taken[path.resolve()]} and {flag} both write {path}: give another file")


def _is_of(path: Path, source: Path, answers: Collection[Path]) -> bool:
    """Whether a file is one of those that are read: the one, or one in a folder, of answers one that holds some."""
    if path.resolve() == source.resolve():
        return True
    # A name that is too long is said where it is written.
    is_in = source.is_dir() and path.resolve().is_relative_to(source.resolve()) and path.is_file()
    return is_in and (has_answers(path) if source in answers else path.name.endswith(DATA))
