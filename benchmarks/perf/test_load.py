"""A load test: one item a load, its figures against the objectives of --perf-slo."""

import pytest

from pytest_modeleval import Measured


@pytest.mark.perf
def test_load(load: Measured) -> None:
    assert load["success"] > 0
