"""A value that is written as Java or JavaScript source, as the value that it stands for.

bfcl-eval 2026.3.23, ``eval_checker/ast_eval/type_convertor``: what is no literal of its type stays the text that it is.
The patterns there take a time that grows with the cube of a text; here each text is read once.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_INTEGER = re.compile(r"-?\d+\n?")
_LONG = re.compile(r"-?\d+[lL]\n?")
_BIGINT = re.compile(r"-?\d+n\n?")
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?\n?")
_DOUBLE = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\n?")
_FLOAT = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[fF]\n?")
_AS_LIST = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\(")
_ADDED = re.compile(r"new\s+ArrayList<\w*>\(\)\s*\{\{\s*")
_EMPTY_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)")
_ARRAY = re.compile(r"new\s+\w+\[\]\s*\{")
_MAP = re.compile(r"new\s+HashMap<")
_MAP_BODY = re.compile(r">\s*\(\)\s*\{\s*\{?")
_MAP_END = re.compile(r">\s*\(\)")
_NESTED = re.compile(r"(?:\[|new\s+Array\()\s*\[")
_NEXT = re.compile(r"\s*,\s*\[")
_SPACES = re.compile(r"\s*")
_OPENED = re.compile(r"\[|new\s+Array\(")


def java_value(source: str, kind: str, inner: str = "") -> Any:
    """The value of a Java parameter's ``kind``, ``long`` or ``ArrayList``, whose elements are of the ``inner`` kind."""
    if kind == "ArrayList":
        return _array_list(source, inner)
    if kind == "Array":
        listed = _closed(source, _ARRAY, "}")
        if listed is None:
            return source
        return [_java_element(each.strip(), inner) for each in listed.split(",") if each.strip()]
    if kind == "HashMap":
        return _hash_map(source)
    return _JAVA[kind](source) if kind in _JAVA else source


def javascript_value(source: str, kind: str, inner: str = "") -> Any:
    """The value of a JavaScript parameter's ``kind``, ``Bigint`` or ``array``."""
    if kind == "array":
        return _javascript_array(source.strip(), inner)
    if kind == "dict":
        return _object(source.strip())
    return _JAVASCRIPT[kind](source) if kind in _JAVASCRIPT else source


def _number(pattern: re.Pattern[str], make: Callable[[str], Any], suffix: str = "") -> Callable[[str], Any]:
    def value(source: str) -> Any:
        if not pattern.fullmatch(source):
            return source
        try:
            return make(source.rstrip("\n").rstrip(suffix) if suffix else source)
        except ValueError:
            # More digits than Python reads.
            return source

    return value


def _truth(source: str) -> Any:
    return source == "true" if source in ("true", "false") else source


def _unquoted(source: str) -> str:
    quoted = any(source.startswith(mark) and source.endswith(mark) for mark in "\"'")
    return source[1:-1] if quoted else source


_JAVA: Mapping[str, Callable[[str], Any]] = {
    "byte": _number(_INTEGER, int),
    "short": _number(_INTEGER, int),
    "integer": _number(_INTEGER, int),
    "long": _number(_LONG, int, "lL"),
    "float": _number(_FLOAT, float, "fF"),
    "double": _number(_DOUBLE, float),
    "boolean": _truth,
}
_JAVASCRIPT: Mapping[str, Callable[[str], Any]] = {
    "String": _unquoted,
    "integer": _number(_INTEGER, int),
    "float": _number(_DECIMAL, float),
    "Bigint": _number(_BIGINT, int, "n"),
    "Boolean": _truth,
}


def _literal(source: str) -> Any:
    """A number of Python's, or the text."""
    for make in (int, float):
        try:
            return make(source)
        except ValueError:
            pass
    return source


def _java_literal(source: str) -> Any:
    if source in ("true", "false"):
        return source == "true"
    if source.startswith('"') and source.endswith('"'):
        return source[1:-1]
    for kind in ("long", "float"):
        if not isinstance(value := _JAVA[kind](source), str):
            return value
    return _literal(source)


def _javascript_literal(source: str) -> Any:
    source = source.strip()
    if source in ("true", "false"):
        return source == "true"
    unquoted = _unquoted(source)
    return _literal(source) if unquoted is source else unquoted


def _java_element(source: str, inner: str) -> Any:
    return java_value(source, inner) if inner else _java_literal(source)


def _in_list(source: str, inner: str) -> Any:
    source = source.strip()
    return source[1:-1] if inner in ("char", "String") else _java_element(source, inner)


