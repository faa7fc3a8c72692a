"""Tokens a second and memory of a model in this process, by the length of its prompt (--perf-speed)."""

import pytest

from pytest_modeleval import Speed


@pytest.mark.perf
def test_speed(perf_speed: Speed) -> None:
    assert perf_speed.decode > 0
