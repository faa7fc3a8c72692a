"""Is the option chosen in an answer the right one, and how likely are the right ones?"""

import math
import re
from collections.abc import Sequence
from string import ascii_uppercase

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, stated
from pytest_modeleval.scorers.run_on import before_run_on

# Full-width letters, and the Arabic, Bengali and Cyrillic ones that stand for A-D: the first two as in MMMLU's official
# extraction (openai/simple-evals `common.py`, normalize_extracted_answer), Cyrillic look-alikes for Russian answers.
_SPELLED = {
    **{0xFF21 + i: letter for i, letter in enumerate(ascii_uppercase)},
    **dict(zip(map(ord, "أبجدঅবডঢАВСЕ"), "ABCDABCDABCE", strict=True)),
}
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
# A letter alone; Chinese goes on without a space ("选C因为").
_LETTER = r"([A-Za-z])(?![^\W\u4e00-\u9fff]|['’]\w)"
_LEADING = re.compile(
    rf"[\W_]{{0,20}}(?:(?i:(?:the )?(?:option|choice|letter|answer))[\W_]{{1,20}}|选项\W{{0,5}})?{_LETTER}"
)
_THEREFORE = re.compile(r"(?:so|therefore|thus|hence)\W{1,5}", re.IGNORECASE)
# An article or a pronoun with its word ("A city", "I think"), but not "A is right" or "A because …".
_ARTICLE = re.compile(r"\s+(?!(?:is|was|because|since|as|due)\b)[a-z]")
_DENIED = re.compile(r"[\W_]{0,5}(?:(?:is|was)(?:n['’]t|\s+(?:not|wrong|incorrect|false))\b|选?项?是?[不错])")
# A second letter: "A or B", "A、B", "A, B"; but "C, I think", "C, D is wrong".
_SECOND = re.compile(
    r"[\s)\].*_]{0,5}(?:(?:[/&、]|\b(?:and|or)\b|或者?|和|与)[\W_]{0,5}(?:(?i:or|option)[\W_]{1,5})?[A-Z](?![^\W\u4e00-\u9fff])"
    r"|[,;\uff0c][\W_]{0,5}(?:(?:or|and)\s+)?[A-Z](?!\s+(?!(?:and|or)\b)[a-z])(?![^\W和或与都]))(?!['’]\w)"
)
# What a line says that settles on a letter without calling it the answer; the Chinese ones as in CMMLU's official
# extraction (haonan-li/CMMLU `src/mp_utils.py`, extract_choice).
_PICKED = re.compile(
    r"(?:(?<!not )(?<!n['’]t )\b(?i:choose|pick|select|go(?:ing)? with|say)\b|(?<!不)(?<!不能)选择?|答案)"
    rf"[\W_]{{0,5}}(?:(?i:option|choice)[\W_]{{1,5}})?{_LETTER}"
    rf"|(?<![A-Za-z0-9、和与或,/&])(?<!\bor )(?<!\band ){_LETTER}"
    r"[\W_]{0,5}(?:is (?:the )?(?:only )?(?:correct|right|best)|选?项?[是为]?(?:正确|符合题意|当选))"
)


def chosen_letter(text: str, options: Sequence[str]) -> str | None:
    r"""The letter of the option a text settles on, or None where it names none or several.

    In this order: ``\boxed{B}``, "ANSWER: B" and "the answer is B" (the last one stated), a last line that is an
    option or its letter, a text that begins with a letter ("B", "(B) because…"), a last line that picks one ("I choose
    B", "B is correct").
    """
    text = before_run_on(text).strip()
    for candidate in (boxed(text), *stated(text)):
        if candidate and (letter := _leading(candidate, options) or _whole(candidate, options)):
            return letter
    last = text[text.rfind("\n") + 1 :]
    return _whole(last, options) or _leading(text, options) or _whole(text, options) or _picked(last, options)


