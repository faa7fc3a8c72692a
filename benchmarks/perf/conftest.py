"""Keeps load tests out of a run over all benchmarks, and of theirs all but the one that a flag asks for."""

from pathlib import Path

import pytest

from pytest_modeleval.perf.options.asked import shipped_test


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Ignore every file but the one of the flag."""
    kept = collection_path.is_dir() or collection_path.name in ("__init__.py", shipped_test(config))
    return None if kept else True
