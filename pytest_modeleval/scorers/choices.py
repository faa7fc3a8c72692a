"""Is the option chosen in an answer the right one, and how likely are the right ones?"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from string import ascii_lowercase, ascii_uppercase

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, stated
from pytest_modeleval.scorers.run_on import before_run_on

# Full-width letters, and the Arabic, Bengali and Cyrillic ones that stand for A-D: the first two as in MMMLU's official
# extraction (openai/simple-evals `common.py`, normalize_extracted_answer), Cyrillic look-alikes for Russian answers.
# The traditional characters of the words below become the simplified ones.
_SPELLED = {
    **{0xFF21 + i: letter for i, letter in enumerate(ascii_uppercase)},
    **{0xFF41 + i: letter for i, letter in enumerate(ascii_lowercase)},
    **dict(zip(map(ord, "أبجدঅবডঢАВСЕ"), "ABCDABCDABCE", strict=True)),
    **dict(zip(map(ord, "選択擇項應該當為確錯誤對與還題"), "选择择项应该当为确错误对与还题", strict=True)),
}
_TYPOGRAPHY = re.compile(r"[\s.*_\"'`]+")
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed)\s*\{([^{}]*)\}")
# Word characters but those of scripts that go on without a space ("选C因为", "Bです", "B입니다").
_SPACED = r"[^\W\u3040-\u9fff\uac00-\ud7a3]"
# A letter alone.
_LETTER = rf"([A-Za-z])(?!{_SPACED}|['’]\w)"
_LEADING = re.compile(
    rf"[\W_]{{0,20}}(?:(?i:la |(?:the |la )?(?:option|opción|choice|letter|answer)[\W_]{{1,20}})"
    rf"|(?:所以|因此|故|应该?|我)?选择?[项肢]?\W{{0,5}})?{_LETTER}"
)
_THEREFORE = re.compile(r"(?:so|therefore|thus|hence)\W{1,5}", re.IGNORECASE)
# A letter that a word follows is an article, a pronoun or a name ("A Type II error", "I think", "B vitamins"), unless
# the word gives a verdict or a reason.
_WORD = re.compile(r"\s+(?!(?:is|was|because|since|as|due)\b)[^\W\d_\u3040-\u9fff\uac00-\ud7a3]", re.IGNORECASE)
_REASON = re.compile(r"[\W_]{0,5}\b(?:is|was|because|since|as|due)\b|\s*[,，;；。]|[^\W\d_a-zA-Z]", re.IGNORECASE)
# What may stand between a letter and its option.
_LISTING = " ).:]*_、\uff1a\uff09\uff0e"
# A few-shot prompt's mark of an answer ("A: Let's think step by step").
_ROLE = re.compile(r"\s*[:\uff1a]")
# Marks may close a bracket before it; after a full stop or a comma something else begins ("D. 不存在", "C\uff0c不是D").
_DENIED = re.compile(
    r"[\s)\]*_\"'”’\uff09】]{0,5}"
    r"(?:(?:is|was)(?:n['’]t|\s+(?:not|wrong|incorrect|false))\b|选?项?(?:是|也|都|并|显然)?(?:[不错非]|有误))"
)
# A second letter: "A or B", "A、B", "A, B"; but "C, I think", "C, D is wrong".
_SECOND = re.compile(
    r"[\s)\].*_]{0,5}(?:(?:[/&、]|\b(?:and|or)\b|或者?|还是|和|与)"
    rf"[\W_]{{0,5}}(?:(?i:or|option)[\W_]{{1,5}})?[A-Z](?!{_SPACED})"
    r"|[,;\uff0c][\W_]{0,5}(?:(?:or|and)[\W_]{1,5})?[A-Z](?!\s+(?!(?:and|or)\b)[a-z])(?![^\W和或与都]))(?!['’]\w)"
)
# What a line says that settles on a letter without calling it the answer; the Chinese ones as in CMMLU's official
# extraction (haonan-li/CMMLU `src/mp_utils.py`, extract_choice). A group "not" denies what follows it.
_PICKED = re.compile(
    rf"(?:(?<!not )(?<!n['’]t )\b(?i:choose|pick|select|go(?:ing)? with|say)\b|(?<!回)答案?)"
    rf"[\W_]{{0,5}}(?:(?i:option|choice)[\W_]{{1,5}})?{_LETTER}"
    r"|(?P<not>[不别勿未非错误][是能应该会可以要]{0,3})?"
    rf"(?:选(?:择?[\W_]{{0,5}}|(?:项|择肢)[^\w:\uff1a]{{0,5}})|正确[\s:\uff1a]{{0,3}}){_LETTER}"
    rf"|(?<![A-Za-z0-9、和与或,/&])(?<!\bor )(?<!\band ){_LETTER}"
    r"[\W_]{0,5}(?:is (?:the )?(?:only )?(?:correct|right|best|answer\b)|选?项?[是为]?(?:正确|符合题意|当选)|が正)"
    rf"|\b(?:is|(?:closest|nearest|corresponds) to)[\s:*_]{{1,5}}(?:(?i:option|choice) )?\({_LETTER}\)"
    rf"|\b(?:statement|sentence|one|description|conclusion|explanation) is[\s:*_\"']{{1,5}}{_LETTER}[\W_]*$"
    rf"|\*\*(?i:option|choice)[\W_]{{1,5}}{_LETTER}"
    rf"|(?<!not )\b(?:is|be|to|matches) (?i:option|choice)[\W_]{{1,5}}{_LETTER}[\W_]*$"
    r"|\b(?:(?:[Ii]t|[Tt]his|[Tt]hat|which|closest|nearest|true|correct)(?:['\u2019]s| is| must be| should be)"
    r"|leaves|left with|but)[\s:*_\"'(]{1,5}([A-Z])[\W_]*$"
    # "Only B is true", and "A or B? B."
    r"|(?<!\bnot )\b[Oo]nly (?:(?:[Oo]ption|[Ss]tatement) )?([A-Z]) (?:is|was) (?:true|correct|right|possible|valid)\b"
    r"|(?<=\?)[ \t*_(]{1,5}([A-Z])[)*_]{0,3}\.?[ \t]*$"
    rf"|(?<!不)(?:的(?:选[项择]|一项|说法|答案)?应?该?|应该?|而|[,\uff0c])是\W{{0,4}}{_LETTER}"
)
# A sentence that concludes, and words with which it names what it does not choose, or is not sure of.
_CONCLUDES = re.compile(r"\b(?:so|therefore|thus|hence|must be|has to be)\b", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:not|cannot|no|nor|neither|never|none|or|if|unless|except|whether|might|may|can|could|would|should|perhaps|maybe"
    r"|possibl[ey]|probabl[ey]|likely|unlikely|unsure|sure|guess|think|wrong|incorrect|false|than|rather|instead|like"
    r"|eliminated?|exclude[sd]?|rules? out|ruled out|seems?|appears?)\b|n['\u2019]t\b|\?",
    re.IGNORECASE,
)
# What may follow an option's words where they are explained, and where they are called right; a letter for them.
_AROUND = " \t*_\"'`"
_BEHIND = re.compile(
    r"[*_\"'`]{0,4}(?:[,;]?\s{0,3}\b(?:because|since|as|due|which|who)\b|\s{0,3}\(|\s{0,3}[,;](?!\d)|\.\s|\s{1,3}[-\u2013\u2014]\s)"
)
_RIGHT = re.compile(r"[*_\"'`]{0,4} (?:is|was) (?:the )?(?:correct|right|best)(?: (?:answer|option|choice))?\b")
_NAMED = re.compile(r"[*_\"'`]{0,4}\s{0,3}\((?:option |choice )?([a-z])\)")
# What a list of the options begins with.
_LISTS = re.compile(r"\b(?:each|every|the|these|following|all)\W+(?:\w+\W+)?(?:option|choice)s?\W*$", re.IGNORECASE)


def chosen_letter(text: str, options: Sequence[str]) -> str | None:
    r"""The letter of the option a text settles on, or None where it names none or several.

    In this order: ``\boxed{B}``, "ANSWER: B" and "the answer is B" (the last one stated), a last line that is an
    option or its letter, a text that begins with a choice ("B", "(B) because…"), a last line that picks one ("I choose
    B", "B is correct"), a last sentence that concludes with an option's words ("so it must be London").
    """
    text = before_run_on(text).strip()
    for candidate in chain([boxed(text)], stated(text)):
        if candidate and (
            letter := _whole(candidate, options) or _leading(candidate, options) or _worded_first(candidate, options)
        ):
            return letter
    before, _, last = text.rpartition("\n")
    if _is_listed(before.rstrip(), last, options):
        return None
    for found in (
        _whole(last, options),
        _opening(text, options),
        _whole(text, options),
        _picked(last, options),
        _confirmed(last, options),
    ):
        if found:
            return found
    return _concluded(last, options)


def _is_listed(before: str, last: str, options: Sequence[str]) -> bool:
    """Whether a text ends with a list of the options, which chooses none."""
    written, rest = _letter_and_rest(last, options)
    if not written or not _says_option(rest, written, options):
        return False
    line = before[before.rfind("\n") + 1 :]
    other, more = _letter_and_rest(line, options)
    listed = bool(other) and other != written and _says_option(more, other, options)
    return listed or bool(_LISTS.search(line[-100:]))


def _leading(text: str, options: Sequence[str]) -> str | None:
    """The letter that a text begins with, where that is a choice."""
    written, rest = _letter_and_rest(text, options)
    if not written or _SECOND.match(rest):
        return None
    if _says_option(rest, written, options):
        return written.upper()
    article = _WORD.match(rest) and written in "AI"
    # A small letter may number a list: "(a) The mole fraction".
    small = written.islower() and re.match(r"[\W_]{0,5}\w", rest) and not _REASON.match(rest)
    return None if article or small or _DENIED.match(rest) else written.upper()


def _opening(text: str, options: Sequence[str]) -> str | None:
    """The letter that a whole answer begins with, where it is a choice and not the first word of an explanation.

    It stands alone on its line, or before its option's words or a reason, or the answer is short.
    """
    written, rest = _letter_and_rest(text, options)
    if not written or _says_option(rest, written, options):
        return _leading(text, options)
    line = rest.partition("\n")[0]
    alone = not re.search(r"\w", line) and not _ROLE.match(line)
    short = "\n" not in text and len(text) <= most_read(options) and not _WORD.match(rest) and not _ROLE.match(rest)
    return _leading(text, options) if alone or short or _REASON.match(rest) else None


def _whole(text: str, options: Sequence[str]) -> str | None:
    """The letter of the option that the text is: its letter, its words, or both."""
    if len(text) > most_read(options):
        return None
    written, rest = _letter_and_rest(_THEREFORE.sub("", text, count=1), options)
    if written and not re.search(r"\w", rest.removesuffix("</answer>")):
        return written.upper()
    texts = [plain_option(option) for option in options]
    # With and without what closes it in JSON.
    for said in map(plain, dict.fromkeys((text, text.rstrip("\"'}], ")))):
        if said and texts.count(said) == 1:
            return ascii_uppercase[texts.index(said)]
    option = texts[ascii_uppercase.index(written.upper())] if written else ""
    return written.upper() if written and plain(rest.lstrip(_LISTING)) == option else None


def _says_option(rest: str, letter: str, options: Sequence[str]) -> bool:
    """Whether what follows the letter begins with its option's words."""
    option, said = plain_option(options[ascii_uppercase.index(letter.upper())]), plain(rest.lstrip(_LISTING))
    return bool(option) and said.startswith(option) and not said[len(option) : len(option) + 1].isalnum()


def _worded_first(text: str, options: Sequence[str], behind: "re.Pattern[str]" = _BEHIND) -> str | None:
    """The letter of the one option whose words a statement begins with, before what explains them."""
    said = latin(text[: most_read(options)]).lstrip(_AROUND).casefold()
    found = [
        (len(words), letter, rest)
        for letter, words in zip(ascii_uppercase, map(_worded_option, options), strict=False)
        if words and said.startswith(words) and (rest := behind.match(said, len(words)))
    ]
    if not found:
        return None
    worded = [latin(option).strip(_AROUND).casefold() for option in options]
    _, letter, rest = max(found)
    others = [words for place, words in enumerate(worded) if words and place != ascii_uppercase.index(letter)]
    # A reason may name them.
    following = "" if rest[0][-1:].isalpha() else said[rest.end() :].lstrip(_AROUND + "(")
    if any(re.match(rf"(?:and |or )?(?:the )?{re.escape(other)}(?!\w)", following) for other in others):
        return None
    named = _NAMED.match(said, rest.start())
    return None if named and named[1].upper() != letter else letter


def _confirmed(line: str, options: Sequence[str]) -> str | None:
    """The letter of the option that a line calls right by its words: "London is the correct answer"."""
    return _worded_first(line, options, _RIGHT)


def _picked(line: str, options: Sequence[str]) -> str | None:
    """The one letter that a line picks."""
    picks = [pick for pick in _PICKED.finditer(latin(line[-most_read(options) :])) if not pick["not"]]
    letters = {pick[pick.lastindex or 0] for pick in picks if not _DENIED.match(pick.string, pick.end())}
    # What follows a verdict is another statement: "B正确，A、C、D错误".
    bare = [pick for pick in picks if not re.search(r"\w", pick.string[pick.end(pick.lastindex or 0) : pick.end()])]
    if len(letters) != 1 or any(_SECOND.match(pick.string, pick.end()) for pick in bare):
        return None
    letter = letters.pop().upper()
    return letter if letter in ascii_uppercase[: len(options)] else None


def _concluded(line: str, options: Sequence[str]) -> str | None:
    """The letter of the option that a line's last sentence ends with, where it concludes and names no other."""
    sentence = re.split(r"(?<=[.!?])\s+", line[-most_read(options) :].strip())[-1]
    if not _CONCLUDES.search(sentence) or _HEDGED.search(sentence):
        return None
    said = _worded(sentence)
    found = [
        (letter, words)
        for letter, words in zip(ascii_uppercase, map(_worded, options), strict=False)
        if words in said and re.search(r"[a-z]{3}", words)
    ]
    return found[0][0] if len(found) == 1 and said.endswith(found[0][1]) else None


def _worded(text: str) -> str:
    """The words of a text without articles, each between spaces."""
    words = re.findall(r"\w+", latin(text).casefold())
    return f" {' '.join(word for word in words if word not in ('a', 'an', 'the'))} "


def _letter_and_rest(text: str, options: Sequence[str]) -> tuple[str, str]:
    """The option's letter that a text begins with, as written, and what follows; empty where there is none."""
    match = _LEADING.match(latin(text[: most_read(options)]))
    if not match or match[1].upper() not in ascii_uppercase[: len(options)]:
        return "", ""
    return match[1], match.string[match.end() :]


def latin(text: str) -> str:
    """A text without TeX's text commands, the letters of options in Latin script."""
    # Most text has none of either.
    text = _TEX.sub(r"\1", text) if "\\" in text else text
    return text if text.isascii() else text.translate(_SPELLED)


def most_read(options: Sequence[str]) -> int:
    """How many characters of a statement are read: a letter and its option begin it, and no text may take long."""
    return _most_read(tuple(options))


@lru_cache(maxsize=256)
def _most_read(options: tuple[str, ...]) -> int:
    return 100 + 2 * max(map(len, options), default=0)


def plain(text: str) -> str:
    """A text without case, typography and full stops."""
    return _TYPOGRAPHY.sub(" ", latin(text)).strip().casefold()


@lru_cache(maxsize=256)
def plain_option(option: str) -> str:
    """`plain` of an option, which is compared with many texts."""
    return plain(option)


@lru_cache(maxsize=256)
def _worded_option(option: str) -> str:
    """An option's words as `_worded_first` looks for them; empty without two letters in a row."""
    words = latin(option).strip(_AROUND).casefold()
    return words if re.search(r"[^\W\d_]{2}", words) else ""


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
