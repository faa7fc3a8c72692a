"""ToolBench-Static: the next step of a recorded agent, ``Thought/Action/Action Input``, beside the reference's.

The rules are those of EvalScope 1.14.1 (`benchmarks/tool_bench/utils.py`); docs/tools.md says what differs.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, NotAsked, Score
from pytest_modeleval.scorers.overlap import rouge_l

ACTION, INPUT = "Action:", "Action Input:"
CALL, FINISH, GIVE_UP = "call", "finish", "give up"
# What stands in a step without an action, and for an answer that says nothing.
_NO_ACTION, _NOTHING = "none", "None"
# Targets that were recorded when the agent called what there is not.
_INVALID = "invalid_hallucination_function_name"


class Step(NamedTuple):
    """What a step does: its plan (`CALL`, `FINISH`, `GIVE_UP`), the tool and its input, and the final answer.

    One that gives up calls nothing.
    """

    plan: str
    action: str = _NO_ACTION
    input: str = "{}"
    answer: str = ""


def step_in(text: str) -> Step:
    """The step that a text takes: by its last ``Action:`` and ``Action Input:``."""
    arguments = text.rpartition(INPUT)[2].strip() if INPUT in text else "{}"
    action = text.rpartition(ACTION)[2].partition(INPUT)[0].strip() if ACTION in text else _NO_ACTION
    if action != "Finish":
        return Step(CALL, action, arguments)
    try:
        told = from_json(arguments)
    except ValueError:
        told = None
    if not isinstance(told, Mapping) or told.get("return_type") != "give_answer":
        return Step(GIVE_UP)
    answer = str(told.get("final_answer", _NOTHING))
    return Step(FINISH, action, arguments, answer if answer.strip() not in ("", ".", ",") else _NOTHING)


def reference_step(target: str, tools: Collection[str]) -> Step:
    """The step of a reference; `NotAsked` for one that calls what is no tool: such rows are dropped."""
    step = step_in(target)
    if step.plan != GIVE_UP and (step.action == _INVALID or step.action not in (_NO_ACTION, *tools)):
        raise NotAsked(f"the reference calls {step.action[:60]!r}, which is none of the tools")
    return step


def step_score(answer: Completion | str, target: str, tools: Collection[str]) -> Score:
    """Right where plan and tool are the reference's. Further scores are ToolBench-Static's five figures.

    Act.EM and F1 are of steps that call, Rouge-L of those that finish, Plan.EM and HalluRate of all.
    """
    wanted, step = reference_step(target, tools), step_in(str(answer))
    is_planned, same = step.plan == wanted.plan, step.action == wanted.action
    Score(float(is_planned), is_planned, step.plan, wanted.plan, name="Plan.EM")
    invented = step.action not in (_NO_ACTION, *tools)
    Score(float(invented), not invented, step.action, name="HalluRate", better="lower")
    if wanted.plan == CALL:
        Score(float(same), same, step.action, wanted.action, name="Act.EM")
        f1 = input_f1(step.input, wanted.input) if same else 0.0
        if f1 is not None:
            Score(f1, f1 == 1, step.input, wanted.input, name="F1")
    if wanted.plan == FINISH:
        said = step.answer if step.plan == FINISH else _NO_ACTION
        Score(rouge_l(said.split(), wanted.answer.split()).f1, True, said, wanted.answer, name="Rouge-L", measured=True)
    right = is_planned and (wanted.plan != CALL or same)
    got, expected = (
        f"{each.plan} {each.action}".strip() if each.plan == CALL else each.plan for each in (step, wanted)
    )
    return Score(float(right), right, got, expected)


def input_f1(given: str, wanted: str) -> float | None:
    """F1 of the arguments: one with another value counts half. None where the reference's own cannot be read."""
    try:
        reference = from_json(wanted)
    except ValueError:
        return None
    try:
        said = from_json(given)
    except ValueError:
        return 0.0
    if not isinstance(reference, Mapping) or not isinstance(said, Mapping):
        return 0.0
    if not reference:
        return float(not said)
    there = [name for name in reference if name in said]
    matched = sum(1.0 if said[name] == reference[name] else 0.5 for name in there)
    return 2 * matched / (len(reference) + len(said))
