r"""A mathematical answer in normal form: one spelling for what LaTeX can write in many ways."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pytest_modeleval.scorers.numbers import CURRENCY, in_signs, plain_digits

# Typography without meaning: sizes and styles as in hendrycks/math `math_equivalence.py` (_strip_string), and TeX's
# spacing commands.
_NOTHING = re.compile(
    r"\\[!]|\\(?:left|right|m?bigl?|bigr|Bigl?|Bigr|biggl?|biggr|displaystyle|textstyle|limits|bf|rm|it)(?![a-zA-Z])\.?"
    rf"|(?:{CURRENCY})(?=[-+ ]{{0,2}}[.\d])|\\?[$€£¥₹]|\\[()\[\]]"
)
# Rows end in \cr here, so that a backslash before a space is TeX's spacing command. Doubled backslashes before a
# command, outside of a matrix, are a model's JSON habit.
_ROW_END = re.compile(r"\\\\(?:\[[^\]]{0,9}\])?")
_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z{}%$()])")
_SPACE = re.compile(r"\\[,;:> ~]|~|\\(?:quad|qquad|space|enspace|thinspace)(?![a-zA-Z])|\s+")
_RENAMED = [
    (re.compile(r"\\[dtc]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\dbinom(?![a-zA-Z])|\\tbinom(?![a-zA-Z])"), r"\\binom"),
    # One letter is a name in bold, or the upright i and e of mathematics; a word is text.
    (re.compile(r"\\(?:mathbf|mathit|boldsymbol|bm)\s*\{\s*([a-zA-Z])\s*\}|\\mathrm\s*\{\s*([ied])\s*\}"), r"\1\2"),
    (
        re.compile(r"\\(?:text(?:bf|it|rm|sf|tt|normal|up)|mbox|mathrm|mathbf|mathit|mathsf|boldsymbol|hbox)\s*(?=\{)"),
        r"\\text",
    ),
    (re.compile(r"\\text\s+(?=\{)"), r"\\text"),
    # A number in words' clothes: \textbf{12}, \mathbf{12}.
    (re.compile(r"\\text\{\s*([-+]?\d[\d.,]*(?:/\d+)?)\s*\}"), r"\1"),
    (re.compile(r"\\text\{\s*\}|^\s*\\text\{[^{}]*[:\uff1a]\s*\}"), ""),
    (re.compile(r"\\(?:leq|leqslant)(?![a-zA-Z])|[≤⩽≦]|<=(?!>)"), r"\\le "),
    (re.compile(r"\\(?:geq|geqslant)(?![a-zA-Z])|[≥⩾≧]|(?<!=)>="), r"\\ge "),
    (re.compile(r"\\neq(?![a-zA-Z])|!="), r"\\ne "),
    (re.compile(r"\\(?:lbrace)(?![a-zA-Z])"), r"\\{"),
    (re.compile(r"\\(?:rbrace)(?![a-zA-Z])"), r"\\}"),
    (re.compile(r"\\(?:emptyset|varnothing)(?![a-zA-Z])|∅"), r"\\emptyset "),
    (re.compile(r"\\(?:pmb|ensuremath|boxed|fbox)\s*(?=\{)"), ""),
    (re.compile(r"\\(?:b|v|small|B)?matrix(?![a-zA-Z])"), ""),
    (re.compile(r"\\(begin|end)\{(?:b|small)matrix\}"), r"\\\1{pmatrix}"),
    (re.compile(r"\\(begin|end)\{matrix\}"), r"\\\1{pmatrix}"),
    (re.compile(r"\\begin\{array\}\{[lcr|]{0,20}\}"), r"\\begin{pmatrix}"),
    (re.compile(r"\\end\{array\}"), r"\\end{pmatrix}"),
    (re.compile(r"(?:\\left\s*)?[\[(]\s*(\\begin\{pmatrix\})"), r"\1"),
    (re.compile(r"(\\end\{pmatrix\})\s*(?:\\right\s*)?[\])]"), r"\1"),
    (re.compile(r"\^\s*(?:\{\s*\\(?:circ|degree)\s*\}|\\(?:circ|degree)(?![a-zA-Z]))|°|\\degree(?![a-zA-Z])"), ""),
    # Periods of a decimal: 0.\bar{3}, and with a dot over each or the first and the last digit of the period.
    (re.compile(r"(?<=[.\d])\\dot\s*\{?(\d)\}?(\d{0,99})\\dot\s*\{?(\d)\}?"), r"\\overline{\1\2\3}"),
    (re.compile(r"(?<=[.\d])\\(?:bar|dot|overline)\s*(?:\{\s*(\d+)\s*\}|(\d))"), r"\\overline{\1\2}"),
    # A comma between digits with TeX's thin space, or in braces, groups thousands.
    (re.compile(r"(?<=\d)\s*(?:,\s*\\!|\{,\}|\\,|,\\,)\s*(?=\d{3}(?!\d))"), ""),
]
# Without one of these nothing above is found, as in most of what is read.
_TO_RENAME = re.compile(r"[\\≤⩽≦≥⩾≧∅°]|[<>!]=|\{,\}")
_SYMBOLS = str.maketrans(
    {
        "π": r"\pi ", "∞": r"\infty ", "√": r"\sqrt ", "×": r"\cdot ", "·": r"\cdot ", "⋅": r"\cdot ", "÷": "/",
        "∪": r"\cup ", "∩": r"\cap ", "±": r"\pm ", "∈": r"\in ", "²": "^{2}", "³": "^{3}", "⁄": "/", "−": "-",
        "≠": r"\ne ", "θ": r"\theta ", "（": "(", "）": ")", "′": "'", "≈": r"\approx ", "∖": r"\setminus ",
    }
)  # fmt: skip
# The argument of \frac, \sqrt, ^ and _ that is written without braces.
_BARE = [
    (re.compile(r"\\frac\s*([0-9a-zA-Z])\s*([0-9a-zA-Z])"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\frac\s*([0-9a-zA-Z])\s*(?=\{)"), r"\\frac{\1}"),
    (re.compile(r"(\\frac\s*\{[^{}]*\})\s*([0-9a-zA-Z])"), r"\1{\2}"),
    (re.compile(r"\\sqrt\s*([0-9a-zA-Z])"), r"\\sqrt{\1}"),
    # Only where no digit follows: 2^{1}0 is no 2^10, and \log_{10}100 no \log_10100.
    (re.compile(r"([\^_])\s*\{\s*([0-9a-zA-Z])\s*\}(?!\s*\d)"), r"\1\2"),
    (re.compile(r"(?<!\\log)_\{(\d+)\}(?!\s*\d)"), r"_\1"),
    (re.compile(r"\\frac\s*\{\s*"), r"\\frac{"),
]
# As above.
_TO_BRACE = re.compile(r"\\(?:frac|sqrt)|[\^_]")
_TIMES = re.compile(r"\\times(?![a-zA-Z])")
_UNIT_TEXT = re.compile(r"(?<=.)\s*\\text\{[^{}]*\}(?:\^\{?-?\d\}?)?\.?$")
# "18 inches", "5.4 sq cm", "3cm": whole words after a number; other letters could be variables.
_UNIT_WORD = (
    r"(?:\s[a-zA-Z]{4,}|\s?(?:[ckm]m|kg|mL|ml|sq|cu|in|ft|yd|lbs?|oz|hrs?|min|sec|mph|men|per))(?![a-zA-Z])"
    r"(?:\^\{?\d\}?)?/?"
)
_UNIT_WORDS = re.compile(rf"([-+]?[\d.,/ ]*\d){_UNIT_WORD}(?:{_UNIT_WORD}){{0,4}}")
# An hour is one with its half of the day only: 70 pm are picometres.
_TIME = re.compile(
    r"(?:\\text\{\s*)?(\d{1,2}(?::\d\d){1,2}|1[0-2]|0?[1-9])\s*(?:\\text\{\s*)?([apAP])\.?\s?[mM]\.?\s*\}?",
)
_PERCENT = re.compile(r"\s*(?:\\?%|\\text\{\s*(?:percent|per cent)\s*\}|\bper ?cent\b)$")


# All but those between digits.
_SPACES = re.compile(r"(?<!\d)\s+|\s+(?!\d)")


@dataclass(frozen=True)
class Expression:
    """An answer's normal form; ``percent`` says whether a percent sign was taken off it."""

    latex: str
    percent: bool = False

    @property
    def key(self) -> str:
        """What equal spellings have in common: no spaces but between digits, no braces that say nothing."""
        return _SPACES.sub("", self.latex).replace(r"\cdot", "*")


