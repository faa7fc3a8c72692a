"""BFCL v3: function calls in one turn and several (Patil et al. 2025, ICML)."""

from collections.abc import Mapping
from typing import Any

from pytest_modeleval import Model, Row, Sample, Sandbox, benchmark, hub
from pytest_modeleval.agents.bfcl import SETTINGS, call_score
from pytest_modeleval.scorers.bfcl.data import Bfcl
from pytest_modeleval.scorers.bfcl.figures import FIGURES, categories
from pytest_modeleval.scorers.bfcl.rows import INSTALL, modules_of, row_in
from pytest_modeleval.scorers.bfcl.single import target_of
from pytest_modeleval.scorers.bfcl.tools import tools_of

BFCL_V3 = Bfcl(
    "v3",
    hub(
        modelscope="AI-ModelScope/bfcl_v3",
        huggingface=None,
        split="train",
        by="subset",
        subsets=categories("v3"),
    ),
)


def to_sample(fields: Row) -> Sample:
    row = row_in(fields)
    tools = tools_of(row.functions, row.language)
    return Sample(row.turns[0], target_of(row), tools=tools, metadata={"row": row})


@benchmark(
    BFCL_V3,
    to_sample,
    tags=["tools", "en"],
    settings=SETTINGS,
    aggregates=FIGURES["v3"],
    modules=modules_of,
    install=INSTALL,
)
async def test_bfcl_v3(sample: Sample, model: Model, sandbox: Sandbox, settings: Mapping[str, Any]) -> None:
    assert await call_score(sample, model, sandbox, settings)
