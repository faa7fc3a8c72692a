"""The benchmarks that a collection names: declarations out of their files, data out of their folders."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_modeleval.datasets import Place, Rows
from pytest_modeleval.datasets.hub import NoData
from pytest_modeleval.items.declare import Benchmark, declared_in
from pytest_modeleval.items.settings import Settings
from pytest_modeleval.items.source import numbers_of
from pytest_modeleval.options.options import unknown


@dataclass
class OpenedBenchmarks:
    """The benchmarks in some files, each imported and opened when it is first asked for."""

    session: pytest.Session
    files: Mapping[str, Path]
    place: Callable[[str], Place]
    settings: Callable[[Benchmark], Settings]
    _declared: dict[str, Benchmark] = field(default_factory=dict)
    _rows: dict[tuple[str, tuple[str, ...]], Rows] = field(default_factory=dict)

    def declared(self, benchmark: str) -> Benchmark:
        """What `@benchmark` said; `pytest.UsageError` where the file has no such benchmark."""
        if benchmark not in self._declared:
            path = self.files[benchmark]
            there = _declared_in(self.session, path)
            if benchmark not in there:
                raise unknown(f"benchmark in {path}:", benchmark, there)
            self._declared[benchmark] = there[benchmark]
        return self._declared[benchmark]

    def rows(self, benchmark: str, subsets: Sequence[str]) -> Rows:
        """The data of these subsets of a benchmark; `pytest.UsageError` where there is none."""
        key = benchmark, tuple(subsets)
        if key not in self._rows:
            try:
                self._rows[key] = self.declared(benchmark).dataset.open(self.place(benchmark), subsets, None)
            except NoData as error:
                raise pytest.UsageError(str(error)) from None
        return self._rows[key]

    def numbers(self, benchmark: str, subsets: Sequence[str]) -> Mapping[str, Sequence[int]]:
        """The rows of these subsets that are left to draw from."""
        declared, rows = self.declared(benchmark), self.rows(benchmark, subsets)
        settings = self.settings(declared)
        return {subset: numbers_of(declared, settings, rows, subset) for subset in subsets}


def _declared_in(session: pytest.Session, path: Path) -> dict[str, Benchmark]:
    """The benchmarks in a test file, imported as pytest itself will: it finds the module there."""
    if not path.is_file():
        raise pytest.UsageError(f"--eval-collection: there is no file {str(path)!r}")
    try:
        module = pytest.Module.from_parent(session, path=path).obj
    except Exception as error:  # noqa: BLE001 - importing a user's file may raise anything
        # pytest's own error is a traceback, whose last line says it.
        said = (str(error).splitlines() or [type(error).__name__])[-1].removeprefix("E").strip()
        raise pytest.UsageError(f"{path} cannot be imported: {said}") from None
    return declared_in(module)