def normal_form(latex: str) -> Expression:
    """The expression without typography, units, currency and degree signs."""
    latex = in_signs(plain_digits(latex).translate(_SYMBOLS))
    latex = _ROW_END.sub(r"\\cr ", latex) if r"\begin" in latex else _DOUBLED.sub(r"\\", latex)
    latex = _renamed(latex, _RENAMED) if _TO_RENAME.search(latex) else latex
    latex = _SPACE.sub(" ", _NOTHING.sub("", latex)).strip().rstrip(".。;:").strip()
    if "," not in latex:
        # Where the comma is the decimal mark, a semicolon parts.
        latex = latex.replace(";", ",")
    if time := _TIME.fullmatch(latex):
        return Expression(f"{time[1]}{time[2].lower()}m")
    latex = _TIMES.sub(r"\\cdot", latex)
    if _PERCENT.search(latex):
        return Expression(_braced(_PERCENT.sub("", latex)), percent=True)
    latex = _UNIT_TEXT.sub("", latex).strip() or latex
    if words := _UNIT_WORDS.fullmatch(latex):
        latex = words[1]
    return Expression(_braced(latex.removeprefix("+")))


def _braced(latex: str) -> str:
    return (_renamed(latex, _BARE) if _TO_BRACE.search(latex) else latex).strip()


