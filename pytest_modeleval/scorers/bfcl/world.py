"""What BFCL's calls act upon, inside the sandbox: a session runs this text, and calls the functions of it by name.

The classes are those of the package ``bfcl_eval``, made anew for each session: once for the model, and once for the
gold, with which that is compared (``eval_checker/multi_turn_eval/multi_turn_checker.py`` of bfcl-eval 2026.3.23).
"""

import copy
import importlib
import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_SHOWN = 300
# The instances of the model and of the gold, by their class, and all results of the model so far.
_model: dict[str, Any] = {}
_gold: dict[str, Any] = {}
_results: list[str] = []


def begin(modules: Mapping[str, str], config: Mapping[str, Any], is_long: bool) -> None:
    """Make the classes, each out of its module, with what a row says of their state."""
    for instances in (_model, _gold):
        for name, module in modules.items():
            made = getattr(importlib.import_module(module), name)()
            # One without a state of its own has no such method.
            if hasattr(made, "_load_scenario"):
                made._load_scenario(copy.deepcopy(config.get(name, {})), long_context=is_long)
            instances[name] = made


def step(calls: Iterable[tuple[str, Sequence[Any], Mapping[str, Any]]]) -> list[str]:
    """The results of the model's calls, as texts."""
    made = _run(calls, _model)
    _results.extend(made)
    return made


def turn_over(calls: Iterable[tuple[str, Sequence[Any], Mapping[str, Any]]]) -> tuple[list[str], list[str]]:
    """After the calls of the gold in a turn: where the model's state differs, and what results it lacks."""
    wanted = _run(calls, _gold)
    lacking, left = [], list(_results)
    for result in wanted:
        if result in left:
            left.remove(result)
        else:
            lacking.append(result[:_SHOWN])
    return list(_differences()), lacking


def begin_memory(module: str, name: str, memory: Mapping[str, Any]) -> str:
    """Make a memory that holds this, and tell what of it a model always sees."""
    # Importing the package makes folders there.
    os.environ["BFCL_PROJECT_ROOT"] = os.getcwd()  # noqa: PTH109 - a session has no other
    made = getattr(importlib.import_module(module), name)()
    for part, value in memory.items():
        setattr(made, part, value)
    _model[name] = made
    return made._dump_core_memory_to_context()  # type: ignore[no-any-return]


def memory() -> dict[str, Any]:
    """What the memory holds now."""
    (made,) = _model.values()
    return {name: value for name, value in _state(made).items() if name != "snapshot_folder"}


def _run(calls: Iterable[tuple[str, Sequence[Any], Mapping[str, Any]]], instances: Mapping[str, Any]) -> list[str]:
    methods: dict[str, Callable[..., Any]] = {}
    for instance in instances.values():
        methods |= {name: each for name, each in inspect.getmembers(instance, inspect.ismethod) if name[0] != "_"}
    return [_result(methods, *call) for call in calls]


def _result(
    methods: Mapping[str, Callable[..., Any]], name: str, arguments: Sequence[Any], named: Mapping[str, Any]
) -> str:
    try:
        if name not in methods:
            raise NameError(f"name '{name}' is not defined")
        result = methods[name](*arguments, **named)
    except Exception as error:  # noqa: BLE001 - whatever a call raises is its result
        return f"Error during execution: {error}"
    if isinstance(result, dict):
        try:
            return json.dumps(result)
        except (TypeError, ValueError):
            return str(result)
    return result if isinstance(result, str) else str(result)


def _state(instance: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(instance).items() if not name.startswith("_")}


def _differences() -> Iterable[str]:
    for name, gold in _gold.items():
        model = _model[name]
        for attribute, value in _state(gold).items():
            if getattr(model, attribute) != value:
                yield f"{name}.{attribute} is {_short(getattr(model, attribute))}, not {_short(value)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
