"""Where in a text its final answer stands."""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache

_NOUNS = (
    *(
        "ans",
        "option",
        "choice",
        "答案",
        "项",
        "項",
        "正解",
        "réponse",
        "respuesta",
        "opción",
        "antwort",
        "resposta",
    ),
    *("risposta", "ответ", "答え", "정답", "الإجابة"),
)
# Asterisks, underscores and dollar signs around a marker are typography (`**Answer:** B`, `$B$`); \uff1a is the
# full-width colon.
_MARKER = re.compile(
    r"(?:answer|\bans|option|choice|答案(?:[选選][项項](?=[是为為]))?|正[确確]的?[选選][项項]|正解|réponse|respuesta|opción|antwort|resposta|risposta|ответ|答え|정답|الإجابة)"
    r"(?:\s{1,9}to\s{1,9}(?:this|the)\s{1,9}(?:question|problem)"
    r"|\s{1,9}(?:among|from|of)\s{1,9}(?:these|those|the\s{1,9}(?:given\s{1,9})?(?:options|choices))"
    r"|\s{1,9}corr?ett?[ao]|\s{1,9}correct[ae])?[\s*_]{0,20}[\"']?"
    r"(?:\b(?:is|(?:would|must|should|(?:seems|appears|has)\s{1,9}to)\s{1,9}be)\b"
    r"(?:\s{1,9}(?:most\s{1,9})?(?:likely|probably|clearly|therefore|definitely)\b)?|\bes\b|\best\b|\bist\b|\bé\b|\bè\b"
    r"|(?:[应應][该該当當]?|就)?[是为為选選]|(?<=<answer)>|[:\uff1a】=はは은는])"
    r"[\s*_]*(?:[:\uff1a][\s*_]*)?",
    re.IGNORECASE,
)
# "Let us look at each option: A. Paris" lists, and states nothing.
_EACH = re.compile(r"\b(?:each|every|any|either|another)\s(?:\w+\s){0,2}$", re.IGNORECASE)
# Nobody's answer is the 1001st from the end, and to look at 300,000 statements of a hostile text takes seconds.
_MOST_STATEMENTS = 1000
# Nouns that options have beside answers.
_OF_CHOICES = re.compile(r"option|choice|正[确確]的?[选選][项項]|opción", re.IGNORECASE)
_DISPLAYED = re.compile(r"\$\$.+?\$\$|\\\[.+?\\\]", re.DOTALL)
# The longest gold answer of MATH-500 has 53 characters, of Minerva's 272 problems 210.
LONGEST = 1000
_TEXT = re.compile(r"\\text\{([^{}]*)\}")
# Two words in a row, or one that tells of a number before it ("12, not 20", "12 since 5 + 7 = 12").
_PROSE = re.compile(r"[^\W\d_]{2,} +[^\W\d_]{2,}|\d\W+(?:not|since|because|rounded)\b|^not\b")
_SENTENCE_END = re.compile(
    r"(?<![ap]\.m)(?<!\bi\.e)(?<!\be\.g)(?<!\brs)(?<!\bno)(?<!\bapprox)\.(?:\s|$)|。|(?<!\\);", re.IGNORECASE
)
_WORD = re.compile(r"(?!\b(?:about|approximately|roughly|around|exactly|only)\b)\b[^\W\d_]{2,}")
_EQUALS = re.compile(r"=[^\w=]*$")
# Between the numbers of a computation.
_OPERATOR = re.compile(r"[\s$)]*(?:[-+*/^×·÷]|\\times|\\cdot|\\div)[\s$(]*")
# Before a number that is a part of one: "x + 3 (= 12)".
_COMPUTES = re.compile(r"(?:[-+*/^×·÷]|\\times|\\cdot|\\div)[\s$(]*$")
_VERB = re.compile(
    r"(?<!which )(?<!that )\b(?:is|are|was|were|be|equals?|equal to|costs?|gives?|giving|gets?|yields?|makes?)\b"
    r"|[:\uff1a是为為]",
    re.IGNORECASE,
)
# Where a sentence goes on to tell why, or of what: "12 because 3 * 4 = 12", "x = 12 when y = 3".
_REASON = re.compile(
    r"[\s,(](?:because|since)\b|\b(?:when|where|if|for|at)\W{1,5}[a-z]\W{0,3}=[^\w=]{0,9}$", re.IGNORECASE
)
_NOT = re.compile(r"\bnot[\s$\\(*]*$", re.IGNORECASE)
# What is no answer, and words that may stand between: "except $x = -4$ and".
_EXCEPTS = re.compile(r"\b(?:except|excluding|other than|not equal to|besides)\b")
_EXCEPTED = re.compile(
    rf"\bnot[\s$\\(*]*$|{_EXCEPTS.pattern}"
    r"(?:\s|[-\u2212$\\\d.,=(){}]|\b(?:[a-z]|for|when|where|at|the|points?|values?|of|and|or)\b)*$"
)
_CIRCUMSTANCE = re.compile(
    r"\b(?:after|in|for|with|by|at|when|if|on|from|of|per|every|each|over|during|within|not)\W+(?:the\W+)?(?:first\W+)?$",
    re.IGNORECASE,
)
_BOX = re.compile(r"\\{1,2}(?:boxed|fbox)\s*\{")
# A doubled backslash is a model's JSON habit, or ends a row.
_BRACE = re.compile(r"\\{1,2}(?:boxed|fbox)\s*\{|\\\\|\\[{}]|[{}]")