def _renamed(latex: str, table: Sequence[tuple["re.Pattern[str]", str]]) -> str:
    for pattern, replacement in table:
        # Python 3.11 takes three times as long to replace nothing as to find nothing.
        if pattern.search(latex):
            latex = pattern.sub(replacement, latex)
    return latex


_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_VALUE = re.compile(
    rf"(?P<sign>[-+]?)\s*(?:"
    rf"(?P<whole>\d+)?\s*\\frac\{{(?P<top>[-+]?{_NUMBER})\s*\}}\{{\s*(?P<bottom>-?{_NUMBER})\s*\}}"
    rf"|(?:(?P<mixed>\d+)\s+)?(?P<above>{_NUMBER})\s*/\s*(?P<below>-?{_NUMBER})"
    rf"|(?P<plain>{_NUMBER})(?:\s*(?:\\cdot\s*10\s*\^|[eE]\+?)\s*\{{?(?P<power>-?\d{{1,3}})\}}?)?"
    rf")"
)
_REPEATING = re.compile(r"(-?\d{1,99})?\.(\d{0,99})\\overline\{(\d{1,99})\}")
_GROUPED = re.compile(r"[-+]?\s*(?:\d{1,3}(?:,\d{3})+|[1-9]\d{0,2}(?: \d{3})+)(?:\.\d+)?")
# The Indian way to group; where several numbers are wanted, it is a list.
BY_HUNDREDS = re.compile(r"[-+]?\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?")


def exact_value(latex: str) -> Fraction | None:
    r"""The value of a plain number, fraction, mixed number or ``a \cdot 10^n``, exactly; None for anything else."""
    if _GROUPED.fullmatch(latex):
        latex = re.sub(r"[,\s]", "", latex)
    if repeating := _REPEATING.fullmatch(latex):
        whole, fixed, period = repeating[1] or "0", repeating[2], repeating[3]
        tail = Fraction(int(period), 10 ** len(fixed) * (10 ** len(period) - 1)) + Fraction(f"0.{fixed or 0}")
        return Fraction(whole) + (-tail if whole.startswith("-") else tail)
    match = _VALUE.fullmatch(latex)
    # int() refuses longer digit strings (sys.set_int_max_str_digits).
    if not match or len(latex) > 4000:
        return None
    part = match.groupdict()
    if part["plain"]:
        size = Fraction(part["plain"]) * Fraction(10) ** int(part["power"] or 0)
    else:
        bottom = Fraction(part["bottom"] or part["below"])
        if not bottom:
            return None
        size = Fraction(part["whole"] or part["mixed"] or 0) + Fraction(part["top"] or part["above"]) / bottom
    return -size if part["sign"] == "-" else size


