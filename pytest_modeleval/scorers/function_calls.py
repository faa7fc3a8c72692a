"""Whether a model calls tools where it should, by calls that fit the tools' schemas.

The rules are those of MoonshotAI/K2-Vendor-Verifier (`tool_calls_eval.py` at 0bc5061), which EvalScope's `general_fc`
has too; docs/tools.md says what differs.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

from pytest_modeleval.calls import ToolCall
from pytest_modeleval.foreign import one_line
from pytest_modeleval.sample import Completion, Json, Sample, SampleError, Score
from pytest_modeleval.statistics.aggregates import Aggregate, Rows, bootstrapped
from pytest_modeleval.statistics.means import Estimate

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MISSING = "the arguments of calls are checked by jsonschema: pip install 'pytest-modeleval[tools]'"
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
    validators = validators_of(tools)
    if not completion.calls:
        return ["it ended by tool_calls, and there is no call"]
    return [f"{one_line(call.name, 60)}: {why}" for call in completion.calls if (why := _misfit(call, validators))]


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


def validators_of(tools: Sequence[Json]) -> Mapping[str, "Validator"]:
    """What checks the arguments of each tool, by its name; of two of one name the first counts.

    `SampleError` for a tool without a name, a schema that is none, and where jsonschema is missing.
    """
    found: dict[str, Validator] = {}
    for tool in tools:
        function = tool.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name, str):
            raise SampleError(f"a tool is {{'type': 'function', 'function': {{'name': …}}}}, not {str(tool)[:60]!r}")
        # A tool without parameters may be called with any: OpenAI's API lets them out.
        schema = function.get("parameters")
        found.setdefault(name, _validator(json.dumps({} if schema is None else schema)))
    return found


@lru_cache(256)
def _validator(schema: str) -> "Validator":
    try:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
        from referencing import Registry
    except ImportError:
        raise SampleError(_MISSING) from None
    told = json.loads(schema)
    kind = validator_for(told)
    try:
        kind.check_schema(told)
    except (SchemaError, RecursionError) as error:
        why = getattr(error, "message", "nested too deeply")
        raise SampleError(f"the parameters of a tool are no JSON schema: {one_line(why, 200)}") from None
    # What a schema refers to elsewhere is fetched from nowhere.
    made: Validator = kind(told, registry=Registry())
    return made


def _misfit(call: ToolCall, validators: Mapping[str, "Validator"]) -> str:
    if call.name not in validators:
        return "no tool of that name was offered"
    try:
        values: Any = call.values
    except ValueError as error:
        return f"its arguments cannot be read: {error}"
    from referencing.exceptions import Unresolvable

    try:
        wrong = next(iter(validators[call.name].iter_errors(values)), None)
    except (Unresolvable, RecursionError) as failed:
        raise SampleError(
            f"the schema of the tool {call.name!r} cannot be used: {one_line(str(failed), 200)}"
        ) from None
    return "" if wrong is None else one_line(f"{wrong.json_path}: {wrong.message}", 200)


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
