"""BigCodeBench's verdict: a program's tests, and those of the row's own solution beside it."""

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_modeleval.sample import Completion, NotAsked, SampleError, Score
from pytest_modeleval.sandbox.program import Limits, Program, Sandbox
from pytest_modeleval.scorers.programs import NO_CODE, passed, verdict
from pytest_modeleval.scorers.sanitized import function_in

# The time is the official harness's (`bigcodebench.evaluate`), of the clock there; its 30 GiB are too much for most.
_LIMITS = Limits(seconds=240, wall=1.5, memory=8 << 30)
# What most programs import, and takes a program a second or more.
_SLOW = ("numpy", "pandas", "matplotlib.pyplot", "scipy", "sklearn", "seaborn")


def modules_of(row: Mapping[str, Any]) -> set[str]:
    """What the row's programs import: its ``libs``, and what its own code and tests do; `SampleError` for no Python."""
    own = f"{row['code_prompt']}\n    pass\n{row['test']}"
    try:
        return {*re.findall(r"\w+", str(row.get("libs", "")))}.union(_imported(own))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = getattr(row, "where", row.get("task_id"))
        raise SampleError(f"{where}: its code_prompt and test are no Python: {type(error).__name__} {error}") from None


def _imported(code: str) -> Iterator[str]:
    with warnings.catch_warnings():
        # Of an escape in a text that Python does not know.
        warnings.simplefilter("ignore")
        tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


async def solved(completion: Completion, row: Mapping[str, Any], sandbox: Sandbox) -> Score:
    """Whether the answer's code passes the row's tests, as the official harness runs it ("calibrated").

    The imports of ``code_prompt`` stand above it; a body alone goes on where ``complete_prompt`` ends. Unscored where
    the row's own solution does not pass: here, nothing is known of any other then.
    """
    own = await sandbox.run(_program(row, f"{row['complete_prompt']}\n{row['canonical_solution']}"))
    if not own.passed:
        raise NotAsked(f"the benchmark's own solution does not pass in this sandbox and its Python: {own.why}")
    code = function_in(str(completion).strip(), row["entry_point"], row["complete_prompt"], returning=False)
    if not code:
        return verdict(code, NO_CODE)
    return passed(await sandbox.run(_program(row, f"{row['code_prompt']}\n    pass\n{code}")), code)


def _program(row: Mapping[str, Any], code: str) -> Program:
    needed = modules_of(row)
    imports = [name for name in _SLOW if name.partition(".")[0] in needed]
    function = row["entry_point"]
    given = f"{row['code_prompt']}\n    pass\n"
    return Program(
        code, tests=row["test"], function=function, cases="TestCases", given=given, imports=imports, limits=_LIMITS
    )
