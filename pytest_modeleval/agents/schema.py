"""What a type annotation is in JSON Schema, whether a value fits that, and the value that a function takes."""

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pytest_modeleval.requests import Json

_PLAIN: Mapping[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_LISTS, _DICTS = (list, tuple, Sequence), (dict, Mapping)
# How the types of JSON are called to a model.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}


def schema_of(annotation: Any) -> Json:
    """The JSON Schema of a type; `TypeError`, which says what it is and why, for one that has none."""
    if annotation in _PLAIN:
        return {"type": _PLAIN[annotation]}
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        texts = [each for each in inner[1:] if isinstance(each, str)]
        return {**schema_of(inner[0]), **({"description": texts[0]} if texts else {})}
    if origin is Literal:
        return _one_of(inner, annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _one_of([each.value for each in annotation], annotation)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(each) for each in inner]}
    if origin in _LISTS:
        return _list(origin, inner)
    if annotation in _DICTS or origin in _DICTS:
        return _dict(inner, annotation)
    if dataclasses.is_dataclass(annotation) or typing.is_typeddict(annotation):
        hints, required = _fields(annotation)
        return an_object({name: schema_of(hint) for name, hint in hints.items()}, required)
    if annotation in _LISTS:
        raise TypeError(f"{shown(annotation)} does not say what is in it: write list[str]")
    raise TypeError(f"{shown(annotation)} has no JSON schema")


def an_object(properties: Mapping[str, Json], required: Sequence[str]) -> Json:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def why_not(value: object, schema: Json, where: str = "") -> str:
    """Why a value does not fit a schema, in a line for the model; empty where it does.

    Of JSON Schema it reads ``type``, ``enum``, ``anyOf``, ``items``, ``minItems``, ``maxItems``, ``properties``,
    ``required`` and ``additionalProperties``, which are all that `schema_of` writes; what else there is holds always.
    """
    place = where or "the arguments"
    if "anyOf" in schema:
        reasons = [why_not(value, each, where) for each in schema["anyOf"]]
        return "" if "" in reasons else " or ".join(dict.fromkeys(reasons))
    if "enum" in schema and not any(type(each) is type(value) and each == value for each in schema["enum"]):
        return f"{place}: {_said(value)} is none of {', '.join(map(repr, schema['enum']))}"
    named = schema.get("type", list(_TYPES))
    allowed = [named] if isinstance(named, str) else named
    if not any(_is_a(value, each) for each in allowed):
        return f"{place}: {_said(value)} is no {' or '.join(allowed)}"
    if isinstance(value, list):
        return _why_not_list(value, schema, place, where)
    return _why_not_object(value, schema, place, where) if isinstance(value, dict) else ""


def made(value: Any, annotation: Any) -> Any:
    """The value that a function takes of one that fits the annotation's schema: its enums, tuples and dataclasses."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return made(value, inner[0])
    if origin in (Union, types.UnionType):
        return next(made(value, each) for each in inner if not why_not(value, schema_of(each)))
    if origin in _LISTS and origin is not tuple:
        return [made(each, inner[0]) for each in value]
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(made(each, kind) for each, kind in zip(value, kinds, strict=True))
    if origin in _DICTS and inner[1] is not Any:
        return {name: made(each, inner[1]) for name, each in value.items()}
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return annotation(value)
    if dataclasses.is_dataclass(annotation) or typing.is_typeddict(annotation):
        hints, _ = _fields(annotation)
        return annotation(**{name: made(each, hints[name]) for name, each in value.items()})
    if annotation is int:
        return int(value)
    return float(value) if annotation is float else value


def shown(annotation: Any) -> str:
    """A type as it is written."""
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else repr(annotation)


def _one_of(values: Sequence[Any], annotation: Any) -> Json:
    if not values or not all(isinstance(each, str | int | bool | None) for each in values):
        raise TypeError(f"{shown(annotation)} has values that are no texts, whole numbers or booleans")
    kinds = list(dict.fromkeys(_PLAIN[type(each)] for each in values))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": list(values)}


def _list(origin: Any, inner: tuple[Any, ...]) -> Json:
    kinds = [each for each in inner if each is not Ellipsis]
    schemas = [schema_of(each) for each in kinds]
    alike = [each for place, each in enumerate(schemas) if each not in schemas[:place]]
    items: Json = alike[0] if len(alike) == 1 else {"anyOf": alike}
    # `prefixItems` is refused by several servers.
    sizes = {"minItems": len(kinds), "maxItems": len(kinds)} if origin is tuple and Ellipsis not in inner else {}
    return {"type": "array", "items": items, **sizes}


def _dict(inner: tuple[Any, ...], annotation: Any) -> Json:
    if inner and inner[0] is not str:
        raise TypeError(f"{shown(annotation)} has names that are no texts: write dict[str, …]")
    return (
        {"type": "object"}
        if not inner or inner[1] is Any
        else {
            "type": "object",
            "additionalProperties": schema_of(inner[1]),
        }
    )


def _fields(kind: Any) -> tuple[Mapping[str, Any], Sequence[str]]:
    """The types of a dataclass' or TypedDict's fields by name, and which there must be."""
    hints = get_type_hints(kind, include_extras=True)
    if not dataclasses.is_dataclass(kind):
        return {
            name: get_args(hint)[0] if get_origin(hint) in (typing.Required, typing.NotRequired) else hint
            for name, hint in hints.items()
        }, sorted(kind.__required_keys__)
    none = dataclasses.MISSING
    taken = [each for each in dataclasses.fields(kind) if each.init]
    required = [each.name for each in taken if each.default is none and each.default_factory is none]
    return {each.name: hints[each.name] for each in taken}, required


def _is_a(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float):
        # 3.0 is an integer in JSON Schema, and 1e999 is read as infinity.
        return math.isfinite(value) and (kind == "number" or (kind == "integer" and value.is_integer()))
    return isinstance(value, _TYPES.get(kind, ()))


def _why_not_list(value: list[Any], schema: Json, place: str, where: str) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        return f"{place}: {len(value)} items, and not {least if least == most else f'{least} to {most}'}"
    items = schema.get("items", {})
    return next(filter(None, (why_not(each, items, f"{where}[{at}]") for at, each in enumerate(value))), "")


def _why_not_object(value: dict[str, Any], schema: Json, place: str, where: str) -> str:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    if lacking := [name for name in schema.get("required", ()) if name not in value]:
        return f"{place}: {', '.join(map(repr, lacking))} is missing"
    if others is False and (unknown := [name for name in value if name not in properties]):
        known = ", ".join(properties) or "none at all"
        return f"{place}: {_said(unknown[0])} is unknown; there is {known}"
    for name, each in value.items():
        inner = properties.get(name, others if isinstance(others, Mapping) else {})
        if why := why_not(each, inner, f"{where}.{name}" if where else name):
            return why
    return ""


def _said(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