def boxed(text: str) -> str | None:
    r"""The content of the last complete ``\boxed{…}`` or ``\fbox{…}``, with nested braces."""
    if "box" not in text or not _BOX.search(text):
        return None
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
    return bool(_BOX.search(text)) and boxed(text) is None


def markers(text: str) -> Iterator["re.Match[str]"]:
    """Each "the answer is", "ANSWER: " and the like, first one first."""
    # Most texts have none of the nouns, and to look for these costs a tenth.
    lower = text.lower()
    return _MARKER.finditer(text) if [noun for noun in _NOUNS if noun in lower] else iter(())


def stated(text: str) -> Iterator[str]:
    """What follows each "the answer is", "ANSWER: " and the like, to the end of its line, last one first."""
    for match, until in _last_first(text):
        newline = text.find("\n", match.end(), until)
        if line := text[match.end() : until if newline < 0 else newline].strip():
            yield line


def stated_results(text: str) -> Iterator[str]:
    """As `stated`, for numbers and formulas: the sentences that an answer stands in, last one first.

    "The option is" states none. Below "Answer:" on a line of its own stands a formula, of several lines too, or one
    sentence; else the reasoning begins there.
    """
    for match, until in _last_first(text):
        if _OF_CHOICES.match(match[0]):
            continue
        said = text[match.end() : until].strip().lstrip("} ")
        said = _below(said) if "\n" in match[0] else said.partition("\n")[0]
        if said:
            yield first_sentence(said)


def _below(text: str) -> str:
    """The answer that a text begins with, or nothing where it begins with reasoning."""
    paragraph = text.partition("\n\n")[0]
    if not is_prose(paragraph):
        return paragraph
    if displayed := _DISPLAYED.match(text):
        return displayed[0]
    line, _, more = text.partition("\n")
    return line if not is_prose(line) or (not more and line.rstrip(".。") == first_sentence(line)) else ""


def _last_first(text: str) -> Iterator[tuple["re.Match[str]", int]]:
    """The markers from the last one on, each with where the next begins: no line is read for each of its markers."""
    until = len(text)
    for match in reversed(_last_markers(text)):
        if not _EACH.search(text[max(0, match.start() - 50) : match.start()]):
            yield match, until
        until = match.start()


@lru_cache(maxsize=2)
def _last_markers(text: str) -> Sequence["re.Match[str]"]:
    """The last of the markers, which are asked for several times of one text."""
    return tuple(deque(markers(text), maxlen=_MOST_STATEMENTS))


def is_prose(text: str) -> bool:
    r"""Whether a text has two words in a row, those in ``\text{…}`` apart, or is longer than any expression."""
    return len(text) > LONGEST or bool(_PROSE.search(_TEXT.sub("", text)))


def first_sentence(text: str) -> str:
    """The text up to its first full stop, but for that of "p.m."."""
    return _SENTENCE_END.split(text, maxsplit=1)[0]


def the_result(sentence: str, found: Sequence[tuple[int, int]]) -> int:
    """Which of the numbers or formulas found in a sentence, by their places, is what it says in the end.

    That behind the last "=" (before it in "12 = 3 * 4" and "12 (= 3 * 4)"), the first where it begins the sentence,
    that behind the last verb such as "is" ("After 2 hours the distance is 20 miles"), else the first that is no
    circumstance ("in 2 hours") and not denied; nothing of what is told behind it as its reason.
    """
    ends = [0, *(end for _, end in found)]
    gaps = [sentence[end:start] for end, (start, _) in zip(ends, found, strict=False)]
    gaps = gaps[: next((place for place, gap in enumerate(gaps) if place and _REASON.search(gap)), None)]
    if len(gaps) < 2:
        return 0
    gaps = ["not " if _NOT.search(gap) else gap for gap in gaps]
    for fits in (_EQUALS.search, _VERB.search):
        behind = [place for place, gap in enumerate(gaps) if fits(gap)]
        if behind:
            return behind[-1] - _explains(gaps[behind[-1] - 1 : behind[-1] + 2])
        if not _WORD.search(gaps[0]):
            return 0
    return next((place for place, gap in enumerate(gaps) if not _CIRCUMSTANCE.search(gap)), 0)


def _explains(gaps: Sequence[str]) -> bool:
    """Whether the gaps around an "=" are those of a number and how it came about: "12 = 3 * 4", "12 (= 3 * 4)"."""
    before, equals, behind = (*gaps, "", "", "")[:3]
    if _COMPUTES.search(before):
        return False
    equals = equals.replace(" ", "").strip("$")
    return equals == "(=" or (equals == "=" and bool(_OPERATOR.fullmatch(behind)))


def excepts(text: str) -> bool:
    """Whether a text names what is no answer: "all real numbers except -4"."""
    return bool(_EXCEPTS.search(text))


def is_excepted(text: str, place: int) -> bool:
    """Whether what stands at a place is said to be no answer: "all real numbers except -4"."""
    return bool(_EXCEPTED.search(text, max(0, place - 100), place))
