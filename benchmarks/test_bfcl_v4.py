"""BFCL v4: function calls in one turn and several, and memory (Patil et al. 2025, ICML)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval import Model, Row, Sample, Sandbox, benchmark
from pytest_modeleval.agents.bfcl import SETTINGS, call_score
from pytest_modeleval.scorers.bfcl.data import Bfcl
from pytest_modeleval.scorers.bfcl.figures import FIGURES
from pytest_modeleval.scorers.bfcl.rows import INSTALL_FOR_MEMORY, modules_of, row_in
from pytest_modeleval.scorers.bfcl.single import target_of
from pytest_modeleval.scorers.bfcl.tools import tools_of

BFCL_V4 = Bfcl("v4")


def to_sample(fields: Row) -> Sample:
    row = row_in(fields)
    tools = tools_of(row.functions, row.language)
    return Sample(row.turns[0], target_of(row), tools=tools, metadata={"row": row})


@benchmark(
    BFCL_V4,
    to_sample,
    tags=["tools", "en"],
    settings=SETTINGS,
    aggregates=FIGURES["v4"],
    modules=modules_of,
    install=INSTALL_FOR_MEMORY,
)
async def test_bfcl_v4(sample: Sample, model: Model, sandbox: Sandbox, settings: Mapping[str, Any]) -> None:
    assert await call_score(sample, model, sandbox, settings)
