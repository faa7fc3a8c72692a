"""Tools out of plain functions: their schemas, what fits them, and what comes of a call."""

import asyncio
import enum
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import jsonschema
import pytest

from pytest_modeleval import SampleError, Tool, ToolCall, ToolError, tool
from pytest_modeleval.agents.react import by_name
from pytest_modeleval.agents.schema import made, schema_of, why_not
from pytest_modeleval.calls import BAD_ARGUMENTS, Called


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Place:
    x: int
    y: float = 0.0


class Order(TypedDict):
    item: str
    amount: NotRequired[int]


PAIR = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}, "minItems": 2, "maxItems": 2}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1], {"type": ["string", "integer"], "enum": ["a", 1]}),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (tuple[str, int], PAIR),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (dict, {"type": "object"}),
        (dict[str, Any], {"type": "object"}),
        (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (
            Place,
            {
                "type": "object",
                "properties": {"x": {"type": "integer"}, "y": {"type": "number"}},
                "required": ["x"],
                "additionalProperties": False,
            },
        ),
        (
            Order,
            {
                "type": "object",
                "properties": {"item": {"type": "string"}, "amount": {"type": "integer"}},
                "required": ["item"],
                "additionalProperties": False,
            },
        ),
    ],
    ids=str,
)
def test_the_schema_of_a_type(annotation: Any, schema: dict[str, Any]) -> None:
    assert schema_of(annotation) == schema
    jsonschema.Draft202012Validator.check_schema(schema)


VALUES = [
    *(None, True, 0, 1, -3, 2.5, 3.0, "", "a", "red", [], [1], [1, 2], ["a", 1], [1, "a"], ["a", 1, 2], [[1]]),
    *(
        {},
        {"x": 1},
        {"x": 1, "y": 2},
        {"x": "1"},
        {"y": 2},
        {"x": 1, "z": 0},
        {"item": "a"},
        {"item": "a", "amount": 1},
    ),
]


@pytest.mark.parametrize(
    "annotation",
    [
        *(str, int, float, bool, Literal["a", "b"], Literal["a", 1], Colour, list[int], tuple[int, ...], Place, Order),
        *(dict[str, float], dict, str | None, int | list[str], list[Place], dict[str, list[int]], tuple[str, int]),
    ],
    ids=str,
)
def test_what_fits_is_what_the_official_validator_takes(annotation: Any) -> None:
    schema = schema_of(annotation)
    official = jsonschema.Draft202012Validator(schema)

    for value in VALUES:
        assert (why_not(value, schema) == "") == official.is_valid(value), value


@pytest.mark.parametrize(
    ("annotation", "value", "python"),
    [
        (Colour, "red", Colour.RED),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[str, int], ["a", 1], ("a", 1)),
        (Place, {"x": 1}, Place(1)),
        (list[Place], [{"x": 1, "y": 2}], [Place(1, 2.0)]),
        (dict[str, Colour], {"a": "blue"}, {"a": Colour.BLUE}),
        (Order, {"item": "a"}, {"item": "a"}),
        (Place | None, None, None),
        (Annotated[int, "n"], 3.0, 3),
        (float, 2, 2.0),
    ],
    ids=str,
)
def test_a_function_is_given_values_of_its_types(annotation: Any, value: Any, python: Any) -> None:
    given = made(value, annotation)

    assert (given, type(given)) == (python, type(python))


