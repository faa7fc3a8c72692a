"""An evaluation as a function, for training scripts: the same run, as an object."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.options.sources import HANDED, SAMPLES, TABLE, WHY
from pytest_modeleval.reports.brief import Brief, of_arena, of_loads, of_scores
from pytest_modeleval.results.results import TableRow

if TYPE_CHECKING:
    import pandas

# What `evaluate` itself gives to pytest.
_OWN = ("--model",)


@dataclass(frozen=True, repr=False)
class Evaluated:
    """A finished run: the table's rows, one mapping a sample (as --eval-write writes them), pytest's exit status.

    Of a load test, as --eval-write writes them: ``loads`` has one mapping a load, with its figures, ``searches`` what
    --perf-find found, ``speeds`` one a prompt length of --perf-speed. Of --eval-arena ``arena`` is its leaderboard and
    the rest that is written of it, and its samples are battles. Printed, it is a table of some ten lines.
    """

    id: str
    exit_status: int
    scores: Sequence[TableRow]
    samples: Sequence[Mapping[str, Any]]
    loads: Sequence[Mapping[str, Any]] = ()
    searches: Sequence[Mapping[str, Any]] = ()
    speeds: Sequence[Mapping[str, Any]] = ()
    arena: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        counted = f"{len(self.loads)} loads" if self.loads else f"{len(self.samples):,} samples"
        return f"<Evaluated {self.id[:8]}: {counted}, exit status {self.exit_status}>"

    def __str__(self) -> str:
        return self._brief().text()

    def _repr_html_(self) -> str:
        return self._brief().html()

    def _brief(self) -> Brief:
        head = f"run {self.id[:8]}, exit status {self.exit_status}"
        if self.arena:
            return of_arena(head, self.arena["leaderboard"])
        return of_loads(head, self.loads) if self.loads else of_scores(head, self.scores)

    def to_pandas(self) -> "pandas.DataFrame":
        """The samples as a data frame."""
        try:
            import pandas
        except ImportError:
            raise ImportError("Evaluated.to_pandas needs pandas: pip install pandas") from None
        return pandas.DataFrame(list(self.samples))


def evaluate(
    model: str | Sequence[str] | None = None,
    *,
    select: str = "",
    flags: Sequence[str] = (),
    show: bool = False,
    **options: object,
) -> Evaluated:
    """The run of `pytest --model MODEL -k SELECT FLAGS` in the current folder, with these options over its settings.

    An option is called as its flag is, without ``--eval-`` and with ``_``; its value is a text as on the command line,
    or what TOML has for it: ``evaluate("qwen3", limit=100, generation={"temperature": 0})``. ``flags`` are pytest's
    own, and test files. Prints nothing unless ``show``. Raises `pytest.UsageError` for what pytest calls one,
    RuntimeError for a run that did not come to its end; wrong answers only make the exit status 1.
    """
    if given := [flag for flag in flags if flag.partition("=")[0] in _OWN]:
        raise pytest.UsageError(f"evaluate() gives pytest {', '.join(_OWN)} itself: leave {given[0]} out")
    with tempfile.TemporaryDirectory(prefix="modeleval-") as name:
        folder = Path(name)
        # The caller's own `--lf` keeps what it knows.
        command = [sys.executable, "-m", "pytest", *flags, "-o", f"cache_dir={folder / 'cache'}"]
        command += [f"-k={select}"] if select else []
        handed = dict(options)
        if model is not None:
            handed["model"] = model
        path = folder / "options.json"
        path.write_text(json.dumps(handed, default=str), "utf-8")
        return _read(folder, *_call([*command, f"{HANDED}={path}"], show=show))


def _call(command: Sequence[str], *, show: bool) -> tuple[int, str]:
    """The exit status and output of pytest, in a process of its own.

    In this one it would import the benchmarks into the caller, take its signal handlers, freeze its garbage (gc.freeze)
    and, inside a test, share pytest's state with it; a model loaded here would share the training's CUDA context.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_XDIST", "PYTEST_CURRENT_TEST"))}
    pipe = None if show else subprocess.PIPE
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=pipe, stderr=None if show else subprocess.STDOUT
    )
    return done.returncode, (done.stdout or b"").decode("utf-8", "replace")


def _read(folder: Path, status: int, output: str) -> Evaluated:
    path, samples = folder / TABLE, folder / SAMPLES
    if status == pytest.ExitCode.USAGE_ERROR:
        why = folder / WHY
        raise pytest.UsageError(why.read_text("utf-8").splitlines()[0] if why.exists() else _complaint(output))
    document = json.loads(path.read_text("utf-8")) if path.exists() else None
    # Of a load test there are no samples.
    if document is None or not ("loads" in document or samples.exists()):
        raise RuntimeError(f"the evaluation ended with exit status {status} and without results: {_complaint(output)}")
    rows = []
    if "loads" not in document:
        with samples.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
    read = [TableRow(**{**row, "range": tuple(row["range"])}) for row in document["rows"]]
    of_others = {key: document[key] for key in ("loads", "searches", "speeds", "arena") if key in document}
    return Evaluated(document["run"]["id"], status, read, rows, **of_others)


def _complaint(output: str) -> str:
    """The line in which pytest says what is wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith("ERROR: ") and "usage:" not in line]
    said += [line for line in lines if ": error: " in line] or lines[-1:]
    return said[0].removeprefix("ERROR: ") if said else "its output says why"
