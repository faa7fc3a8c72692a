"""Are the options chosen in an answer all the right ones?"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, markers, stated
from pytest_modeleval.scorers.choices import latin, most_read, plain, plain_option
from pytest_modeleval.scorers.run_on import before_run_on

# What may stand before and between letters.
_JOINING = {"option", "options", "and", "und", "et", "y", "e", "и", "和", "与", "及", "와", "과"}
# What states several: "the correct answers are", "the right options:", and a Chinese pick.
_PLURAL = re.compile(
    r"\b(?:answers|(?:correct|right|true)\s{1,9}(?:options|choices|statements|letters|ones))[\s*_]{0,9}(?:are\b|[:\uff1a])"
    r"[\s:\uff1a*_]{0,9}|(?<![不可单多])[选選][择擇]?[\s:\uff1a]{0,3}(?=[A-Z])",
    re.IGNORECASE,
)
_SMALL = re.compile(r"\W{0,9}[a-z](?:\W{1,4}(?:and\W{1,4})?[a-z]){0,25}\W{0,9}")
_PARTS = re.compile(r"\s*[,;\uff0c\uff1b、]\s*(?:and\s+)?|\s+and\s+|\n+")
# A word; Han, kana and hangul are words apart from letters beside them ("A和C").
_WRITTEN = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]+|[^\W\u3040-\u9fff\uac00-\ud7a3]+")


def same_choices(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """Whether the answer settles on the options with the target's letters (``AC``), all of them and no other."""
    if not target or not set(target) <= set(ascii_uppercase[: len(options)]):
        raise ValueError(f"the target {target!r} is not of the {len(options)} options' letters")
    text = str(answer)
    got = "".join(sorted(chosen_letters(text, options)))
    why = "" if got else "no option in the answer"
    passed = got == "".join(sorted(target))
    return Score(float(passed), passed, got or text.strip(), target, why, name, found=bool(got))


def chosen_letters(text: str, options: Sequence[str]) -> set[str]:
    r"""The letters of all the options a text settles on.

    In this order: ``\boxed{A, C}``, "ANSWER: AC" and "the answers are A and C" (the last one stated), a text or a last
    line of letters alone, the texts of options and nothing else.
    """
    text = before_run_on(text)
    letters = ascii_uppercase[: len(options)]
    for candidate in _settled(text, options):
        if found := _leading_letters(candidate, letters) or _said(candidate, options):
            return found
    for part in (text, text.strip().rpartition("\n")[2]):
        found, rest = _letters_and_rest(part, letters)
        if found and not rest:
            return found
    return _said(text, options)


def _leading_letters(text: str, letters: str) -> set[str]:
    """The letters at the beginning of a text, or those before a full stop or bracket: "A. Paris and C. Rome"."""
    if _SMALL.fullmatch(text):
        text = text.upper()
    found, rest = _letters_and_rest(text, letters)
    labels = set(re.findall(rf"(?<!\w)([{letters}])[.)\uff09:\uff1a、]\s*\w", text))
    if rest and labels > found:
        return labels
    # "A" and "I" also begin sentences.
    return set() if rest and found <= {"A", "I"} and rest[0].isalpha() and rest[0].islower() else found


def _letters_and_rest(text: str, letters: str) -> tuple[set[str], str]:
    """The letters that a text begins with, joined in any way, and what follows them."""
    text = latin(text).strip()
    found: set[str] = set()
    for match in _WRITTEN.finditer(text):
        if set(match[0]) <= set(letters) and len(set(match[0])) == len(match[0]):
            found |= set(match[0])
        elif match[0].casefold() not in _JOINING:
            return found, text[match.start() :]
    return found, ""


def _settled(text: str, options: Sequence[str]) -> Iterator[str]:
    """What the text says its answer is, each as far as a letter or an option's text can reach.

    Without an end, a line of 20,000 answers would be looked at 20,000 times to its end.
    """
    most = most_read(options)
    if (box := boxed(text)) is not None:
        yield box[:most]
    several = deque(_PLURAL.finditer(text), maxlen=1)
    one = deque(markers(text), maxlen=1) if several else ()
    if several and (not one or one[0].start() < several[0].start()):
        yield text[several[0].end() : several[0].end() + most].partition("\n")[0]
    for statement in stated(text):
        yield statement[:most]


def _said(text: str, options: Sequence[str]) -> set[str]:
    """The letters of the one option that the text says in full, or of each that its parts say; not of all of them."""
    if len(text) > most_read(options) + sum(map(len, options)):
        return set()
    if letter := _same_text(text, options):
        return {letter}
    letters = [_labelled(part, options) for part in _PARTS.split(text.strip())]
    found = {letter for letter in letters if letter}
    return found if all(letters) and len(found) < len(options) else set()


def _labelled(part: str, options: Sequence[str]) -> str | None:
    """The letter of the option that a part says in full, with its letter before it or without."""
    label = re.match(r"[\W_]{0,5}([A-Z])[.):\uff1a、*]{1,4}\s*(?=\S)", part)
    letter = _same_text(part[label.end() :] if label else part, options)
    return letter if not label or letter == label[1] else None


def _same_text(text: str, options: Sequence[str]) -> str | None:
    """The letter of the one option that the text says in full."""
    said = plain(text)
    found = [
        letter for letter, option in zip(ascii_uppercase, options, strict=False) if said == plain_option(option) != ""
    ]
    return found[0] if len(found) == 1 else None
