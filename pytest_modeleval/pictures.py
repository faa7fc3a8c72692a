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
        made = cls(f"{DATA}{kind};base64,{base64.b64encode(content).decode()}")
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
    found: list[str] = []

    def here(text: str) -> str:
        if not isinstance(text, DataAddress):
            return text
        found.append(text)
        return f"{_HERE}{len(found) - 1:0{_DIGITS}}"

    try:
        light = with_texts(value, here)
    except RecursionError:
        return encode(value)
    # Keys may have been sorted meanwhile.
    first, *others = encode(light).split(_HERE)
    return "".join([first, *(part for each in others for part in (found[int(each[:_DIGITS])], each[_DIGITS:]))])


def with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A value of JSON with each of its texts changed; `RecursionError` for one that is nested too deep."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: with_texts(part, change) for name, part in value.items()}
    return [with_texts(part, change) for part in value] if isinstance(value, list | tuple) else value
