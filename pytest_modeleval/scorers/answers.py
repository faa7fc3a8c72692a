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
_ANSWER_LINE = re.compile(
    r"^[ \t>*_#-]{0,20}(?:final )?answer[ \t*_]{0,20}[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
)
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")


def boxed(text: str) -> str | None:
    r"""The content of the last complete ``\boxed{…}`` or ``\fbox{…}``, with nested braces."""
    found, last = None, -1
    # Where the content of each open box begins, -1 for other braces: one walk, however many boxes stay open.
    opened: list[int] = []
    for match in re.finditer(r"\\(?:boxed|fbox)\s*\{|[{}]", text):
        if match[0] != "}":
            opened.append(-1 if match[0] == "{" else match.end())
        elif opened and (start := opened.pop()) > last:
            found, last = text[start : match.start()].strip(), start
    return found


def stated(text: str) -> Iterator[str]:
    """What follows each "the answer is", "ANSWER: " and the like, to the end of its line, last one first."""
    for match in reversed(list(_MARKER.finditer(text))):
        line = text[match.end() :].lstrip("\n").partition("\n")[0].strip()
        if line:
            yield line


def final_text(text: str) -> str:
    """The words a text ends up with: its last line ``ANSWER: …``, else boxed, after "the answer is", else all of it."""
    lines = [line.strip(" \t*_") for line in _ANSWER_LINE.findall(text)]
    found = next(filter(None, reversed(lines)), None) or boxed(text) or next(stated(text), text)
    return _TEX.sub(r"\1", boxed(found) or found).strip()
