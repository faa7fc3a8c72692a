"""The bench server, in a process of its own for all tests of a file."""

from collections.abc import Iterator

import pytest

from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer, bench_server

# As fast as a server can be that still takes its time.
QUICK = Behaviour(ttft=0.02, gap=0.001, tokens=16)


@pytest.fixture(scope="module")
def _bench() -> Iterator[BenchServer]:
    with bench_server(QUICK) as server:
        yield server


@pytest.fixture
def bench(_bench: BenchServer) -> BenchServer:
    """A bench server that forgot what it did before."""
    _bench.behave(QUICK)
    return _bench
