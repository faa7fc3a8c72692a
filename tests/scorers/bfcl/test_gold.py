"""The golds of an installed `bfcl_eval` pass, single calls and whole conversations."""

import asyncio
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Program
from pytest_modeleval.scorers.bfcl.calls import Call, read_calls, read_gold
from pytest_modeleval.scorers.bfcl.checker import Expected, Wrong, wrong_calls
from pytest_modeleval.scorers.bfcl.conversation import CODE, IMPORTS, Conversation
from pytest_modeleval.scorers.bfcl.figures import LIVE, MULTI_TURN, SEVERAL, SIMPLE
from pytest_modeleval.scorers.bfcl.rows import Row, installed_data, rows_in

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bfcl_eval") is None, reason="bfcl_eval is not installed here")

# Of bfcl-eval 2026.3.23. No call passes its own checker: what is required has no value in the gold, or the gold wants a
# parameter that the function has not, or, in Java, numbers in a list whose elements are read as texts.
IMPOSSIBLE = {
    "live_simple_106-63-0",
    "live_simple_112-68-0",
    "live_multiple_862-181-3",
    "live_multiple_964-207-0",
    "simple_java_36",
    "simple_java_65",
}


def call_of(gold: Mapping[str, Mapping[str, Sequence[Any]]], row: Row) -> Call:
    """The gold's first values."""
    ((name, values),) = gold.items()
    function = next(each for each in row.functions if len(row.functions) == 1 or each["name"] == name)
    properties, required = function["parameters"]["properties"], function["parameters"]["required"]
    arguments = {}
    for parameter, allowed in values.items():
        chosen = next((each for each in allowed if each != ""), "")
        if allowed and parameter in properties and (chosen != "" or parameter in required):
            arguments[parameter] = source(plain(chosen), properties[parameter], row.language)
    return function["name"], arguments


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        chosen = {name: next((each for each in allowed if each != ""), "") for name, allowed in value.items()}
        return {name: each for name, each in chosen.items() if each != ""}
    return [plain(each) if isinstance(each, dict) else each for each in value] if isinstance(value, list) else value


def source(value: Any, schema: Mapping[str, Any], language: str) -> Any:
    """The value as a Java or JavaScript source in a text."""
    kind = schema["type"]
    if language == "python" or isinstance(value, str):
        return value
    inner = schema.get("items", {}).get("type", "")
    if kind == "ArrayList":
        quoted = [written(each, inner) if inner != "any" else str(each) for each in value]
        return f"new ArrayList<>(Arrays.asList({', '.join(quoted)}))"
    if kind == "Array":
        return f"new X[]{{{', '.join(map(str, value))}}}"
    if kind == "HashMap":
        return f"new HashMap<>() {{{{ {' '.join(f'put({written(k)}, {written(v)});' for k, v in value.items())} }}}}"
    return f"{written(value)}L" if kind == "long" else written(value)


def written(value: Any, inner: str = "") -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
    return f'"{value}"' if isinstance(value, str) else f"{value}{'L' if inner == 'long' else ''}"


@pytest.mark.parametrize("category", [*SIMPLE["v4"], *SEVERAL, *LIVE])
def test_the_gold_of_single_turns_passes(category: str) -> None:
    failed = {}
    for row in rows_in(installed_data(), category):
        calls = [call_of(gold, row) for gold in row.gold]
        if row.language == "python":
            text = ", ".join(f"{name}({', '.join(f'{k}={v!r}' for k, v in given.items())})" for name, given in calls)
            assert read_calls(f"[{text}]") == calls
        wrong = wrong_calls(calls, Expected(row.functions, row.gold, row.language), any_order="parallel" in category)
        if wrong:
            failed[row.id] = wrong

    assert set(failed) == {name for name in IMPOSSIBLE if name.startswith(f"{category}_")}, failed


def named(text: str, row: Row) -> Call:
    name, arguments, given = read_gold(text)
    functions = [*row.functions, *(function for held in row.held_back.values() for function in held)]
    properties = next(each for each in functions if each["name"] == name)["parameters"]["properties"]
    return name, dict(zip(properties, arguments, strict=False)) | dict(given)


async def played(sandbox: ProcessSandbox, row: Row) -> Wrong | None:
    session = await sandbox.session(Program(CODE, imports=IMPORTS, limits=Limits(seconds=60)))
    try:
        conversation = Conversation(session, row)
        await conversation.begin()
        for gold in row.gold:
            if gold:
                await conversation.results([named(text, row) for text in gold])
            if wrong := await conversation.turn_over():
                return wrong
        return None
    finally:
        await session.close()


def test_the_gold_of_conversations_passes() -> None:
    """All 800, each in a session of its own."""
    sandbox = ProcessSandbox()
    rows = [row for category in MULTI_TURN for row in rows_in(installed_data(), category)]

    async def all_of_them() -> dict[str, Wrong | None]:
        slots = asyncio.Semaphore(4)

        async def one(row: Row) -> Wrong | None:
            async with slots:
                return await played(sandbox, row)

        try:
            return dict(zip([row.id for row in rows], await asyncio.gather(*map(one, rows)), strict=True))
        finally:
            await sandbox.close()

    found = asyncio.run(all_of_them())

    assert len(found) == 800
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
