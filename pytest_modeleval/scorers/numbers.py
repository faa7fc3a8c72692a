"""Is the number in an answer the right one?"""

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, first_sentence, is_excepted, stated_results, the_result
from pytest_modeleval.scorers.colons import same_with_colons
from pytest_modeleval.scorers.run_on import before_run_on

# A number with grouped digits (by points before a decimal comma or several times, by commas, the Indian way too, by
# spaces, or the Swiss way), a plain one, or one that begins with its point; then an exponent; or two with a colon: a
# time or a ratio.
_NUMBER = re.compile(
    r"(?P<size>(?:(?P<continental>(?<![\d.,])[1-9]\d{0,2}(?:(?:\.\d{3})+,\d\d(?![\d,])|(?:\.\d{3}){2,}(?!\d|[.,]\d)))"
    r"|(?:\d{1,2}(?:,\d\d)+,\d{3}(?!\d)|\d{1,3}(?:,\d{3})+(?!\d)"
    r"|(?<![\d.,])[1-9]\d{0,2}(?:(?:[ \u00a0\u2007\u2009\u202f]\d{3})+|(?:['\u2019]\d{3})+)(?![\d,])|\d+)(?:\.\d+)?"
    r"|(?<![\d.])\.\d+)"
    r"(?:[eE][-+]?\d{1,3}(?!\w))?)"
    r"(?P<colon>(?::\d+(?:\.\d+)?){1,2}(?![:\d])(?:\s?[aApP]\.?[mM]\b)?)?"
)
# How many characters of a line are read: no text may take long.
MOST_READ = 20_000
# A currency's sign, with its country's letters or without, or its code.
CURRENCY = (
    r"(?:(?<![A-Za-z])(?:US|CA|AU|NZ|HK|SG|[ACRS]))?"
    r"\\?[$\u00a2-\u00a5\u0e3f\u20a0-\u20cf]|(?<![A-Za-z])(?:USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|Rs\.?)(?![A-Za-z])"
)
# The sign before a number and its currency. It counts where no digit, letter or bracket stands before it ("7-3" and
# "7-$5" end in 3 and 5); with a space behind it, only where it can be no bullet or dash: "= - 5".
_SIGN = re.compile(
    rf"(?:(?<![\w.)\]}}%!])(?<!\d\$)|^)([-+])(?:(?:{CURRENCY}) ?)?$"
    rf"|(?:^|[=:({{\[,~≈#*$]|\b(?:is|was|equals|be))[ \t]{{0,2}}([-+]) (?:(?:{CURRENCY}) ?)?$"
)
# A sign that is a word; "7 minus 5" and "正负5" have none.
_NEGATIVE = re.compile(
    r"(?:\b[Nn]egative |(?:(?<![\w)\]}%$] )(?<![\w)\]}%$])|(?<=\bis )|(?<=\bwas )|(?<=\bequals ))[Mm]inus "
    r"|(?<!正)[负負])"
    rf"(?=(?:{CURRENCY})?\.?\d)"
)
# "-(5)" is -5; a bare "(5)" is no negative amount, as bookkeepers write one: "five dollars ($5)".
_BRACKETED = re.compile(rf"-\(((?:{CURRENCY})?\d{{1,3}}(?:(?:,\d{{3}})+|\d*)(?:\.\d+)?)\)")
_FRACTION = re.compile(
    r"\\[dt]?frac\s*(?:\{\s*(-?[\d.,]{1,40})\s*\}\s*\{\s*(-?[\d.,]{1,40})\s*\}|(\d)\s*(\d)|(\d)\s*\{(\d{1,40})\})"
)
# Powers of whole numbers; behind a factor, those of ten are its exponent.
_POWER = re.compile(r"(?<![\d.,])(\d{1,9})\s?\^\s?(?:\{\s?(\d{1,2})\s?\}|(\d{1,2})(?![\d.]))(?![\d^])")
_SCIENTIFIC = re.compile(
    r"(?<=\d)\s{0,3}(?:\\times(?![a-zA-Z])|\\cdot(?![a-zA-Z])|[*×·⋅x])\s{0,3}10\s?\^\s?(?:\{\s?(-?\d{1,3})\s?\}|(-?\d{1,3}))(?![\d.^])"
)
# Fractions that are one character: 3½ is a mixed number.
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e]")
# A comma before other than three digits: in a text about whole numbers it parts two of them.
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d{1,99}),(\d{1,2}|\d{4,99})(?![\d,]|\.\d)")
_SPACING = re.compile(r"\\[,!]|(?<=\d)(?:\\[ ;:]|~)(?=\d{3}(?!\d))")
# Minus signs, decimal and grouping marks and currencies that are not ASCII: minus, en dash, small and full-width minus,
# Arabic decimal and thousands separators, full-width comma and point, dollar, pound and yen.
_SPELLED = str.maketrans("\u2212\u2013\ufe63\uff0d\u066b\u066c\uff0c\uff0e\uff04\uffe1\uffe5", "----.,,.$£¥")
_UNGROUPED = re.compile(r"[,\s'\u2019]")
_OTHER_DIGITS = re.compile(r"(?:(?![0-9])\d)+")
# A number right behind the hashes, but not a heading's ("#### 2. Add the apples").
_HASHES = re.compile(
    r"####(?!#)[^\S\n]*\n?(?=[^\w\n]{0,9}(?:(?:[dt]?frac|[Nn]egative|[Mm]inus|负|負)[^\w\n]{0,9})?\d)(?![^\w\n]{0,9}\d{1,3}[.):][^\S\n]+[^\W\d])(?P<line>[^\n]*)"
)


