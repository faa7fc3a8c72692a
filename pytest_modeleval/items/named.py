"""What `--eval` names: benchmarks, whole or a part of them."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_modeleval.items.collect import shipped_benchmarks, shipped_names
from pytest_modeleval.items.elsewhere import not_built
from pytest_modeleval.options.options import unknown


def files_of(names: Iterable[str]) -> list[Path]:
    """The files of shipped benchmarks; `pytest.UsageError` for a name that none has."""
    for name in names:
        if name not in shipped_names():
            if lacking := not_built(name):
                raise pytest.UsageError(lacking)
            raise unknown("benchmark in --eval:", name, shipped_names())
    return [shipped_benchmarks() / f"test_{name}.py" for name in names]
