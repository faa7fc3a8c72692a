"""How an answer is dressed: its length, headers, list items and bold passages, which sway judges."""

import re
from collections.abc import Callable, Iterator

from pytest_modeleval.statistics.style import Style

_FENCE = re.compile(r"\s{0,20}(`{3,}|~{3,})(.*)")
_HEADER = re.compile(r"#{1,6}\s")
_ITEM = re.compile(r"\s*(?:\d{1,9}\.|[-*+])\s")
_BOLD = re.compile(r"\*\*[^*]+\*\*|__[^_]+__")


def style(text: str, tokens: Callable[[str], int]) -> Style:
    """What Arena-Hard counts of an answer, the tokens by the given counter and of the whole text.

    Headers of all six levels, items of ordered and unordered lists and bold passages count outside of fenced code only.
    """
    lines = list(_outside_of_code(text))
    return Style(
        tokens(text),
        sum(bool(_HEADER.match(line)) for line in lines),
        sum(bool(_ITEM.match(line)) for line in lines),
        sum(len(_BOLD.findall(line)) for line in lines),
    )


def _outside_of_code(text: str) -> Iterator[str]:
    """The lines with their ends that stand in no fenced code, which an answer that was cut off may leave open."""
    fence = ""
    for line in text.splitlines(keepends=True):
        found = _FENCE.match(line)
        if not fence and found and "`" not in found[2]:
            fence = found[1]
        elif fence and found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
        elif not fence:
            yield line
