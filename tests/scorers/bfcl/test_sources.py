"""Source code as values. Each is what the converters of bfcl-eval 2026.3.23 give."""

from typing import Any

import pytest

from pytest_modeleval.scorers.bfcl.sources import java_value, javascript_value


@pytest.mark.parametrize(
    ("source", "kind", "inner", "value"),
    [
        ("123", "integer", "", 123),
        ("-7", "byte", "", -7),
        ("1.0", "integer", "", "1.0"),
        ("true", "integer", "", "true"),
        ("9" * 5000, "integer", "", "9" * 5000),
        ("5L", "long", "", 5),
        ("5", "long", "", "5"),
        ("3.5f", "float", "", 3.5),
        ("3e-3F", "float", "", 0.003),
        ("3.5", "float", "", "3.5"),
        ("3.5", "double", "", 3.5),
        ("3", "double", "", 3.0),
        ("true", "boolean", "", True),
        ("True", "boolean", "", "True"),
        ("'c'", "char", "", "'c'"),
        ("x", "any", "", "x"),
        ("x", "Stack", "", "x"),
        ('new ArrayList<>(Arrays.asList("a", "b"))', "ArrayList", "String", ["a", "b"]),
        ("new ArrayList<>(Arrays.asList(1, 2L, 3f, true, x))", "ArrayList", "", [1, 2, 3.0, True, "x"]),
        ("new ArrayList<Integer>(Arrays.asList(1, 2))", "ArrayList", "integer", [1, 2]),
        ('new ArrayList<String>() {{ add("a"); add("b"); }}', "ArrayList", "String", ["a", "b"]),
        ("new ArrayList<>() {{ }}", "ArrayList", "String", []),
        ("new ArrayList<>()", "ArrayList", "String", []),
        ("List.of(1)", "ArrayList", "integer", "List.of(1)"),
        ("new int[]{1, 2 ,}", "Array", "integer", [1, 2]),
        # Quotes are taken off in lists alone.
        ('new String[]{"a"}', "Array", "String", ['"a"']),
        ("new int[3]", "Array", "integer", "new int[3]"),
        ('new HashMap<String, Object>() {{ put("k", "v"); put("n", 2L); }}', "HashMap", "", {"k": "v", "n": 2}),
        ("new HashMap<>() { }", "HashMap", "", {}),
        ("new HashMap<>()", "HashMap", "", {}),
        ("Map.of()", "HashMap", "", "Map.of()"),
    ],
)
def test_java(source: str, kind: str, inner: str, value: Any) -> None:
    assert repr(java_value(source, kind, inner)) == repr(value)


@pytest.mark.parametrize(
    ("source", "kind", "inner", "value"),
    [
        ('"a"', "String", "", "a"),
        ("'a'", "String", "", "a"),
        ("`a`", "String", "", "`a`"),
        ("5", "integer", "", 5),
        ("5", "float", "", 5.0),
        ("5e3", "float", "", "5e3"),
        ("5n", "Bigint", "", 5),
        ("false", "Boolean", "", False),
        ("[1, 2]", "array", "integer", [1, 2]),
        ("new Array(1, 'x')", "array", "", [1, "x"]),
        ("[]", "array", "String", []),
        ("[ [1, 2], [3]]", "array", "array", [[1, 2], [3]]),
        ("new Array([1], [2])", "array", "", [[1], [2]]),
        ("[1, 2", "array", "integer", "[1, 2"),
        ("[[1], 2, [3]]", "array", "", [[1], [3]]),
        ("{}", "dict", "", {}),
        ('{"a": 1, b: "x", c: [1, 2], d: true}', "dict", "", {"a": 1, "b": "x", "c": [1, 2], "d": True}),
        # Objects end with the first brace, as there.
        ('{"a": {"b": 1}}', "dict", "", {"a": '{"b": 1'}),
        ("{f: x => x, y}", "dict", "", {"f": "x => x, y"}),
        ("getIt()", "dict", "", "getIt()"),
    ],
)
def test_javascript(source: str, kind: str, inner: str, value: Any) -> None:
    assert repr(javascript_value(source, kind, inner)) == repr(value)
