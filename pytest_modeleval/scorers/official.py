"""Choices as the official scripts of benchmarks read them, for scores that compare with published ones.

`choices` reads more forms of an answer and guesses none; a benchmark offers both as its rules.
"""

import re
from collections.abc import Sequence
from random import Random
from string import ascii_uppercase

from pytest_modeleval.sample import Completion, Score

_STATED = re.compile(r"answer is \(?([A-J])\)?")
_LABELLED = re.compile(r"[aA](?=nswer:\s*([A-J]))")
_LONE = re.compile(r"\b[A-J]\b")


def mmlu_pro_letter(text: str) -> str | None:
    """The first "answer is (B)", else the last "Answer: B" of the first line with one, else the last letter alone.

    What `extract_answer` of TIGER-AI-Lab/MMLU-Pro `evaluate_from_api.py` finds, whose patterns take a time that grows
    with the square of the text's length.
    """
    if match := _STATED.search(text):
        return match[1]
    labelled = list(_LABELLED.finditer(text))
    if labelled:
        end = text.find("\n", labelled[0].start())
        return [match[1] for match in labelled if end < 0 or match.start() < end][-1]
    lone = _LONE.findall(text)
    return lone[-1] if lone else None


def mmlu_pro_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """Whether MMLU-Pro's official script finds the target, or guesses it where it finds nothing.

    Its guess is no chance: the generator is seeded anew with 12345 for every question, so that of ten options it is
    always the seventh (`save_res`).
    """
    guess = ascii_uppercase[Random(12345).randint(0, len(options) - 1)]
    return _judged(mmlu_pro_letter(str(answer)), guess, target, name)


# `extract_choice` of haonan-li/CMMLU `src/mp_utils.py`, in its order; 为 … [ABCD] stands apart, as it would scan the
# text to its end from every place.
_SINGLE = [
    re.compile(pattern)
    for pattern in (
        r"答案(?:选项)?[是为]\uff1a? ?([ABCD])",
        r"答案[是为]选项 ?([ABCD])",
        r"故?选择?\uff1a? ?([ABCD])",
        r"([ABCD]) ?选?项[是为]?正确",
        r"正确的?选项[是为] ?([ABCD])",
        r"答案(?:应该)?[是为]([ABCD])",
        r"选项 ?([ABCD]) ?[是为]?正确",
        r"选择答案 ?([ABCD])",
        r"答案?\uff1a?([ABCD])",
        r"([ABCD])(?:选?项)?是?符合题意",
        r"答案选项\uff1a? ?([ABCD])",
    )
]
_LETTER = re.compile("[ABCD]")
_WEAK = re.compile(r"[^不]是\uff1a? ?([ABCD])")


def cmmlu_letter(text: str) -> str | None:
    """What `extract_choice` of haonan-li/CMMLU `src/mp_utils.py` finds in an answer, whose lines are joined before."""
    text = text.replace("\n", "")
    if text[:1] in ("A", "B", "C", "D"):
        return text[0]
    letters = list(_LETTER.finditer(text))
    for pattern in _SINGLE:
        if match := pattern.search(text):
            return match[1]
    if not letters:
        return None
    mark = re.search(r"答案(?:选项)?为", text)
    if mark and letters[-1].start() >= mark.end():
        return next(letter[0] for letter in letters if letter.start() >= mark.end())
    for word in ("当选", "正确"):
        # The last letter before the first such word behind any letter.
        if (place := text.find(word, letters[0].end())) >= 0:
            return [letter[0] for letter in letters if letter.start() < place][-1]
    if match := _WEAK.search(text):
        return match[1]
    return letters[0][0] if len(letters) == 1 else None


def cmmlu_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:  # noqa: ARG001
    """Whether CMMLU's official script finds the target, or guesses it where it finds nothing.

    The official one draws anew each time; this guess is drawn by the answer's text, so that a run can be repeated.
    """
    text = str(answer)
    seed = text.encode("utf-8", "surrogatepass")
    return _judged(cmmlu_letter(text), Random(seed).choice("ABCD"), target, name)


def _judged(found: str | None, guess: str, target: str, name: str) -> Score:
    got = found or guess
    why = "" if found else "the official script's guess: no option in the answer"
    passed = got in target
    return Score(float(passed), passed, got, " or ".join(target), why, name, found=found is not None)
