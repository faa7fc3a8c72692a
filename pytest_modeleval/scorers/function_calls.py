"""Whether a model calls tools where it should, by calls that fit the tools' schemas.

The rules are those of MoonshotAI/K2-Vendor-Verifier (`tool_calls_eval.py` at 0bc5061), which EvalScope's `general_fc`
has too; docs/tools.md says what differs.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from math import inf
from typing import Any

from pytest_modeleval.calls import ToolCall
from pytest_modeleval.foreign import one_line
from pytest_modeleval.sample import Completion, Json, Sample, SampleError, Score
from pytest_modeleval.scorers.warm import TooHard, WarmProcess
from pytest_modeleval.statistics.aggregates import Aggregate, Rows, bootstrapped
from pytest_modeleval.statistics.means import Estimate

_MISSING = "the arguments of calls are checked by jsonschema: pip install 'pytest-modeleval[tools]'"
# What checking the calls of an answer may take, in seconds of CPU: ten thousand times what one takes.
CPU_SECONDS = 2
CALLED, FITTING, SHOULD = "count_finish_reason_tool_call", "count_successful_tool_call", "should_call_tool"


def is_called(completion: Completion) -> bool:
    """Whether an answer calls a tool: it ended by ``tool_calls``, or by ``stop`` with calls in it, as some servers do.

    An answer that was cut off calls none, whatever is there of a call.
    """
    return completion.finish_reason == "tool_calls" or (completion.finish_reason == "stop" and bool(completion.calls))


def misfits(completion: Completion, tools: Sequence[Json]) -> list[str]:
    """What is wrong with the calls of an answer that calls tools, a line each; none where all fit.

    `SampleError` for a schema of a tool that is none.
    """
    schemas = schemas_of(tools)
    if not completion.calls:
        return ["it ended by tool_calls, and there is no call"]
    wrong = {place: why for place, call in enumerate(completion.calls) if (why := _unreadable(call, schemas))}
    read = {place: call for place, call in enumerate(completion.calls) if place not in wrong}
    wrong |= zip(read, _checked([*read.values()], schemas), strict=True)
    return [f"{one_line(call.name, 60)}: {wrong[at]}" for at, call in enumerate(completion.calls) if wrong[at]]


def call_score(sample: Sample, completion: Completion) -> Score:
    """Right where a tool is called, by calls that fit, just where one should be (``sample.target``).

    Where nobody knows whether one should be, an answer is right that calls none, or by calls that fit. Further scores
    are what `FIGURES` are made of.
    """
    called = is_called(completion)
    wrong = misfits(completion, sample.tools) if called else []
    for name, holds in ((CALLED, called), (FITTING, called and not wrong)):
        Score(float(holds), True, name=name, measured=True)
    if sample.target:
        Score(float(sample.target == "a call"), True, name=SHOULD, measured=True)
    got = "a call that does not fit" if wrong else "a call" if called else "no call"
    passed = not wrong and got == (sample.target or got)
    told = "; ".join(wrong) or (f"calls {', '.join(map(str, completion.calls))}" if called else "")
    return Score(float(passed), passed, got, sample.target, one_line(told, 400))


def schemas_of(tools: Sequence[Json]) -> Mapping[str, str]:
    """The schema of each tool's arguments as JSON, by its name; of two of one name the first counts.

    `SampleError` for a tool without a name, a schema that is none, and where jsonschema is missing.
    """
    found: dict[str, str] = {}
    for tool in tools:
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name, str):
            raise SampleError(f"a tool is {{'type': 'function', 'function': {{'name': …}}}}, not {str(tool)[:60]!r}")
        # A tool without parameters may be called with any: OpenAI's API lets them out.
        schema = function.get("parameters")
        text = json.dumps({} if schema is None else schema)
        _refuse_none(text)
        found.setdefault(name, text)
    return found


@lru_cache(256)
def _refuse_none(schema: str) -> None:
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
    except ImportError:
        raise SampleError(_MISSING) from None
    told = json.loads(schema)
    try:
        validator_for(told).check_schema(told)
    except (SchemaError, RecursionError) as error:
        why = getattr(error, "message", "nested too deeply")
        raise SampleError(f"the parameters of a tool are no JSON schema: {one_line(why, 200)}") from None


@cache
def the_process() -> WarmProcess:
    """This process's one that checks arguments."""
    return WarmProcess("schema_worker.py", "checking a call's arguments", "jsonschema")


def _unreadable(call: ToolCall, schemas: Mapping[str, str]) -> str:
    """Why a call cannot be checked; empty where it can."""
    if call.name not in schemas:
        return "no tool of that name was offered"
    try:
        _ = call.values
    except ValueError as error:
        return f"its arguments cannot be read: {error}"
    return ""


def _checked(calls: Sequence[ToolCall], schemas: Mapping[str, str]) -> list[str]:
    """What is wrong with the arguments of each call, "" where they fit; all are checked within `CPU_SECONDS`."""
    try:
        replies = _asked([(schemas[call.name], call.values) for call in calls])
    except TooHard:
        # It is the schemas' doing where no arguments at all take as long.
        try:
            _asked([(schemas[name], {}) for name in {call.name for call in calls}])
        except TooHard:
            raise SampleError(f"the schemas of its tools take over {CPU_SECONDS} s to check {{}}") from None
        return [f"the arguments take over {CPU_SECONDS} s of computing to check"] * len(calls)
    for call, reply in zip(calls, replies, strict=True):
        if "unusable" in reply:
            why = one_line(reply["unusable"], 200)
            raise SampleError(f"the schema of the tool {call.name!r} cannot be used: {why}")
    return [one_line(reply["wrong"], 200) for reply in replies]


def _asked(checks: Sequence[tuple[str, Any]]) -> Sequence[Mapping[str, str]]:
    """What the process says of values, each with its schema."""
    replies: list[Mapping[str, str]] = the_process().ask({"checks": checks, "seconds": CPU_SECONDS})["replies"]
    return replies


def total(rows: Rows) -> Estimate | None:
    """How many samples have the score: of repeats, in the mean of them."""
    return bootstrapped(_total, rows, ends=(0.0, inf))


def share_of_called(rows: Rows) -> Estimate | None:
    """Of (called, fitting) the calls that fit among all; None where nothing is called."""
    return bootstrapped(_share, rows)


def trigger_f1(rows: Rows) -> Estimate | None:
    """Of (called, should) the F1 of calling where one should; None where no label is known."""
    return bootstrapped(_f1, rows)


def _total(rows: Rows) -> float | None:
    values = [row[0] for row in rows if row[0] is not None]
    return sum(values) if values else None


def _share(rows: Rows) -> float | None:
    called = [(one, fitting or 0.0) for one, fitting in rows if one]
    return sum(fitting for _, fitting in called) / sum(one for one, _ in called) if called else None


def _f1(rows: Rows) -> float | None:
    known = [(called, should) for called, should in rows if called is not None and should is not None]
    both = sum(called * should for called, should in known)
    wrong = sum(called * (1 - should) + should * (1 - called) for called, should in known)
    return 2 * both / (2 * both + wrong) if both else 0.0 if known else None


FIGURES = {
    CALLED: Aggregate(total, (CALLED,), range=(0.0, inf)),
    FITTING: Aggregate(total, (FITTING,), range=(0.0, inf)),
    "schema_accuracy": Aggregate(share_of_called, (CALLED, FITTING)),
    "tool_call_f1": Aggregate(trigger_f1, (CALLED, SHOULD)),
}