def test_what_a_model_is_told_of_a_function() -> None:
    @tool
    def book(city: str, nights: int = 1, kind: Literal["single", "double"] = "single") -> str:
        """Book a room.

        At most one a guest.

        Args:
            city: where
            nights (int): how many
        """
        return city

    assert book.schema == {
        "type": "function",
        "function": {
            "name": "book",
            "description": "Book a room.\n\nAt most one a guest.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"description": "where", "type": "string"},
                    "nights": {"description": "how many", "type": "integer"},
                    "kind": {"type": "string", "enum": ["single", "double"]},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }


def test_descriptions_in_sphinx_style() -> None:
    @tool(name="look-up")
    def look(word: str) -> str:
        """Look a word up.

        :param word: the word
        :returns: what it means
        """
        return word

    assert (look.name, look.description) == ("look-up", "Look a word up.")
    assert look.parameters["properties"]["word"]["description"] == "the word"


def untyped(city) -> str:  # type: ignore[no-untyped-def]
    return str(city)


def of_many(*cities: str) -> str:
    return " ".join(cities)


def of_names(**cities: str) -> str:
    return " ".join(cities)


def of_bytes(data: bytes) -> str:
    return data.decode()


def of_lists(data: list) -> str:  # type: ignore[type-arg]
    return str(data)


def of_numbers(data: dict[int, str]) -> str:
    return str(data)


@dataclass
class Folder:
    folders: "list[Folder]"


def of_folders(data: Folder) -> str:
    return str(data)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (of_folders, r"'data' cannot be described: it holds itself; write dict, or tool\(parameters={…}\)"),
        (untyped, "untyped cannot be a tool: its parameter 'city' has no type: write city: str"),
        (of_many, r"of_many cannot be a tool: its parameter '\*cities' has no name for a model to give"),
        (of_names, r"of_names cannot be a tool: its parameter '\*\*cities' has no name for a model to give"),
        (of_bytes, "its parameter 'data' cannot be described: bytes has no JSON schema"),
        (of_lists, r"its parameter 'data' cannot be described: list does not say what is in it: write list\[str\]"),
        (of_numbers, r"dict\[int, str\] has names that are no texts: write dict\[str, …\]"),
    ],
)
def test_a_function_without_a_schema_is_refused_in_a_line(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"{said}$"):
        tool(function)


def test_names_that_servers_refuse_and_two_of_one_name_are_refused() -> None:
    def weather(city: str) -> str:
        return city

    with pytest.raises(pytest.UsageError, match="a tool is called 'Wetter in Köln', which servers refuse: a name has"):
        tool(name="Wetter in Köln")(weather)
    with pytest.raises(pytest.UsageError, match="two tools are called 'weather': give one another"):
        by_name([tool(weather), tool(weather)])
    with pytest.raises(pytest.UsageError, match="weather is no tool: write @tool above the function"):
        by_name([weather])  # type: ignore[list-item]


def made_of(function: Callable[..., Any], **settings: Any) -> Tool:
    return tool(**settings)(function) if settings else tool(function)


def called(of: Tool, arguments: str, seconds: float | None = None) -> Called:
    return asyncio.run(of.call(ToolCall(of.name, arguments), seconds))


def double(n: int) -> int:
    """Double a number."""
    return 2 * n


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('{"n": 21', "error: the arguments of double are no JSON object: *"),
        ("[21]", "error: the arguments of double are no JSON object: no JSON object but a list"),
        ("{}", "error: the arguments of double do not fit: the arguments: 'n' is missing"),
        ('{"n": "21"}', "error: the arguments of double do not fit: n: '21' is no integer"),
        ('{"n": 1e999}', "error: the arguments of double are no JSON object: 1e999 is beyond every float"),
        ('{"n": true}', "error: the arguments of double do not fit: n: True is no integer"),
        ('{"n": 1, "m": 2}', "error: the arguments of double do not fit: the arguments: 'm' is unknown; there is n"),
    ],
)
def test_arguments_that_do_not_fit_never_reach_the_function(arguments: str, said: str) -> None:
    reached = []
    of = made_of(lambda n: reached.append(n), name="double", parameters=tool(double).parameters)

    came = called(of, arguments)

    assert came.result.startswith(said.removesuffix("*"))
    assert (came.mistake, came.error, reached) == (BAD_ARGUMENTS, "", [])