_OPEN, _CLOSE = "([{", ")]}"
_BRACKET = re.compile(r"[(\[{)\]}]")
_JOINED = re.compile(r"\s*,?\s*(?:\\text\{\s*(?:and|or)\s*\}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")


def split(latex: str, separator: str) -> list[str]:
    """The parts between separators that stand in no bracket."""
    # A command ends where its letters end: \cup does not begin \cupcake.
    pattern = re.escape(separator) + ("(?![a-zA-Z])" if separator[0] == "\\" else "")
    parts, start, depth = [], 0, 0
    for match in re.finditer(rf"{pattern}|[(\[{{)\]}}]", latex):
        depth += (match[0] in _OPEN) - (match[0] in _CLOSE)
        if match[0] == separator and depth == 0:
            parts.append(latex[start : match.start()].strip())
            start = match.end()
    return [*parts, latex[start:].strip()]


@dataclass(frozen=True)
class Collection:
    """Several expressions: ``ends`` are a tuple's or interval's brackets, ``{}`` for a set, else what joins them."""

    ends: str
    parts: tuple[str, ...]

    @property
    def ordered(self) -> bool:
        """Whether the parts' order counts."""
        return self.ends not in ("{}", r"\cup")


def collection(latex: str) -> Collection | None:
    r"""The parts of a set, tuple, interval, union, matrix or bare list; None for a single expression.

    A bare list (``1, -2``, ``x or y``) is a set, and ``a \pm b`` is the set of two.
    """
    if matrix := re.fullmatch(r"\\begin\{([pv]matrix)\}(.*?)(?:\\cr\s*)?\\end\{\1\}", latex, re.DOTALL):
        rows = [row.split("&") for row in matrix[2].split(r"\cr")]
        return Collection(f"{matrix[1]} {[len(row) for row in rows]}", tuple(c.strip() for row in rows for c in row))
    if len(pieces := split(latex, r"\cup")) > 1:
        return Collection(r"\cup", tuple(pieces))
    if latex.startswith(r"\{") and latex.endswith(r"\}") and _closes_at_the_end(latex[1:-2] + "}"):
        return Collection("{}", _expanded(latex[2:-2]))
    if latex[:1] in ("(", "[") and latex[-1:] in (")", "]") and _closes_at_the_end(latex):
        inner = split(latex[1:-1], ",")
        if len(inner) > 1:
            return Collection(latex[0] + latex[-1], tuple(inner))
    if _GROUPED.fullmatch(latex):
        return None
    listed = _expanded(latex)
    return Collection("{}", listed) if len(listed) > 1 else None


def _expanded(latex: str) -> tuple[str, ...]:
    joined = _JOINED.sub(",", latex)
    parts = [part for part in split(joined, ",") if part]
    signed = [[part.replace(r"\pm", sign) for sign in "+-"] if r"\pm" in part else [part] for part in parts]
    return tuple(part.strip().removeprefix("+").strip() for both in signed for part in both)


def depth(latex: str) -> int:
    """How deep the brackets of any kind are nested."""
    deepest = depth = 0
    for character in _BRACKET.findall(latex):
        depth += (character in _OPEN) - (character in _CLOSE)
        deepest = max(deepest, depth)
    return deepest


def _closes_at_the_end(latex: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for place, character in enumerate(latex):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0:
            return place == len(latex) - 1
    return False


_NAMED = re.compile(
    r"\s*((?:[a-zA-Z]|\\[a-zA-Z]+)(?:_(?:\w|\{\w{1,9}\}))?'*(?:\(\w\))?|\(\w(?:,\s*\w){1,5}\))\s*(?:=|\\in(?![a-zA-Z]))\s*(.+)",
    re.DOTALL,
)


def without_name(latex: str) -> tuple[str, str]:
    r"""(name, rest) of ``x = 5``, ``f(x) = …``, ``(x, y) = …`` and ``x \in …``; the name is empty elsewhere."""
    match = _NAMED.fullmatch(latex)
    if match and "=" not in match[2]:
        return match[1].replace(" ", ""), match[2].strip()
    return "", latex
