"""BFCL's benchmarks with a model that replays gold calls through a real server, natively and by the prompt."""

import importlib.util

import pytest

from pytest_modeleval.scorers.bfcl.figures import LIVE, MULTI_TURN, RELEVANCE, SEVERAL, SIMPLE
from pytest_modeleval.scorers.bfcl.rows import installed_data, rows_in
from tests.conftest import FaultyServer, run
from tests.scorers.bfcl.gold import replaying

NEEDED = ("bfcl_eval", "mpmath", "overrides", "filelock", "rank_bm25", "numpy")
needs_bfcl_eval = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)
EVERY = [*SIMPLE["v4"], *SEVERAL, *LIVE, *RELEVANCE, *MULTI_TURN, "memory_kv", "memory_rec_sum"]


@needs_bfcl_eval
@pytest.mark.parametrize("mode", ["native", "prompt"])
@pytest.mark.parametrize("category", EVERY)
def test_the_gold_of_every_category_passes(
    project: pytest.Pytester, faulty: FaultyServer, category: str, mode: str
) -> None:
    replaying(faulty, [*rows_in(installed_data(), category)], mode=mode)

    result = run(
        project,
        "--model",
        "faulty",
        "--eval",
        f"bfcl_v4/{category}",
        "--eval-limit",
        "3",
        "--eval-set",
        f"bfcl_v4.mode={mode}",
    )

    result.assert_outcomes(passed=3)
