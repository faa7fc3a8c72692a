"""How many of ten people gave the same short answer, as VQA counts it (Antol et al. 2015, arXiv:1505.00468)."""

import re
from collections import Counter
from collections.abc import Sequence

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.texts import final_text

_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_POINT = re.compile(r"\.(?!\d)")
_COMMA_IN_NUMBER = re.compile(r"(?<=\d),+(?=\d)")
_ARTICLES = frozenset(("a", "an", "the"))
_DIGITS = {"none": "0"} | {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())  # noqa: SIM905
}
# Contractions that people write without their apostrophe, or without one of two.
_WRITTEN = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't
    not've o'clock oughtn't shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
"""


def _without_one(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place, letter in enumerate(word) if letter == "'"]


_CONTRACTED = {short: word for word in _WRITTEN.split() for short in _without_one(word)}


def normal_answer(text: str) -> str:
    """A short answer in lower case without articles and most marks, ``two`` as ``2``, ``dont`` as ``don't``.

    A mark becomes a space, or nothing where one stands beside it (GT-Vision-Lab/VQA `vqaEval.py`).
    """
    text = " ".join(text.replace("\t", " ").split("\n")).strip()
    has_number = bool(_COMMA_IN_NUMBER.search(text))
    out = text
    for mark in _MARKS:
        is_beside_space = f"{mark} " in text or f" {mark}" in text
        out = out.replace(mark, "" if is_beside_space or has_number else " ")
    words = [_DIGITS.get(word, word) for word in _POINT.sub("", out).lower().split()]
    return " ".join(_CONTRACTED.get(word, word) for word in words if word not in _ARTICLES)


def agreement(text: str, answers: Sequence[str]) -> float:
    """The mean over the people of min(1, n/3), of the n others who gave it: of ten 0.3, 0.6, 0.9, 1 for 1 to 4."""
    same = Counter(map(normal_answer, answers))[normal_answer(text)]
    others = [same - 1] * same + [same] * (len(answers) - same)
    return sum(min(1.0, count / 3) for count in others) / len(answers)


def soft_accuracy(answer: Completion | str, answers: Sequence[str]) -> Score:
    """`agreement` of what the answer ends up with, and of all of it as ``official``; passed where that is 1."""
    if not answers:
        raise ValueError("nobody's answers are given")
    text = str(answer).strip()
    got = final_text(text)
    likeliest = Counter(answers).most_common(1)[0][0]
    official = agreement(text, answers)
    Score(official, official == 1, text, likeliest, name="official")
    value = agreement(got, answers) if got else 0.0
    return Score(value, value == 1, got, likeliest, "" if got else "no text in the answer", found=bool(got))