def _array_list(source: str, inner: str) -> Any:
    if (listed := _closed(source, _AS_LIST, "))", least=1)) is not None:
        return [_in_list(each, inner) for each in listed.split(",")]
    if (block := _ADDED.search(source)) and (close := source.find("}}", block.end() + 1)) >= 0:
        added = source[block.end() : close].rstrip()
        return [_in_list(each, inner) for each in _within(added, "add(", ")", least=1)]
    return [] if _EMPTY_LIST.search(source) else source


def _closed(source: str, head: re.Pattern[str], closing: str, *, least: int = 0) -> str | None:
    """What stands between the first head and what closes it on its line; None where no head is closed so."""
    line = -1
    for found in head.finditer(source):
        if found.end() > line:
            line = _line_end(source, found.end())
            if (close := source.find(closing, found.end() + least, line)) >= 0:
                return source[found.end() : close]
    return None


def _hash_map(source: str) -> Any:
    head = _MAP.search(source)
    if head is None:
        return source
    body = _MAP_BODY.search(source, head.end())
    if body and (close := source.find("}", body.end())) >= 0:
        return dict(_put(source[body.end() : close].strip()))
    return {} if _MAP_END.search(source, head.end()) else source


def _put(source: str) -> Iterator[tuple[str, Any]]:
    """The keys and values of ``put("key", value)``: each ends on the line that it begins on."""
    at, line = 0, -1
    while (head := source.find('put("', at)) >= 0:
        at = head + 5
        line = _line_end(source, at) if at > line else line
        comma = source.find('",', at, line)
        if comma < 0:
            # Nor does another one on this line have a key.
            at = line
            continue
        begin = comma + 2
        while begin < len(source) and source[begin].isspace():
            begin += 1
        line = _line_end(source, begin) if begin > line else line
        close = source.find(")", begin, line)
        if close >= 0:
            yield source[at:comma], _java_literal(source[begin:close].strip())
        at = close + 1 if close >= 0 else line


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _within(text: str, opening: str, closing: str, *, least: int = 0) -> Iterator[str]:
    """What stands, on one line, between each opening and the next closing one."""
    for line in text.split("\n"):
        at = 0
        while (head := line.find(opening, at)) >= 0:
            begin = head + len(opening)
            close = line.find(closing, begin + least)
            if close < 0:
                break
            yield line[begin:close]
            at = close + len(closing)


def _javascript_array(source: str, inner: str) -> Any:
    if nested := _nested_end(source):
        rows = list(_within(source[:nested], "[", "]"))
        rows[:1] = [row.strip().removeprefix("[") for row in rows[:1]]
        return [[_javascript_literal(each) for each in row.split(",")] for row in rows]
    head = _OPENED.match(source)
    if head is None:
        return source
    close = source.find("]" if head[0] == "[" else ")", head.end(), _line_end(source, head.end()))
    if close < 0:
        return source
    elements = source[head.end() : close].strip()
    return [_javascript_element(each.strip(), inner) for each in elements.split(",")] if elements else []


def _nested_end(source: str) -> int:
    """Where an array of arrays ends that begins the text; 0 where none does."""
    head = _NESTED.match(source)
    if not head:
        return 0
    last = "]" if source[0] == "[" else ")"
    at = head.end()
    line = _line_end(source, at)
    while (close := source.find("]", at, line)) >= 0:
        following = _NEXT.match(source, close + 1)
        if following is None:
            after = _SPACES.match(source, close + 1).end()  # type: ignore[union-attr]
            if source[after : after + 1] == last:
                return after + 1
        at = following.end() if following else close + 1
        line = _line_end(source, at) if at > line else line
    return 0


def _javascript_element(source: str, inner: str) -> Any:
    if not inner:
        return _javascript_literal(source)
    return javascript_value(source, inner)


def _object(source: str) -> Any:
    if source[:1] != "{" or (close := source.find("}", 1, _line_end(source, 1))) < 0:
        return source
    return {key: _javascript_member(value) for key, value in _members(source[1:close])}


def _members(content: str) -> Iterator[tuple[str, str]]:
    """Keys and values: a comma ends a value where a key and its colon come before the next comma."""
    at = 0
    while True:
        while content[at : at + 1] == ":":
            at += 1
        colon = content.find(":", at)
        if colon < 0:
            return
        key = content[at:colon].strip().strip("'\"")
        comma = content.find(",", colon + 1)
        while comma >= 0:
            following = content.find(",", comma + 1)
            if content.find(":", comma + 2, following if following >= 0 else len(content)) >= 0:
                break
            comma = following
        yield key, content[colon + 1 : comma if comma >= 0 else len(content)].strip()
        if comma < 0:
            return
        at = comma + 1


def _javascript_member(value: str) -> Any:
    if value.startswith("[") and value.endswith("]"):
        return _javascript_array(value, "")
    return _javascript_literal(value.strip("'\""))
