"""MMMU's and MMMU-Pro's official rules (MMMU-Benchmark/MMMU `eval_utils.py`, `mmmu-pro/evaluate.py`)."""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from pytest_modeleval.sample import Completion, Score

# The official patterns, begun at no digit but a number's first: so they take a time that grows with the text's length.
_NUMBERS = [
    re.compile(pattern)
    for pattern in (
        r"-?\b\d{1,3}(?:,\d{3})+\b",
        r"-?(?<!\d)\d+(?:\.\d+)?[eE][+-]?\d+",
        r"-?(?:(?<!\d)\d+\.\d+|\.\d+|(?<!\d)\d+\b)(?![eE][+-]?\d+)(?![,\d])",
    )
]
_BEFORE_ANSWERS = ["could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result "]
_LONGEST_NUMBER = 300


def mmmu_letter(text: str, options: Sequence[str]) -> str | None:
    """The last "(B)", else the last letter between spaces, else of more than 5 words the last option's text."""
    return _letter(text, options, [" {} "])


def mmmu_pro_letter(text: str, options: Sequence[str]) -> str | None:
    """The one letter after the last "Answer:", else as `mmmu_letter`, where a letter before a space or stop counts."""
    _, marker, stated = text.rpartition("Answer:")
    named = [letter for letter in ascii_uppercase[: len(options)] if letter in stated]
    return named[0] if marker and len(named) == 1 else _letter(text, options, ["{} ", "{}."])


def _letter(text: str, options: Sequence[str], forms: Sequence[str]) -> str | None:
    for mark in ",.!?;:'":
        text = text.strip(mark)
    text, letters = f" {text} ", ascii_uppercase[: len(options)]
    for form, placed in [("({})", "({})"), *((form, " {} ") for form in forms)]:
        if found := [letter for letter in letters if form.format(letter) in text]:
            return max(found, key=lambda letter: text.rfind(placed.format(letter)))
    if len(text.split()) <= 5:
        return None
    said = text.lower()
    places = {letter: said.rfind(option.lower()) for letter, option in zip(letters, options, strict=False)}
    last = max(letters, key=lambda letter: places[letter], default="")
    return last if last and places[last] >= 0 else None


def mmmu_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """Whether MMMU's official script finds the target; where it draws an option by chance, what that is worth: 1/n.

    So the mean over samples is the one that the script has on average, whatever its generator's seed.
    """
    return _judged(mmmu_letter(str(answer), options), target, options, name)


def mmmu_pro_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """As `mmmu_choice`, by the script of MMMU-Pro."""
    return _judged(mmmu_pro_letter(str(answer), options), target, options, name)


def _judged(found: str | None, target: str, options: Sequence[str], name: str) -> Score:
    if found is None:
        why = f"the official script draws one of {len(options)} options"
        return Score(1 / len(options), False, "", target, why, name, found=False)
    return Score(float(found == target), found == target, found, target, name=name)


def mmmu_open(answer: Completion | str, targets: Sequence[str], *, name: str = "main") -> Score:
    """Whether MMMU's official rule for questions without options finds one of the targets.

    What is compared are the shortest ends of lines behind "so", "is", "answer" and the like, and all numbers in them: a
    number to two decimals, a text where it stands in one.
    """
    said = {form for end in _ends(str(answer)) for part in [end, *_numbers(end)] for form in _normal(part)}
    texts = [part for part in said if isinstance(part, str)]
    wanted = [form for target in targets for form in _normal(target)]
    passed = any(form in said if isinstance(form, float) else any(form in text for text in texts) for form in wanted)
    return Score(float(passed), passed, str(answer).strip(), " or ".join(targets), name=name)


def _ends(text: str) -> list[str]:
    """The shortest end of each line behind a word that leads to answers; without any such word the text."""
    text = text.strip().strip(".").lower()
    lines, found = text.split("\n"), []
    for number, line in enumerate(lines, 1):
        words = [*_BEFORE_ANSWERS, "="] if number == len(lines) else _BEFORE_ANSWERS
        end = ""
        for word in words:
            behind = line.rpartition(word)[2].strip() if word in line else end
            # An end that is empty is the shortest, but gives way to that of a later word.
            if not end or len(behind) < len(end):
                end = behind
        if end and end not in {*":,.!?;'"}:
            found.append(end)
    return found or [text]


def _numbers(text: str) -> list[str]:
    return [number for pattern in _NUMBERS for number in pattern.findall(text)]


def _normal(text: str) -> list[str | float]:
    """A number to two decimals; a text in lower case, of a single letter with a space on one side."""
    text = text.strip()
    try:
        if len(text) <= _LONGEST_NUMBER:
            return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        pass
    text = text.lower()
    return [f" {text}", f"{text} "] if len(text) == 1 else [text]
