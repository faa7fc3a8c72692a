"""Functions for a model, as tools and in a prompt."""

import json
from typing import Any

from pytest_modeleval.scorers.bfcl.tools import function_names, hinted, prompt_for, tools_of, without_functions

FUNCTION: dict[str, Any] = {
    "name": "a.b",
    "description": "Does it.",
    "parameters": {
        "type": "dict",
        "properties": {
            "n": {"type": "float", "description": "How many."},
            "xs": {
                "type": "tuple",
                "description": "Which.",
                "items": {"type": "dict", "properties": {"f": {"type": "any"}}},
            },
            "o": {
                "type": "dict",
                "description": "More.",
                "properties": {"y": {"type": "array", "items": {"type": "float"}}},
            },
            "u": {"type": "Unknown"},
        },
        "required": ["n"],
    },
}
JAVA: dict[str, Any] = {
    "name": "f",
    "description": "Does it.",
    "parameters": {
        "type": "dict",
        "properties": {
            "xs": {"type": "ArrayList", "description": "Which.", "items": {"type": "long"}},
            "o": {"type": "any"},
        },
        "required": [],
    },
}


def test_a_tool_has_the_types_and_names_of_an_api() -> None:
    (tool,) = tools_of([FUNCTION], "python")

    assert tool["type"] == "function"
    assert tool["function"]["name"] == "a_b"
    assert tool["function"]["description"] == "Does it. The function follows Python 3 syntax."
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "n": {"type": "number", "description": "How many. This is a float.", "format": "float"},
            "xs": {
                "type": "array",
                "description": "Which.",
                "items": {"type": "object", "properties": {"f": {"type": "string"}}},
            },
            "o": {
                "type": "object",
                "description": "More.",
                "properties": {
                    "y": {
                        "type": "array",
                        "items": {"type": "number", "format": "float", "description": " This is a float."},
                    }
                },
            },
            "u": {"type": "string"},
        },
        "required": ["n"],
    }
    assert function_names([FUNCTION]) == {"a_b": "a.b"}


def test_in_java_every_parameter_is_source_in_a_text() -> None:
    (function,) = hinted([JAVA], "java")

    assert function["description"] == "Does it. The function follows Java 8 syntax."
    assert function["parameters"]["properties"] == {
        "xs": {
            "type": "string",
            "description": "Which. It is of the Java type ArrayList, written as source code in a string."
            " Its elements are of the type long, and no strings of their own.",
        },
        "o": {"type": "string", "description": " It is of any Java object, written as source code in a string."},
    }
    assert JAVA["parameters"]["properties"]["o"] == {"type": "any"}


def test_in_javascript_members_are_told_in_words() -> None:
    function = {**JAVA, "parameters": {"properties": {"o": {"type": "dict", "properties": {"a": {"type": "float"}}}}}}
    schema = hinted([function], "javascript")[0]["parameters"]["properties"]["o"]

    assert (schema["type"], "properties" in schema) == ("string", False)
    assert '{"a": {"type": "float"}}' in schema["description"]


def test_a_prompt_has_the_functions_in_json_under_their_own_names() -> None:
    prompt = prompt_for([FUNCTION], "python")

    assert json.loads(prompt.partition("in JSON:\n")[2]) == hinted([FUNCTION], "python")
    assert "[first_function(first_parameter=value" in prompt


def test_functions_that_are_held_back() -> None:
    assert without_functions([FUNCTION, JAVA], ["f", "missing"]) == ([FUNCTION], [JAVA])
