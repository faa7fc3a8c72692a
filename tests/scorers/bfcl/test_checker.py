"""BFCL's rules for calls. Each verdict is that of `ast_checker` of bfcl-eval 2026.3.23."""

from typing import Any

import pytest

from pytest_modeleval.scorers.bfcl.checker import (
    A_CALL,
    COUNT,
    FUNCTION,
    MISSING,
    NO_CALL,
    TYPE,
    UNKNOWN,
    VALUE,
    Expected,
    Wrong,
    wrong_calls,
    wrong_relevance,
)

TYPES: dict[str, Any] = {
    "city": {"type": "string"},
    "days": {"type": "integer"},
    "height": {"type": "float"},
    "metric": {"type": "boolean"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "place": {"type": "tuple", "items": {"type": "float"}},
    "options": {"type": "dict"},
    "stops": {"type": "array", "items": {"type": "dict"}},
    "thing": {"type": "any"},
}
GOLD: dict[str, list[Any]] = {
    "city": ["New York, NY", "NYC"],
    "days": [3, ""],
    "height": [2.5, ""],
    "metric": [True, ""],
    "tags": [["a b", "C"], ["d"], ""],
    "place": [[1.5, 2.0], ""],
    "options": [{"unit": ["metre", "m"], "deep": [1, ""]}, ""],
    "stops": [[{"at": ["Bonn"]}, {"at": ["Köln"], "for": [2, ""]}], ""],
    "thing": ["it", ""],
}
FUNCTION_OF_ROW = {"name": "trip.plan", "parameters": {"properties": TYPES, "required": ["city"]}}
OTHER = {"name": "stop", "parameters": {"properties": {"at": {"type": "string"}}, "required": []}}


def wrong(arguments: dict[str, Any], **gold: Any) -> str:
    expected = Expected([FUNCTION_OF_ROW], [{"trip.plan": GOLD | gold}])
    found = wrong_calls([("trip.plan", arguments)], expected)
    return found.kind if found else ""


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("city", "nyc", ""),
        ("city", "new york ny", ""),
        ("city", "New-York_N.Y./*^", ""),
        ("city", "New York\tNY", VALUE),
        ("city", "Boston", VALUE),
        ("city", 5, TYPE),
        ("city", ["NYC"], TYPE),
        ("days", 3, ""),
        ("days", 3.0, TYPE),
        ("days", "3", TYPE),
        ("days", True, TYPE),
        ("days", 4, VALUE),
        ("height", 2.5, ""),
        ("height", 2, VALUE),
        ("height", True, TYPE),
        ("height", 10**400, TYPE),
        ("metric", True, ""),
        ("metric", False, VALUE),
        ("metric", 1, TYPE),
        ("metric", "true", TYPE),
        ("tags", ["A-B", "c"], ""),
        ("tags", ["C", "a b"], VALUE),
        ("tags", ["a b"], VALUE),
        ("tags", ["d"], ""),
        # What is in the list to be left out is an empty list to the official checker, and has elements of any type.
        ("tags", [], ""),
        ("tags", [1], VALUE),
        ("tags", "d", TYPE),
        ("place", [1.5, 2.0], ""),
        ("place", (1.5, 2.0), ""),
        ("place", [1.5, 2], ""),
        ("options", {"unit": "M"}, ""),
        ("options", {"unit": "m", "deep": 1}, ""),
        ("options", {"unit": "m", "deep": 2}, VALUE),
        ("options", {"deep": 1}, VALUE),
        ("options", {"unit": "m", "more": 1}, VALUE),
        ("options", [], TYPE),
        ("stops", [{"at": "bonn"}, {"at": "Köln"}], ""),
        ("stops", [{"at": "Köln"}, {"at": "Bonn"}], VALUE),
        ("stops", [{"at": "Bonn"}], VALUE),
        ("stops", ["Bonn"], VALUE),
        ("thing", "IT", ""),
        ("other", 1, UNKNOWN),
    ],
)
def test_a_value_passes_if_it_is_of_the_type_and_among_the_golds(name: str, value: Any, kind: str) -> None:
    assert wrong({"city": "NYC", name: value}) == kind


def test_elements_have_a_type_where_none_is_to_be_left_out() -> None:
    assert wrong({"city": "NYC", "tags": [1]}, tags=[["a"]]) == TYPE
    assert wrong({"city": "NYC", "place": [1, 2]}, place=[[1.0, 2.0]]) == TYPE


def test_the_golds_own_type_is_taken_too_and_compared_as_it_is() -> None:
    """A variable's name stands for a value."""
    assert wrong({"city": "NYC", "days": "weekLength"}, days=["weekLength"]) == ""
    assert wrong({"city": "NYC", "days": "weeklength"}, days=["weekLength"]) == VALUE
    assert wrong({"city": "NYC", "days": 7}, days=["weekLength"]) == VALUE


