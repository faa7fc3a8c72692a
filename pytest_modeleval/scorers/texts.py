"""Is the text of an answer one of the right ones, in full or in part?"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, stated
from pytest_modeleval.scorers.references import listed
from pytest_modeleval.scorers.run_on import before_run_on

# TriviaQA's official evaluation counts these four as punctuation too.
_PUNCTUATION = re.escape(string.punctuation + "\u2018\u2019\u00b4`")
_MARK = re.compile(f"[{_PUNCTUATION}]")
# Chinese and Japanese marks, which SQuAD's English evaluation does not have.
_WIDE = "\u3001\u3002\u300a\u300b\u300c\u300d\u201c\u201d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
# All punctuation but the point within a number and the minus sign before one.
_MARK_OUTSIDE_NUMBERS = re.compile(rf"(?!(?<=\d)\.\d)(?!(?<!\w)-\.?\d)[{_PUNCTUATION}{_WIDE}]")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")

_ANSWER_LINE = re.compile(
    r"^[ \t>*_#-]{0,20}(?:final )?answer[ \t*_]{0,20}[:\uff1a](.*)$"
    # A heading, with the answer below it.
    r"|^[ \t]{0,3}(?:#{1,6} |\*\*)(?:\d\. )?(?:final )?answer[ \t*_]{0,9}\n{1,3}(.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")

Normalise = Callable[[str], str]


def final_text(text: str) -> str:
    """The words a text ends up with: its last line ``ANSWER: …``, else boxed, after "the answer is", else all of it."""
    text = before_run_on(text)
    found = answer_line(text) or boxed(text) or next(stated(text), text)
    return _TEX.sub(r"\1", boxed(found) or found.partition("</answer>")[0]).strip()


def answer_line(text: str) -> str:
    """What the last line ``ANSWER: …`` says that says something; nothing without one."""
    lines = ["".join(found).strip(" \t*_") for found in _ANSWER_LINE.findall(text)]
    return next(filter(None, reversed(lines)), "")


def plain(text: str) -> str:
    """The text in lower case without articles, punctuation and extra space.

    As in SQuAD's evaluation (Rajpurkar et al. 2016), but 7.5 stays apart from 75, and -5 from 5.
    """
    return _joined(_ARTICLE.sub(" ", _MARK_OUTSIDE_NUMBERS.sub("", text.lower())))


def spaced(text: str) -> str:
    """As TriviaQA's official evaluation: punctuation becomes space (mandarjoshi90/triviaqa `normalize_answer`)."""
    return _joined(_ARTICLE.sub(" ", _MARK.sub(" ", text.lower())))


def literal(text: str) -> str:
    """The text as it is but for case, spacing, and marks around it; brackets alone without any space."""
    text = _joined(text.casefold().strip(" \t\r\n*_`\"'$.,"))
    return text if any(map(str.isalnum, text)) else text.replace(" ", "")


def same_text(
    answer: Completion | str, targets: str | Sequence[str], *, normalise: Normalise = plain, name: str = "main"
) -> Score:
    """Whether the answer is the target, or one of several, all of it."""
    targets = listed(targets)
    got, wanted = final_text(str(answer)), _wanted(targets, normalise)
    passed = _key(got, normalise) in wanted
    return Score(float(passed), passed, got, targets[0], "" if got else "no text in the answer", name, found=bool(got))


def holds_text(
    answer: Completion | str, targets: str | Sequence[str], *, normalise: Normalise = plain, name: str = "contains"
) -> Score:
    """Whether one of the targets stands in the answer, as whole words."""
    targets = listed(targets)
    got, wanted = final_text(str(answer)), _wanted(targets, normalise)
    key = f" {_key(got, normalise)} "
    passed = any(f" {target} " in key for target in wanted)
    return Score(float(passed), passed, got, targets[0], name=name)


def token_f1(
    answer: Completion | str, targets: str | Sequence[str], *, normalise: Normalise = plain, name: str = "f1"
) -> Score:
    """The best F1 of the answer's words over the targets, as in SQuAD and TriviaQA; passed when it is 1."""
    targets = listed(targets)
    got, wanted = final_text(str(answer)), _wanted(targets, normalise)
    words = _key(got, normalise).split()
    value = max(_f1(words, target.split()) for target in wanted)
    return Score(value, value == 1, got, targets[0], name=name)


def _f1(got: list[str], wanted: list[str]) -> float:
    common = (Counter(got) & Counter(wanted)).total()
    return 2 * common / (len(got) + len(wanted))


def _wanted(targets: Sequence[str], normalise: Normalise) -> set[str]:
    wanted = {_key(target, normalise) for target in targets} - {""}
    if not wanted:
        raise ValueError(f"the targets {list(targets)!r} hold no text")
    return wanted


def _key(text: str, normalise: Normalise) -> str:
    """The normalised text; where nothing would remain ("A", "The The"), the text in lower case."""
    return normalise(text) or _joined(text.lower())


def _joined(text: str) -> str:
    return " ".join(text.split())
