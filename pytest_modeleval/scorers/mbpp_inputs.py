"""MBPP+'s inputs as Python's values: EvalPlus' release is JSON, which has neither tuples nor sets nor complex numbers.

Which task takes what is told by ``mbpp_deserialize_inputs`` of EvalPlus 0.3.1 (``evalplus/data/mbpp.py``).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Arguments = Sequence[Any]


def _deep(value: Any) -> Any:
    return tuple(map(_deep, value)) if isinstance(value, list) else value


def _each(given: Arguments) -> Arguments:
    return [tuple(each) for each in given]


def _rows(given: Arguments) -> Arguments:
    return [[tuple(row) for row in each] for each in given]


def _rows_first(given: Arguments) -> Arguments:
    return [[tuple(row) for row in given[0]], *given[1:2]]


def _first(given: Arguments) -> Arguments:
    return [tuple(given[0]), *given[1:]]


def _second(given: Arguments) -> Arguments:
    return [given[0], tuple(given[1])]


def _nested(given: Arguments) -> Arguments:
    return [tuple(map(tuple, each)) for each in given]


def _mixed(given: Arguments) -> Arguments:
    return [tuple(tuple(each) if isinstance(each, list) else each for each in given[0])]


def _sets(given: Arguments) -> Arguments:
    # An empty one is a dict there too.
    return [[set(each) if isinstance(each, list) and each else {} for each in given[0]]]


def _dict(given: Arguments) -> Arguments:
    return [{key: tuple(value) for key, value in given[0].items()}, *given[1:]]


_TASKS: Mapping[Callable[[Arguments], Arguments], str] = {
    _each: "2 116 132 143 222 261 273 394 399 421 424 429 470 560 579 596 616 630 726 740 744 809",
    _rows: "63 64 70 94 120 237 272 299 400 409 417 438 473 614 780",
    _rows_first: "75 413 444 753",
    _second: "106 750",
    _sets: "115",
    lambda given: [float(given[0]), complex(given[1])]: "124",
    _first: "250 307 405 446 617 720 763 808",
    _nested: "259 401 445",
    _mixed: "278",
    _dict: "722",
    lambda given: [complex(given[0])]: "252",
    lambda given: [*map(_deep, given)]: "580 615 791",
}
_OF = {int(task): made for made, tasks in _TASKS.items() for task in tasks.split()}


def as_python(task_id: str, inputs: Sequence[Arguments]) -> list[Arguments]:
    """The inputs of a task, ``Mbpp/2``, with the types that its solution takes; HumanEval's are as they are."""
    benchmark, _, number = task_id.partition("/")
    made = _OF.get(int(number)) if benchmark == "Mbpp" else None
    return [made(given) if made else given for given in inputs]
