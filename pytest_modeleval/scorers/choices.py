"""Is the option chosen in an answer the right one?"""

import re
from collections.abc import Sequence
from string import ascii_uppercase

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, stated

# Full-width letters, and the Arabic, Bengali and Cyrillic ones that stand for A-D: the first two as in MMMLU's official
# extraction (openai/simple-evals `common.py`, normalize_extracted_answer), Cyrillic look-alikes for Russian answers.
_SPELLED = {
    **{0xFF21 + i: letter for i, letter in enumerate(ascii_uppercase)},
    **dict(zip(map(ord, "أبجدঅবডঢАВСЕ"), "ABCDABCDABCE", strict=True)),
}
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")


def chosen_letter(text: str, options: Sequence[str]) -> str | None:
    r"""The letter of the option a text settles on, or None.

    In this order: ``\boxed{B}``, "ANSWER: B" and "the answer is B" (the last one stated), a text that begins
    with the letter ("B", "(B) because…", "B. Paris"), a letter alone on the last line, the text of exactly one option.
    """
    letters = ascii_uppercase[: len(options)]
    candidates = [boxed(text), *stated(text)]
    for candidate in candidates:
        if candidate is None:
            continue
        if letter := _leading_letter(candidate, letters) or _same_text(candidate, options):
            return letter
    if letter := _leading_letter(text.strip(), letters):
        return letter
    last = text.strip().rpartition("\n")[2].translate(_SPELLED)
    if alone := re.fullmatch(rf"\W{{0,10}}([{letters}])\W{{0,10}}", last):
        return alone[1]
    return _same_text(text, options)


def _leading_letter(text: str, letters: str) -> str | None:
    text = _TEX.sub(r"\1", text).translate(_SPELLED)
    match = re.match(rf"[\s*_$(\[{{`\"'<]*(?i:option|choice)?[\s*_(]*([{letters}{letters.lower()}])(?![\w'’])", text)
    # "A" and "I" also begin sentences: a bare article or pronoun before a word is no choice.
    if not match or re.match(r"[\s*_]*(?:[AaI])\s+[a-z]", text):
        return None
    if match[1].islower() and re.match(r"\s+\w", text[match.end() :]):
        return None
    return match[1].upper()


def _same_text(text: str, options: Sequence[str]) -> str | None:
    """The letter of the one option that the text says in full."""
    plain = _plain(text)
    found = [
        letter
        for letter, option in zip(ascii_uppercase, options, strict=False)
        if _plain(option) and plain == _plain(option)
    ]
    return found[0] if len(found) == 1 else None


def _plain(text: str) -> str:
    return re.sub(r"[\s.*_\"'`]+", " ", text).strip().casefold()


def same_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """Whether the answer settles on the option with the target's letter (``A``, ``B``, …)."""
    if target not in ascii_uppercase[: len(options)] or len(target) != 1:
        raise ValueError(f"the target {target!r} is not one of the {len(options)} options' letters")
    text = str(answer)
    got = chosen_letter(text, options)
    why = "" if got else "no option in the answer"
    return Score(float(got == target), got == target, got or text.strip(), target, why, name)
