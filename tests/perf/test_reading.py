"""The values of the flags for load tests."""

import pytest

from pytest_modeleval.perf.options import parsers as reading


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("60s", 60.0), ("5min", 300.0), ("1.5h", 5400.0)])
def test_a_time_has_its_unit(text: str, seconds: float) -> None:
    assert reading.duration("--perf-duration", text) == seconds
