"""The highest load that keeps an objective, or the knee of the throughput (--perf-find)."""

import pytest

from pytest_modeleval import Found, Knee


@pytest.mark.perf
def test_find(perf_search: Found | Knee) -> None:
    assert perf_search.best is not None
