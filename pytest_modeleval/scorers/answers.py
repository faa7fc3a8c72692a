"""Where in a text its final answer stands."""

import re
from collections.abc import Iterator

# Asterisks, underscores and dollar signs around a marker are typography (`**Answer:** B`, `$B$`); \uff1a is the
# full-width colon.
_MARKER = re.compile(
    r"(?:final\s+answer|correct\s+answer|best\s+answer|answer|correct\s+(?:option|choice)|option|"
    r"正确答案|最终答案|答案|réponse|respuesta|antwort|resposta|risposta|ответ|答え|정답|الإجابة)"
    r"[\s*_]*(?:\bis\b|\bes\b|\best\b|\bist\b|\bé\b|\bè\b|[:\uff1a=是为為は은는])[\s*_]*(?:[:\uff1a][\s*_]*)?",
    re.IGNORECASE,
)


def boxed(text: str) -> str | None:
    r"""The content of the last complete ``\boxed{…}`` or ``\fbox{…}``, with nested braces."""
    found = None
    for match in re.finditer(r"\\f?boxed\s*\{", text):
        depth = 1
        for end in range(match.end(), len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                found = text[match.end() : end].strip()
                break
    return found


def stated(text: str) -> Iterator[str]:
    """What follows each "the answer is", "ANSWER: " and the like, to the end of its line, last one first."""
    for match in reversed(list(_MARKER.finditer(text))):
        line = text[match.end() :].lstrip("\n").partition("\n")[0].strip()
        if line:
            yield line
