"""Functions as BFCL describes them, for a model: as tools of an API, or in a prompt."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from pytest_modeleval.sample import Json

# bfcl-eval 2026.3.23, ``constants/type_mappings.py``: any other type is a text to an API.
_JSON_TYPES = {
    **dict.fromkeys(("integer", "byte", "short", "long", "Bigint"), "integer"),
    **dict.fromkeys(("number", "float", "double"), "number"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("array", "list", "tuple", "ArrayList", "Array", "Queue", "Stack"), "array"),
    **dict.fromkeys(("dict", "object", "HashMap", "Hashtable"), "object"),
}
_SYNTAX = {"python": "Python 3", "java": "Java 8", "javascript": "JavaScript"}
_PROMPT = """\
You choose function calls that answer a user. Below are the functions. Find out which of them, one or several, do what \
is asked. Say so if none of them does, or if the user has not told a value that a function needs.

Calls are the whole answer, written as one list and with nothing else around it:
[first_function(first_parameter=value, second_parameter=value), second_function(parameter=value)]

Within a turn, do all that the user asked for as far as the functions allow it: after the results of your calls you \
may call more. When there is nothing left to call, the turn is over.

The functions, in JSON:
{functions}"""


def hinted(functions: Iterable[Json], language: str) -> list[Json]:
    """The functions with the language in their descriptions; in Java and JavaScript every parameter is a text.

    ``_func_doc_language_specific_pre_processing`` in bfcl-eval's ``utils.py``.
    """
    made = []
    for function in map(deepcopy, functions):
        function["description"] += f" The function follows {_SYNTAX[language]} syntax."  # type: ignore[index]
        if language != "python":
            for schema in function["parameters"]["properties"].values():
                _as_source(schema, language)
        made.append(function)
    return made


def tools_of(functions: Iterable[Json], language: str) -> list[Json]:
    """The functions as tools of OpenAI's chat completions: names without dots, JSON's types, the language's hints."""
    made: list[Json] = []
    for function in hinted(functions, language):
        parameters = {**function["parameters"], "type": "object"}
        parameters["properties"] = _json_properties(parameters["properties"])
        made.append(
            {
                "type": "function",
                "function": {**function, "name": tool_name(function["name"]), "parameters": parameters},
            }
        )
    return made


def tool_name(name: str) -> str:
    """A function's name where dots are not allowed."""
    return name.replace(".", "_")


def function_names(functions: Iterable[Json]) -> Mapping[str, str]:
    """By the name of each tool that of its function: ``underscore_to_dot``."""
    return {tool_name(function["name"]): function["name"] for function in functions}


def prompt_for(functions: Iterable[Json], language: str) -> str:
    """The system prompt that offers the functions to a model without tools, and says how calls are written."""
    return _PROMPT.format(functions=json.dumps(hinted(functions, language), indent=4))


def _as_source(schema: dict[str, Any], language: str) -> None:
    """Make a parameter a text of source code, and say in words what it was."""
    named, kind = {"java": "Java", "javascript": "JavaScript"}[language], schema["type"]
    said = f"any {named} object" if kind == "any" else f"the {named} type {kind}"
    words = f" It is of {said}, written as source code in a string."
    if (items := schema.pop("items", None)) is not None:
        words += f" Its elements are of the type {items['type']}, and no strings of their own."
    if language == "javascript" and (members := schema.pop("properties", None)) is not None:
        words += f" Its members, which are no strings of their own, have this schema: {json.dumps(members)}"
    schema["description"] = schema.get("description", "") + words
    schema["type"] = "string"


def _json_properties(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {name: _json_schema(schema) for name, schema in properties.items()}


def _json_schema(schema: Json) -> Json:
    """A parameter's schema in JSON's types, whatever is nested in it."""
    kind = schema.get("type", "any")
    made = {**schema, "type": _JSON_TYPES.get(kind, "string")}
    if kind == "float":
        made |= {"format": "float", "description": f"{schema.get('description', '')} This is a float."}
    if isinstance(members := made.get("properties"), Mapping):
        made["properties"] = _json_properties(members)
    if isinstance(items := made.get("items"), Mapping):
        made["items"] = _json_schema(items)
    return made


def without_functions(functions: Sequence[Json], names: Iterable[str]) -> tuple[list[Json], list[Json]]:
    """The functions without the first of each name, and those."""
    kept, held = list(functions), []
    for name in names:
        found = next((each for each in kept if each["name"] == name), None)
        if found is not None:
            kept.remove(found)
            held.append(found)
    return kept, held
