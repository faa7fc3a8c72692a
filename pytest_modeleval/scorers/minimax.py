"""What shows that a server runs MiniMax's models rightly: the checks of MiniMax-AI/MiniMax-Provider-Verifier.

`validator/` at 2850fb2; the checks `scenario_check` and of commands are newer, as EvalScope 1.14.1 has them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_modeleval.calls import ToolCall
from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Json, Sample, SampleError, Score
from pytest_modeleval.scorers.function_calls import is_called, misfits

TOOL_CALLS = "tool_calls"
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_NGRAM, _OFTEN = 3, 4
_SHELLS = re.compile(r"(?:/(?:usr/)?bin/)?(?:bash|sh|zsh)")
# One text that begins so and goes on is several arguments in one.
_COMMANDS = re.compile(r"(?:ls|cat|git|npm|npx|cd|cp|mv|rm|mkdir|chmod|chown|find|grep|curl|wget|pip) ")
_NO_NAMES = {"type", "description", "required", "additionalProperties", "$schema", "items", "enum", "default"}


def minimax_score(sample: Sample, completion: Completion) -> Score:
    """Right where the answer passes all checks that its row asks for; each is a further score by MiniMax's name.

    Every answer is checked for being more than a thought. `SampleError` for a check that is not known.
    """
    wrong: list[str] = []
    only_thought = bool(completion.thinking and not completion.text and not completion.calls)
    Score(float(only_thought), not only_thought, name="error_only_reasoning_rate", better="lower")
    wrong += ["nothing but a thought"] if only_thought else []
    for check in _checks(sample.metadata.get("check_type")):
        wrong += _CHECKS[check](sample, completion)
    return Score(float(not wrong), not wrong, completion.text, sample.target, "; ".join(wrong))


def _checks(told: Any) -> Sequence[str]:
    told = from_json(told) if isinstance(told, str) and told.strip() else told
    checks = list(told) if told else [TOOL_CALLS]
    if unknown := [str(check) for check in checks if check not in _CHECKS]:
        raise SampleError(f"column 'check_type' names {unknown[0]!r}; known are {', '.join(_CHECKS)}")
    return checks


def _tool_calls(sample: Sample, completion: Completion) -> list[str]:
    called = is_called(completion)
    wrong = [*misfits(completion, sample.tools), *_merged(completion, sample.tools)] if called else []
    if called:
        Score(float(not wrong), not wrong, name="schema_accuracy", why="; ".join(wrong))
    got = "a call" if called else "no call"
    if sample.target:
        Score(float(got == sample.target), got == sample.target, got, sample.target, name="tool_calls_match_rate")
    return wrong + ([f"{got}, where {sample.target} is expected"] if sample.target not in ("", got) else [])


def _merged(completion: Completion, tools: Sequence[Json]) -> list[str]:
    """The calls whose ``command``, a list of texts by its schema, has several arguments in one text."""
    lists = {tool["function"]["name"] for tool in tools if _takes_a_command(tool["function"].get("parameters"))}
    return [f"{call.name}: its command's arguments stand in one text" for call in completion.calls if _is(call, lists)]


def _is(call: ToolCall, names: set[str]) -> bool:
    try:
        return call.name in names and not is_split(call.values.get("command"))
    except ValueError:
        return False


def _takes_a_command(schema: Any) -> bool:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    command = properties.get("command") if isinstance(properties, Mapping) else None
    items = command.get("items") if isinstance(command, Mapping) and command.get("type") == "array" else None
    return isinstance(items, Mapping) and items.get("type") == "string"


def is_split(command: Any) -> bool:
    """Whether a command is a list of its arguments, each one of them: ``["ls", "-la"]``, not ``["ls -la"]``."""
    if not isinstance(command, list) or not command:
        return False
    if _runs_a_script(command):
        return True
    if not all(isinstance(each, str) for each in command):
        return False
    return not any(map(_COMMANDS.match, command)) and not (len(command) == 1 and " " in command[0])


def _runs_a_script(command: Sequence[Any]) -> bool:
    if len(command) < 3 or not isinstance(command[0], str) or not _SHELLS.fullmatch(command[0]):
        return False
    flag = next((each for each in command[1:] if each not in ("-l", "--login")), None)
    return flag in ("-c", "-lc")


def _language(sample: Sample, completion: Completion) -> list[str]:  # noqa: ARG001 - as the others
    is_there = bool(_CYRILLIC.search(completion.text))
    Score(float(not is_there), not is_there, name="language_following_success_rate")
    return ["Cyrillic letters"] * is_there


def _repeats(sample: Sample, completion: Completion) -> list[str]:  # noqa: ARG001 - as the others
    repeated = repeated_ngram(completion.text)
    Score(float(not repeated), not repeated, name="repeat_ngram_pass_rate")
    return [f"{repeated!r} stands there {_OFTEN} times"] if repeated else []


def repeated_ngram(text: str) -> str:
    """Three letters that stand in a text four times or more, none of them over another; "" where there are none."""
    times: dict[str, int] = {}
    ends: dict[str, int] = {}
    for at in range(len(text) - _NGRAM + 1):
        ngram = text[at : at + _NGRAM]
        if at >= ends.get(ngram, 0):
            times[ngram], ends[ngram] = times.get(ngram, 0) + 1, at + _NGRAM
            if times[ngram] == _OFTEN:
                return ngram
    return ""


def _order(sample: Sample, completion: Completion) -> list[str]:
    """Whether the names of the first tool's parameters stand in the answer in their order, two of them at least."""
    told = {name: completion.text.find(name) for name in _names(sample.tools)}
    there = sorted((place, name) for name, place in told.items() if place >= 0)
    if len(there) < 2:
        return []
    found, expected = [name for _, name in there], list(told)[: len(there)]
    Score(float(found == expected), found == expected, str(found), str(expected), name="scenario_check_pass_rate")
    return [] if found == expected else [f"the parameters are in another order: {json.dumps(found)}"]


def _names(tools: Sequence[Json]) -> list[str]:
    schema = tools[0]["function"].get("parameters") or {} if tools else {}
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, Mapping) else [name for name in schema if name not in _NO_NAMES]


_CHECKS: Mapping[str, Callable[[Sample, Completion], list[str]]] = {
    TOOL_CALLS: _tool_calls,
    "contains_russian_characters_unicode": _language,
    "repeat_n_gram": _repeats,
    "scenario_check": _order,
}