def _leading(text: str, options: Sequence[str]) -> str | None:
    """The letter that a text begins with, where that is a choice."""
    written, rest = _letter_and_rest(text, options)
    article = written in "AaI" and _ARTICLE.match(rest)
    if not written or article or _DENIED.match(rest) or _SECOND.match(rest):
        return None
    return None if written.islower() and re.match(r"\s+\w", rest) else written.upper()


def _whole(text: str, options: Sequence[str]) -> str | None:
    """The letter of the option that the text is: its words, its letter, or both."""
    if len(text) > most_read(options):
        return None
    texts = [plain(option) for option in options]
    said = plain(text)
    if said and texts.count(said) == 1:
        return ascii_uppercase[texts.index(said)]
    written, rest = _letter_and_rest(_THEREFORE.sub("", text, count=1), options)
    if not written:
        return None
    option = texts[ascii_uppercase.index(written.upper())]
    alone = not re.search(r"\w", rest.removesuffix("</answer>"))
    return written.upper() if alone or plain(rest.lstrip(" ).:]*_")) == option else None


def _picked(line: str, options: Sequence[str]) -> str | None:
    """The one letter that a line picks."""
    picks = list(_PICKED.finditer(line[-most_read(options) :].translate(_SPELLED)))
    letters = {pick[1] or pick[2] for pick in picks if not _DENIED.match(pick.string, pick.end())}
    if len(letters) != 1 or any(_SECOND.match(pick.string, pick.end()) for pick in picks):
        return None
    letter = letters.pop()
    return letter if letter in ascii_uppercase[: len(options)] else None


def _letter_and_rest(text: str, options: Sequence[str]) -> tuple[str, str]:
    """The option's letter that a text begins with, as written, and what follows; empty where there is none."""
    match = _LEADING.match(latin(text[: most_read(options)]))
    if not match or match[1].upper() not in ascii_uppercase[: len(options)]:
        return "", ""
    return match[1], match.string[match.end() :]


def latin(text: str) -> str:
    """A text without TeX's text commands, the letters of options in Latin script."""
    return _TEX.sub(r"\1", text).translate(_SPELLED)


def most_read(options: Sequence[str]) -> int:
    """How many characters of a statement are read: a letter and its option begin it, and no text may take long."""
    return 100 + 2 * max(map(len, options), default=0)


def plain(text: str) -> str:
    """A text without case, typography and full stops."""
    return re.sub(r"[\s.*_\"'`]+", " ", text).strip().casefold()


def same_choice(answer: Completion | str, target: str, options: Sequence[str], *, name: str = "main") -> Score:
    """Whether the answer settles on the option with the target's letter, or with one of its letters (``BD``)."""
    if not target or not set(target) <= set(ascii_uppercase[: len(options)]):
        raise ValueError(f"the target {target!r} is not one of the {len(options)} options' letters")
    text = str(answer)
    got = chosen_letter(text, options)
    right = got is not None and got in target
    why = "" if got else "no option in the answer"
    return Score(float(right), right, got or text.strip(), " or ".join(target), why, name, found=bool(got))


def likeliest(logprobs: Sequence[float]) -> str:
    """The letter of the option with the highest log-likelihood, the first of equals."""
    return ascii_uppercase[max(range(len(logprobs)), key=logprobs.__getitem__)]


def probability_mass(logprobs: Sequence[float], right: Sequence[int], *, name: str = "main") -> Score:
    """The share of the texts' whole probability that is on the right ones, given by their places.

    TruthfulQA's MC2 (Lin et al. 2021, arXiv:2109.07958, section 2.2).
    """
    # Relative to the likeliest text: the probabilities themselves may be too small for a float.
    most = max(logprobs)
    weights = [math.exp(logprob - most) for logprob in logprobs]
    value = min(1.0, sum(weights[place] for place in right) / sum(weights))
    return Score(value, value > 0.5, f"{value:.4f}", "all on the right answers", name=name)