async def later(n: int) -> str:
    await asyncio.sleep(0.01)
    return f"{threading.current_thread() is threading.main_thread()} {n}"


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (double, "42"),
        (later, "True 21"),
        (lambda n: None, "done"),
        (lambda n: {"a": [n, None], "é": Place(1)}, '{"a": [21, null], "é": {"x": 1, "y": 0.0}}'),
        (lambda n: {Colour.RED}, '["red"]'),
        (lambda n: "half \ud800", "half �"),
    ],
)
def test_what_a_tool_gives_is_told_as_text(function: Callable[..., Any], result: str) -> None:
    of = made_of(function, name="double", parameters=tool(double).parameters)

    came = called(of, '{"n": 21}')

    assert (came.result, came.error, came.mistake) == (result, "", "")
    assert 0 <= came.seconds < 5


def test_what_a_tool_raises_is_told_and_kept_with_its_place() -> None:
    @tool
    def broken(n: int) -> int:
        return n // 0

    @tool
    async def broken_later(n: int) -> int:
        raise KeyError("city")

    @tool
    def ends(n: int) -> int:
        raise SystemExit(3)

    @tool
    async def ends_later(n: int) -> int:
        raise SystemExit(4)

    @tool
    async def cancels(n: int) -> None:
        work = asyncio.ensure_future(asyncio.sleep(9))
        asyncio.get_running_loop().call_soon(work.cancel)
        await work

    @tool
    def cancelled(n: int) -> None:
        raise asyncio.CancelledError("inside")

    @tool
    def says(n: int) -> int:
        raise ToolError("there is no such city")

    came = called(broken, '{"n": 1}')

    assert came.result == "error: ZeroDivisionError: integer division or modulo by zero"
    assert "return n // 0" in came.trace
    assert called(broken_later, '{"n": 1}').result == "error: KeyError: 'city'"
    assert called(ends, '{"n": 1}').result == "error: SystemExit: 3"
    assert called(ends_later, '{"n": 1}').result == "error: SystemExit: 4"
    assert called(cancels, '{"n": 1}').result == "error: RuntimeError: CancelledError: "
    assert called(cancelled, '{"n": 1}').result == "error: RuntimeError: CancelledError: inside"
    refused = called(says, '{"n": 1}')
    assert (refused.result, refused.trace) == ("error: there is no such city", "")
    assert refused.error == "there is no such city"


@pytest.mark.parametrize("error", [SampleError("no data"), pytest.UsageError("no"), pytest.skip.Exception("out")])
def test_what_says_that_there_is_no_verdict_goes_through(error: BaseException) -> None:
    @tool
    def breaks(n: int) -> int:
        raise error

    with pytest.raises(type(error)):
        called(breaks, '{"n": 1}')


def test_a_tool_that_takes_too_long_is_left() -> None:
    released = threading.Event()

    @tool(seconds=0.05)
    def waits(n: int) -> int:
        released.wait(30)
        return n

    @tool(seconds=30)
    async def sleeps(n: int) -> None:
        await asyncio.sleep(30)

    @tool(seconds=5)
    def raises(n: int) -> None:
        raise TimeoutError("the service's own")

    began = time.perf_counter()
    assert called(waits, '{"n": 1}').result == "error: no result within 0.05 s"
    assert called(sleeps, '{"n": 1}', 0.05).error == "no result within 0.05 s"
    assert called(raises, '{"n": 1}').result == "error: TimeoutError: the service's own"
    assert time.perf_counter() - began < 10
    released.set()


def test_a_long_result_lacks_its_middle() -> None:
    @tool(output=10)
    def long(n: int) -> str:
        return "a" * n + "b" * n

    assert called(long, '{"n": 50}').result == "aaaaa\n… 90 characters left out …\nbbbbb"
    assert called(long, '{"n": 5}').result == "aaaaabbbbb"


def test_a_tool_is_another_one_when_its_code_or_what_it_encloses_changes() -> None:
    def of(world: dict[str, int]) -> Tool:
        def look(name: str) -> int:
            return world[name]

        return tool(look)

    world = {"a": 1}
    same, other = of(world), of({"a": 2})
    world["a"] = 3

    assert same.version == of({"a": 1}).version != other.version
    assert json.dumps(same.schema)
