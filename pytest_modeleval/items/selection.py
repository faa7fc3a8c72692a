"""Could a -k or -m expression select an item, as far as is known before its data is opened?"""

import re
from collections.abc import Callable, Collection, Iterable

_TOKEN = re.compile(r"\s*(\(|\)|[\w:+\-.\[\]/\\]+)\s*")


# What may follow the known beginning of an item's name, as far as a word reaches into it: 00042], 00042-r1].
_NUMBER = re.compile(r"\d*(-?r\d*)?\]?")
_REPEAT = re.compile(r"(-?r\d*)?\]?$")


def could_select(
    expression: str,
    names: Iterable[str],
    *,
    items: str | None = None,
    others: Collection[str] = (),
    ids: Collection[str] = (),
    more: bool = False,
) -> bool:
    """False only when no item with these names can match; True when it may.

    With ``items`` (for -k), the beginning of the items' names up to their number (``test_gsm8k[main-``), a word matches
    as part of a name, ignoring case; in the number, which is not known yet, it may match, and in one of the ``ids``
    that items have in place of numbers. Without (for -m) it matches a whole name. ``others`` are words, in lower case,
    that mean something else and match none of these; with ``more`` any other may be part of a name, which goes on
    behind the number. What pytest would reject counts as True: pytest itself reports it.
    """
    tokens = _tokens(expression)
    if not tokens:
        return True
    known = set(names) if items is None else {name.lower() for name in (*names, items)}
    with_ids = "\n".join(f"{items[:-1]}:{each}".lower() for each in ids) if items else ""

    def says(word: str) -> bool | None:
        if items is None:
            return word in known
        word = word.lower()
        if word in others:
            return False
        if any(word in name for name in known):
            return True
        if more or (with_ids and _REPEAT.sub("", word) in with_ids):
            return None
        ends = (end for end in range(len(word)) if items.lower().endswith(word[:end]))
        return None if any(_NUMBER.fullmatch(word[end:]) for end in ends) else False

    try:
        return _Parser(tokens, says).whole() is not False
    except (IndexError, SyntaxError):
        return True


def _tokens(expression: str) -> list[str]:
    """The words and brackets of an expression; none where something else stands in it."""
    tokens = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if not match:
            return []
        tokens.append(match[1])
        position = match.end()
    return tokens


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
