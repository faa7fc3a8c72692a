"""Addresses that hold what they lead to, ``data:image/png;base64,…``, of which nothing long is done twice."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

DATA = "data:"
# What stands for a content, before the SHA-256 of its text.
REFERENCE = "blob:"
# What stands for an address until the rest is written: nobody's text has it.
_HERE, _DIGITS = secrets.token_hex(16), 6


class DataAddress(str):
    """A ``data:`` address that was made here, so that nothing in it needs escaping; equal to the text that it is.

    ``content`` are the bytes that it holds, and ``kind`` what they are: ``image/png``.
    """

    kind: str
    content: bytes

    @classmethod
    def of(cls, kind: str, content: bytes) -> "DataAddress":
        """The address of a content."""
        made = cls(b"%s%s;base64,%s" % (DATA.encode(), kind.encode(), base64.b64encode(content)), "ascii")
        made.kind, made.content = kind, content
        return made

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its text."""
        return hashlib.sha256(self.encode()).hexdigest()

    def __deepcopy__(self, memo: Any) -> "DataAddress":
        return self


def digest_of(text: str) -> str:
    """The SHA-256 of a text."""
    return text.digest if isinstance(text, DataAddress) else hashlib.sha256(text.encode()).hexdigest()


def encoded(value: Any, encode: Callable[[Any], str]) -> str:
    """A value of JSON as ``encode`` writes it; addresses that were made here are put in without looking at them."""
    found: list[DataAddress] = []

    def here(address: DataAddress) -> str:
        found.append(address)
        return f"{_HERE}{len(found) - 1:0{_DIGITS}}"

    light = _changed(value, here)
    if not found:
        return encode(value)
    # Keys may have been sorted meanwhile.
    first, *others = encode(light).split(_HERE)
    return "".join([first, *(part for each in others for part in (found[int(each[:_DIGITS])], each[_DIGITS:]))])


def digested(value: Any) -> Any:
    """A value of JSON by which equal ones are told, with ``blob:SHA-256`` for each address that was made here."""
    return _changed(value, lambda address: REFERENCE + address.digest)


def _changed(value: Any, change: Callable[[DataAddress], str]) -> Any:
    """The value with each address changed that was made here; one that is missed is only slow."""
    if isinstance(value, DataAddress):
        return change(value)
    if isinstance(value, dict):
        # A message of text alone: a conversation has hundreds, in each of its hundreds of requests.
        if not isinstance(value.get("content", []), list):
            return value
        return {name: _changed(part, change) for name, part in value.items()}
    return [_changed(part, change) for part in value] if isinstance(value, list | tuple) else value


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A value of JSON with each of its texts changed; `RecursionError` for one that is nested too deep."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: with_texts(part, change) for name, part in value.items()}
    return [with_texts(part, change) for part in value] if isinstance(value, list | tuple) else value
