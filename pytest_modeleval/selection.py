"""Could a -k or -m expression select an item, as far as is known before its data is opened?"""

import re
from collections.abc import Callable, Iterable

_TOKEN = re.compile(r"\s*(\(|\)|[\w:+\-.\[\]/\\]+)\s*")


def could_select(expression: str, names: Iterable[str], *, ids: bool) -> bool:
    """False only when no item with these names can match; True when it may.

    With ``ids`` (for -k) a word matches as part of a name, ignoring case, and a word with a digit may match an id's
    number, which is not known yet. Without (for -m) it matches a whole name. What pytest would reject counts as True:
    pytest itself reports it.
    """
    tokens = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if not match:
            return True
        tokens.append(match[1])
        position = match.end()
    if not tokens:
        return True
    known = {name.lower() for name in names} if ids else set(names)

    def says(word: str) -> bool | None:
        if not ids:
            return word in known
        if any(word.lower() in name for name in known):
            return True
        return None if any(c.isdigit() for c in word) else False

    try:
        return _Parser(tokens, says).whole() is not False
    except (IndexError, SyntaxError):
        return True


class _Parser:
    """Recursive descent over pytest's grammar in three-valued logic: None is "not known yet"."""

    def __init__(self, tokens: list[str], says: Callable[[str], bool | None]) -> None:
        self._tokens = tokens
        self._says = says

    def whole(self) -> bool | None:
        value = self._or()
        if self._tokens:
            raise SyntaxError(self._tokens[0])
        return value

    def _or(self) -> bool | None:
        value = self._and()
        while self._tokens[:1] == ["or"]:
            self._tokens.pop(0)
            other = self._and()
            value = True if value or other else None if value is None or other is None else False
        return value

    def _and(self) -> bool | None:
        value = self._not()
        while self._tokens[:1] == ["and"]:
            self._tokens.pop(0)
            other = self._not()
            false = value is False or other is False
            value = False if false else None if value is None or other is None else True
        return value

    def _not(self) -> bool | None:
        token = self._tokens.pop(0)
        if token == "not":
            value = self._not()
            return None if value is None else not value
        if token == "(":
            value = self._or()
            if self._tokens.pop(0) != ")":
                raise SyntaxError("unbalanced parenthesis")
            return value
        return self._says(token)
