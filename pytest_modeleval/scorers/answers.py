"""Where in a text its final answer stands."""

import re
from collections.abc import Iterator
from itertools import islice

# Asterisks, underscores and dollar signs around a marker are typography (`**Answer:** B`, `$B$`); \uff1a is the
# full-width colon.
_MARKER = re.compile(
    r"(?:answer|option|choice|答案|正[确確]的?[选選][项項]|正解|réponse|respuesta|opción|antwort|resposta|risposta|ответ|答え|정답|الإجابة)"
    r"(?:\s+to\s+(?:this|the)\s+(?:question|problem)|\s+corr?ett?[ao]|\s+correct[ae])?[\s*_]*[\"']?"
    r"(?:\bis\b|\b(?:would|must|should)\s+be\b|\bes\b|\best\b|\bist\b|\bé\b|\bè\b"
    r"|(?:[应應][该該]?|就)?[是为為选選]|(?<=<answer)>|[:\uff1a】=はは은는])"
    r"[\s*_]*(?:[:\uff1a][\s*_]*)?",
    re.IGNORECASE,
)
# "Let us look at each option: A. Paris" lists, and states nothing.
_EACH = re.compile(r"\b(?:each|every|any|either|another)\s(?:\w+\s){0,2}$", re.IGNORECASE)
# Nobody's answer is the 1001st from the end, and to look at 300,000 statements of a hostile text takes seconds.
_MOST_STATEMENTS = 1000
_ANSWER_LINE = re.compile(
    r"^[ \t>*_#-]{0,20}(?:final )?answer[ \t*_]{0,20}[:\uff1a](.*)$", re.IGNORECASE | re.MULTILINE
)
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")


# A doubled backslash is a model's JSON habit, or ends a row.
_BRACE = re.compile(r"\\{1,2}(?:boxed|fbox)\s*\{|\\\\|\\[{}]|[{}]")


def boxed(text: str) -> str | None:
    r"""The content of the last complete ``\boxed{…}`` or ``\fbox{…}``, with nested braces."""
    # Where the content of each open brace begins, 0 when it is no box's.
    opened: list[int] = []
    begins, found = 0, None
    for match in _BRACE.finditer(text):
        if match[0] == "}" and opened:
            begun = opened.pop()
            if begun > begins:
                begins, found = begun, text[begun : match.start()].strip()
        elif match[0] == "{":
            opened.append(0)
        elif match[0].endswith("{") and "box" in match[0]:
            opened.append(match.end())
    return found


def cut_off_in_box(text: str) -> bool:
    r"""Whether there is a ``\boxed{`` and none is complete."""
    return boxed(text) is None and any("box" in match[0] for match in _BRACE.finditer(text))


def stated(text: str) -> Iterator[str]:
    """What follows each "the answer is", "ANSWER: " and the like, to the next one or the line's end, last one first."""
    following = len(text)
    for match in islice(reversed(list(_MARKER.finditer(text))), _MOST_STATEMENTS):
        line = text[match.end() : following].partition("\n")[0].strip()
        following = match.start()
        if line and not _EACH.search(text[max(0, following - 50) : following]):
            yield line


def final_text(text: str) -> str:
    """The words a text ends up with: its last line ``ANSWER: …``, else boxed, after "the answer is", else all of it."""
    lines = [line.strip(" \t*_") for line in _ANSWER_LINE.findall(text)]
    found = next(filter(None, reversed(lines)), None) or boxed(text) or next(stated(text), text)
    return _TEX.sub(r"\1", boxed(found) or found).strip()