def plain_digits(text: str) -> str:
    """The text with every script's decimal digits, minus signs and separators written in ASCII.

    Arabic-Indic, Devanagari, Bengali, Thai, full-width and all other Unicode decimal digits (category Nd).
    """
    # Most text is ASCII: skip the walk.
    if text.isascii():
        return text
    text = _OTHER_DIGITS.sub(lambda digits: "".join(str(unicodedata.decimal(digit)) for digit in digits[0]), text)
    text = _VULGAR.sub(_spelled_out, text)
    return text.translate(_SPELLED)


def _spelled_out(fraction: "re.Match[str]") -> str:
    """``1/2`` of "½", apart from a whole number before it."""
    apart = " " if fraction.string[fraction.start() - 1 : fraction.start()].isdecimal() else ""
    return apart + unicodedata.normalize("NFKC", fraction[0]).replace("\u2044", "/")


def in_signs(text: str) -> str:
    """The text with a minus sign for each that is a word, and none before a bracket: "negative 5", "负5", "-(5)"."""
    if "-(" in text:
        text = _BRACKETED.sub(r"-\1", text)
    likely = "egative " in text or "inus " in text or "负" in text or "負" in text
    return _NEGATIVE.sub("-", text) if likely else text


def numbers_in(text: str) -> list[str]:
    """Every number in a text, in order, as plain decimal strings, ``a/b`` for fractions, ``2:30 pm`` for times."""
    return [number for number, _ in _placed(_plain(text))]


def _plain(text: str) -> str:
    text = in_signs(plain_digits(text))
    if "\\" in text or "{" in text or "~" in text:
        text = _SPACING.sub("", _FRACTION.sub(_in_line, text.replace("{,}", ",")))
    if "^" in text:
        text = _POWER.sub(
            lambda power: str(int(power[1]) ** int(power[2] or power[3])), _SCIENTIFIC.sub(r"e\1\2", text)
        )
    return text


def _in_line(fraction: "re.Match[str]") -> str:
    """The fraction with a slash; a space keeps it from a whole number before it, but not from its sign."""
    above, below = filter(None, fraction.groups())
    apart = " " if fraction.string[fraction.start() - 1 : fraction.start()].isdigit() else ""
    return f"{apart}{above}/{below} "


def _placed(text: str) -> list[tuple[str, tuple[int, int]]]:
    """The numbers of a plain text, each with its place."""
    numbers: list[tuple[str, tuple[int, int]]] = []
    end = slashes = 0
    for match in _NUMBER.finditer(text):
        start, size = match.start(), match["size"]
        if match["continental"]:
            size = size.replace(".", "").replace(",", ".")
        number = f"{size if size.isdecimal() else _UNGROUPED.sub('', size)}{match['colon'] or ''}"
        before = text[max(end, start - 14) : start]
        # Most numbers have no sign.
        if ("-" in before or "+" in before) and (sign := _SIGN.search(text, start - len(before), start)):
            start, number = sign.start(), f"{sign[1] or sign[2]}{number}"
        # a/b is one number; a/b/c is a date or a path, and three numbers.
        slashes = slashes + 1 if numbers and text[end:start].strip() == "/" else 0
        if slashes == 1:
            number, (start, _) = f"{numbers[-1][0]}/{number}", numbers.pop()[1]
            if numbers and text[numbers[-1][1][1] : start] == " " and (mixed := _mixed(numbers[-1][0], number)):
                number, (start, _) = mixed, numbers.pop()[1]
        elif slashes == 2:
            above, below = numbers.pop()[0].split("/")
            numbers += [(above, (start, start)), (below, (start, start))]
        end = match.end()
        numbers.append((number, (start, end)))
    return numbers