def test_what_may_be_left_out_says_the_gold() -> None:
    assert wrong({}) == MISSING
    assert wrong({"city": "NYC"}) == ""
    assert wrong({"city": "NYC"}, days=[3]) == MISSING


@pytest.mark.parametrize(
    ("calls", "any_order", "kind"),
    [
        (["trip.plan", "stop"], True, ""),
        (["stop", "trip.plan"], True, ""),
        (["stop", "trip.plan"], False, FUNCTION),
        (["trip.plan"], True, COUNT),
        (["trip.plan", "stop", "stop"], True, COUNT),
        ([], True, COUNT),
        (["stop", "stop"], True, FUNCTION),
        (["trip_plan", "stop"], True, FUNCTION),
    ],
)
def test_all_calls_are_needed_and_none_besides(calls: list[str], any_order: bool, kind: str) -> None:
    arguments: dict[str, dict[str, Any]] = {"stop": {"at": "Bonn"}}
    expected = Expected([OTHER, FUNCTION_OF_ROW], [{"trip.plan": {"city": ["NYC"]}}, {"stop": {"at": ["Bonn"]}}])
    found = wrong_calls([(name, arguments.get(name, {"city": "NYC"})) for name in calls], expected, any_order=any_order)

    assert (found.kind if found else "") == kind


def test_the_first_call_that_matches_is_taken() -> None:
    """Greedy as there, though another way would have matched both."""
    gold = [{"stop": {"at": ["Bonn", "Köln"]}}, {"stop": {"at": ["Bonn"]}}]
    expected = Expected([OTHER], gold)

    assert wrong_calls([("stop", {"at": "Köln"}), ("stop", {"at": "Bonn"})], expected, any_order=True) is None
    assert wrong_calls([("stop", {"at": "Bonn"}), ("stop", {"at": "Köln"})], expected, any_order=True) == Wrong(
        VALUE, "call 2, stop: at is 'Köln', not 'Bonn'"
    )


def test_a_function_goes_by_its_name_without_dots_where_an_api_has_none() -> None:
    expected = Expected([FUNCTION_OF_ROW], [{"trip.plan": {"city": ["NYC"]}}], underscores=True)

    assert wrong_calls([("trip_plan", {"city": "NYC"})], expected) is None
    assert wrong_calls([("trip.plan", {"city": "NYC"})], expected) == Wrong(
        FUNCTION, "'trip.plan' was called, not trip_plan"
    )


def test_a_reason_says_which_parameter_and_what_was_given() -> None:
    expected = Expected([FUNCTION_OF_ROW], [{"trip.plan": GOLD}])

    assert wrong_calls([("trip.plan", {"city": "Bonn"})], expected) == Wrong(
        VALUE, "city is 'Bonn', not 'New York, NY' or 'NYC'"
    )
    assert wrong_calls([("trip.plan", {"city": 5})], expected) == Wrong(TYPE, "city is to be string, not 5")


JAVA = {
    "name": "f",
    "parameters": {
        "properties": {
            "n": {"type": "long"},
            "xs": {"type": "ArrayList", "items": {"type": "String"}},
            "m": {"type": "HashMap"},
            "o": {"type": "any"},
        },
        "required": [],
    },
}


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"n": "5L"}, ""),
        ({"n": "5"}, TYPE),
        ({"n": 5}, TYPE),
        ({"xs": 'new ArrayList<>(Arrays.asList("a", "B"))'}, ""),
        ({"xs": 'new ArrayList<String>() {{ add("a"); add("b"); }}'}, ""),
        ({"xs": "[a, b]"}, TYPE),
        ({"xs": ["a", "b"]}, TYPE),
        ({"m": 'new HashMap<String, Object>() {{ put("k", 1); }}'}, ""),
        ({"m": "new HashMap<>()"}, VALUE),
        ({"o": "new Thing( 1 )"}, ""),
    ],
)
def test_values_in_java_are_source_in_strings(arguments: dict[str, Any], kind: str) -> None:
    gold: dict[str, list[Any]] = {
        "n": [5, ""],
        "xs": [["a", "b"], ""],
        "m": [{"k": [1]}, ""],
        "o": ["new Thing(1)", ""],
    }
    found = wrong_calls([("f", arguments)], Expected([JAVA], [{"f": gold}], "java"))

    assert (found.kind if found else "") == kind


def test_relevance_asks_only_whether_something_is_called() -> None:
    calls: list[tuple[str, dict[str, Any]]] = [("f", {})]

    assert wrong_relevance(calls, relevant=True) is None
    assert wrong_relevance([], relevant=False) is None
    assert wrong_relevance([], relevant=True) == Wrong(NO_CALL, "no call, where a function can answer")
    assert wrong_relevance(calls, relevant=False) == Wrong(A_CALL, "f was called, where no function can answer")


def test_a_hostile_value_is_compared_and_shown() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    assert wrong({"city": deep}) == TYPE
    assert wrong({"city": "NYC", "tags": [deep]}) == VALUE
    assert wrong({"city": "x" * 1_000_000}) == VALUE
