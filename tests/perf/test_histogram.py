"""Percentiles of any number of values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.histogram import Histogram


@given(
    st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=60), st.sampled_from([0, 50, 90, 99, 100])
)
def test_a_percentile_is_that_of_the_sorted_values_to_a_thousandth(values: list[float], percent: int) -> None:
    histogram = Histogram()
    histogram.add(values)

    exact = sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]
    assert histogram.percentile(percent) == pytest.approx(exact, rel=1 / 1024, abs=1e-9)
    assert histogram.count == len(values)


def test_nothing_has_no_percentile_and_negative_counts_as_a_nanosecond() -> None:
    histogram = Histogram()
    assert histogram.percentile(99) is None
    histogram.add([-1.0])

    assert histogram.percentile(99) == pytest.approx(1e-9, rel=1 / 1024)