def _mixed(whole: str, fraction: str) -> str | None:
    """``7/2`` of "3 1/2"; None where the two are no mixed number."""
    size, (above, below) = whole.lstrip("+-"), fraction.split("/")
    if not all(part.isdecimal() and len(part) < 7 for part in (size, above, below)) or int(above) >= int(below):
        return None
    return f"{'-' * whole.startswith('-')}{int(size) * int(below) + int(above)}/{below}"


def value_of(number: str) -> Fraction | None:
    """The exact value of a number as `numbers_in` writes it; None for a time, a ratio and a division by zero."""
    above, _, below = number.replace(",", "").partition("/")
    try:
        return Fraction(above) / Fraction(below) if below else Fraction(above)
    except (ValueError, ZeroDivisionError):
        return None


def final_number(text: str) -> str | None:
    r"""The number a text ends up with: boxed, else after "####", "the answer is" and the like, else the last.

    Nothing of a run-on is read. Of a stated sentence it is the result: 20 of "After 2 hours the distance is 20 miles".
    """
    text = before_run_on(text)
    if (box := boxed(text)) and (number := last_number(box)):
        return number
    lines = [match["line"] for match in _HASHES.finditer(text)][-1:]
    for sentence in chain(map(first_sentence, lines), stated_results(text)):
        if number := result_in(sentence):
            return number
    return last_number(text)


def last_number(text: str) -> str | None:
    """The last number of a text; None where it has none, or says that this one is no answer."""
    if not (digit := re.search(r"\d", text[::-1])):
        return None
    end = len(text) - digit.start()
    # With the line break before it, so that a bullet is no sign.
    line = _plain(text[max(text.rfind("\n", 0, end), end - MOST_READ, 0) : end + len(" p.m.")])
    return _taken(line, _placed(line), -1)


def result_in(sentence: str) -> str | None:
    """The number that a sentence results in, as `the_result` tells; None where it has none."""
    numbers = _placed(sentence := _plain(sentence[:MOST_READ]))
    return _taken(sentence, numbers, the_result(sentence, [place for _, place in numbers]))


def _taken(text: str, numbers: Sequence[tuple[str, tuple[int, int]]], index: int) -> str | None:
    return None if not numbers or is_excepted(text, numbers[index][1][0]) else numbers[index][0]


def same_number(answer: Completion | str, target: str, *, name: str = "main") -> Score:
    """Whether the answer's final number equals the target's, exactly (72, 72.0 and $72.00 are one number).

    GSM8K's own check compares the final number as a string with commas removed (Cobbe et al. 2021,
    openai/grade-school-math `dataset.py`); equality of values differs from it only for spellings of one number. A
    division by zero equals nothing; times and ratios are as `same_with_colons` has them. Where the target is no whole
    number, "12,5" is 12.5.
    """
    text = str(answer)
    wanted = numbers[-1] if (numbers := numbers_in(with_decimal_points(target))) else None
    whole = wanted is None or (value := value_of(wanted)) is None or value.denominator == 1
    got = final_number(text if whole else with_decimal_points(text))
    if wanted is None or ("/" in wanted and value_of(wanted) is None):
        raise ValueError(f"the target {target!r} holds no number")
    passed = got is not None and _same(wanted, got)
    why = "" if got is not None else "no number in the answer"
    return Score(float(passed), passed, got or text.strip(), target, why, name, found=got is not None)


def with_decimal_points(text: str) -> str:
    """The text with "12.5" for "12,5"; 1,234 keeps its comma, and so does a list of three."""
    return _DECIMAL_COMMA.sub(r"\1.\2", plain_digits(text)) if "," in text else text


def _same(wanted: str, got: str) -> bool:
    if got == wanted:
        return True
    if ":" in wanted + got:
        return bool(same_with_colons(wanted, got))
    value = value_of(got)
    return value is not None and value == value_of(wanted)
